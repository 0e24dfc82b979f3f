"""Matrix products of nothing, of one row, and of mixed operands."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

EMPTY = [
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
    ((2, 3), (3, 0)),
    ((0,), (0,)),
    ((2, 0), (0,)),
    ((0, 2, 3), (3, 2)),
    ((2, 0, 3), (3, 2)),
    ((2, 3, 0), (0, 2)),
    ((0, 2, 0), (0, 2)),
    ((2, 3, 0), (2, 0, 2)),
    ((2, 3, 0), (0,)),
]


@pytest.mark.parametrize(("a", "b"), EMPTY)
def test_products_of_nothing(a, b):
    expected = np.ones(a) @ np.ones(b)
    variables = [mg.Variable(np.ones(a)), mg.Variable(np.ones(b))]
    y = F.matmul(*variables)
    np.testing.assert_array_equal(y.data, expected)
    for variable, gradient in zip(variables, mg.grad(y, variables, np.ones(y.shape)), strict=True):
        np.testing.assert_array_equal(gradient.data, np.zeros(variable.shape))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3), (0, 2, 3)])
def test_linear_of_nothing(shape):
    x, w, b = (mg.Variable(np.ones(s)) for s in (shape, (3, 2), (2,)))
    y = F.linear(x, w, b)
    assert y.shape == (*shape[:-1], 2)
    gx, gw, gb = mg.grad(y, [x, w, b], np.ones(y.shape))
    assert gx.shape == shape
    assert not gw.data.any()
    assert not gb.data.any()


def test_linear_from_nothing_is_the_bias():
    y = F.linear(np.ones((2, 0)), np.ones((0, 3)), np.arange(3.0))
    np.testing.assert_array_equal(y.data, [[0, 1, 2], [0, 1, 2]])


def test_a_product_with_itself_transposed():
    x = mg.Variable(np.arange(4.0).reshape(2, 2))
    np.testing.assert_array_equal(mg.grad((x @ x.T).sum(), x).data, 2 * np.array([[2, 4], [2, 4]]))


def test_a_constant_gets_no_product_of_its_own():
    x, w = mg.Variable(np.ones((2, 3))), np.ones((3, 2))
    y = F.matmul(x, w)
    assert y.creator.saved_arrays[0] is None
    y = F.linear(x, w)
    assert y.creator.saved_arrays[0] is None


@pytest.mark.parametrize("f", [F.matmul, F.linear])
def test_each_gradient_has_its_own_variables_dtype(f):
    x, w = mg.Variable(np.ones((2, 3), np.float32)), mg.Variable(np.ones((3, 2), np.float64))
    y = f(x, w)
    assert y.dtype == np.float64
    assert [g.dtype for g in mg.grad(y.sum(), [x, w])] == [np.float32, np.float64]
