"""Where a function passes no gradient on, it passes none of an infinite or undefined one either."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

X = np.array([-1.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: F.log(F.relu(x)), [0, 0, 1]),
        (lambda x: F.sqrt(F.relu(x)), [0, 0, 0.5]),
        (lambda x: F.log(F.clip(x, 0)), [0, np.inf, 1]),
        (lambda x: F.log(F.maximum(x, 0.0)), [0, np.inf, 1]),
        (lambda x: F.log(F.maximum(0.0, x)), [0, np.inf, 1]),
        (lambda x: F.sqrt(-F.minimum(x[::2], 0.0)), [-0.5, 0, 0]),
        (lambda x: F.log(F.where(x.data > 0, x, 0)), [0, 0, 1]),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_a_masked_element_gets_zero(function, expected):
    x = mg.Variable(X)
    function(x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, expected)


@pytest.mark.parametrize("reduce", ["max", "min"])
def test_who_is_not_chosen_gets_zero(reduce):
    x = mg.Variable(np.array([3.0, 5.0, 4.0]))
    getattr(x, reduce)().backward(np.inf)
    np.testing.assert_array_equal(x.grad.data, [0, np.inf, 0] if reduce == "max" else [np.inf, 0, 0])


@pytest.mark.parametrize("stride", [1, 2])
def test_a_pools_losers_get_zero(stride):
    x = mg.Variable(np.arange(9.0).reshape(1, 1, 3, 3))
    y = F.max_pool2d(x, 2, stride=stride)
    y.backward(np.full(y.shape, np.inf))
    argmax = {1: [4, 5, 7, 8], 2: [4]}[stride]
    expected = np.zeros(9)
    expected[argmax] = np.inf
    np.testing.assert_array_equal(x.grad.data.ravel(), expected)


@pytest.mark.parametrize("function", [F.maximum, F.minimum])
def test_a_nan_that_is_taken_gets_the_gradient(function):
    a, b = mg.Variable(np.array([np.nan, 1.0, np.nan])), mg.Variable(np.array([1.0, np.nan, np.nan]))
    function(a, b).backward(np.ones(3))
    np.testing.assert_array_equal(a.grad.data, [1, 0, 1])
    np.testing.assert_array_equal(b.grad.data, [0, 1, 0])


def test_second_derivatives_pass_the_mask_too():
    x = mg.Variable(X)
    gx = mg.grad((F.relu(x) ** 3).sum(), x, create_graph=True)
    np.testing.assert_array_equal(mg.grad(gx.sum(), x).data, [0, 0, 6])
