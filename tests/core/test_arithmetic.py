"""Sums, products, powers, matrix products and signs, to the third order."""

import operator
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.testing import check_grad


@pytest.mark.parametrize("c", [-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 2.0])
def test_power_by_a_number(c, rng):
    check_grad(lambda x: x**c, [rng.uniform(0.5, 2, 3)], order=3)


@pytest.mark.parametrize(("c", "gradient"), [(0, 0), (1, 1), (2, 0), (3, 0), (2.0, 0), (0.0, 0)])
def test_power_at_zero(c, gradient):
    x = Variable(0.0)
    assert mg.grad(x**c, x).item() == gradient
    p = Variable(np.array([c], np.float32))
    assert mg.grad((x**p).sum(), x).item() == gradient


# Matrix products


MATRICES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
    ((0, 2, 3), (3, 4)),
    ((0, 2, 3), (0, 3, 4)),
    ((2, 3), (3, 0)),
]


@pytest.mark.parametrize(("left", "right"), MATRICES)
def test_matmul(left, right, rng):
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    expected = a @ b
    for y in (Variable(a) @ Variable(b), Variable(a) @ b, a @ Variable(b)):
        assert isinstance(y, Variable)
        assert isinstance(y.data, np.ndarray)
        assert y.shape == np.shape(expected)
        np.testing.assert_allclose(y.data, expected, atol=1e-12)
    check_grad(operator.matmul, [a, b])


def test_matmul_of_a_matrix_with_itself(rng):
    check_grad(lambda x: x @ x, [rng.standard_normal((3, 3))], order=3)


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (2, 3)), ((3,), (2,)), ((), (3,)), ((3,), ()), ((2, 2, 3), (3, 3, 4)), ((2, 3), (2,)), ((3,), (2, 3))],
)
def test_matmul_of_shapes_that_do_not_fit(left, right):
    a, b = np.ones(left, np.float32), np.ones(right)
    for x, w in ((Variable(a), Variable(b)), (Variable(a), b), (a, Variable(b))):
        with pytest.raises(ValueError, match="matmul: .*" + re.escape(str(left))):
            x @ w


def test_matmul_keeps_float32():
    x = Variable(np.ones((2, 3), np.float32))
    y = x @ np.ones((3, 2), np.float32)
    assert y.dtype == np.float32
    y = x @ np.ones((3, 2))  # a constant takes the Variable's float type
    assert y.dtype == np.float32
    assert mg.grad(y.sum(), x).dtype == np.float32


# Signs


def test_signs(x, rng):
    assert (-x).data.tolist() == [-1, -2, -4]
    assert (+x).data.tolist() == [1, 2, 4]
    assert abs(-x).data.tolist() == [1, 2, 4]
    check_grad(operator.neg, [rng.standard_normal(3)])
    check_grad(operator.pos, [rng.standard_normal(3)])
    check_grad(abs, [[-1.0, 2.0]])


def test_abs_has_derivative_0_at_0():
    x = Variable([-1.0, 0.0, 2.0])
    abs(x).sum().backward()
    assert x.grad.data.tolist() == [-1, 0, 1]
