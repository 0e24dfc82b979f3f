"""Activations at 0, far out, and with NaN."""

import numpy as np
import pytest
from scipy import special

import minigrad as mg
import minigrad.functions as F


def value_and_gradient(f, values, dtype=np.float64):
    x = mg.Variable(np.array(values, dtype))
    y = f(x)
    return y.data.tolist(), mg.grad(y.sum(), x).data.tolist()


def test_relu_has_derivative_0_at_0():
    assert value_and_gradient(F.relu, [-1.0, -0.0, 0.0, 1.0]) == ([0, 0, 0, 1], [0, 0, 0, 1])


def test_leaky_relu_has_derivative_slope_at_0():
    assert value_and_gradient(lambda x: F.leaky_relu(x, 0.25), [-2.0, 0.0, 2.0]) == ([-0.5, 0, 2], [0.25, 0.25, 1])


def test_leaky_relu_of_integers_is_not_rounded():
    assert F.leaky_relu(np.array([-2, 2]), 0.25).data.tolist() == [-0.5, 2]


FAR_OUT = [
    ("sigmoid", F.sigmoid, [-800.0, 0.0, 800.0], [0, 0.5, 1], [0, 0.25, 0]),
    ("tanh", F.tanh, [-800.0, 0.0, 800.0], [-1, 0, 1], [0, 1, 0]),
    ("softplus", F.softplus, [-800.0, 0.0, 800.0], [0, np.log(2), 800], [0, 0.5, 1]),
    ("relu", F.relu, [-1e308, 1e308], [0, 1e308], [0, 1]),
    ("leaky_relu", lambda x: F.leaky_relu(x, 0.5), [-1e308, 1e308], [-5e307, 1e308], [0.5, 1]),
]


@pytest.mark.parametrize(("f", "x", "y", "gx"), [row[1:] for row in FAR_OUT], ids=[row[0] for row in FAR_OUT])
def test_far_from_0_nothing_overflows(f, x, y, gx):
    value, gradient = value_and_gradient(f, x)
    np.testing.assert_allclose(value, y, rtol=1e-15)
    np.testing.assert_allclose(gradient, gx, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("f", [F.sigmoid, F.tanh, F.softplus, F.relu, F.leaky_relu])
def test_the_largest_numbers_of_each_dtype_overflow_nothing(f, dtype):
    largest = np.finfo(dtype).max
    values, gradients = value_and_gradient(f, [-largest, largest], dtype)
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()


@pytest.mark.parametrize("f", [F.sigmoid, F.tanh, F.softplus, F.relu, F.leaky_relu, F.exp])
def test_nan_stays_nan(f):
    assert np.isnan(f(np.array([np.nan])).data).all()


SMALL = [-700.0, -40.0, -1e-20, 1e-20, 40.0]


@pytest.mark.parametrize(
    ("f", "reference"),
    [(F.sigmoid, special.expit), (F.softplus, lambda x: np.logaddexp(0, x)), (F.tanh, np.tanh)],
    ids=["sigmoid", "softplus", "tanh"],
)
def test_small_results_keep_their_digits(f, reference):
    np.testing.assert_allclose(f(np.array(SMALL)).data, reference(np.array(SMALL)), rtol=1e-14)


def test_softmax_of_far_apart_logits():
    np.testing.assert_array_equal(
        F.softmax(np.array([[1e4, -1e4, 1e4], [-1e4, 1e4, 0]])).data, [[0.5, 0, 0.5], [0, 1, 0]]
    )
    np.testing.assert_array_equal(
        F.log_softmax(np.array([[1e4, -1e4]])).data,
        [[0, -2e4]],
    )


def test_softmax_of_masked_logits():
    x = mg.Variable(np.array([[-np.inf, 0.0, 0.0]]))
    y = F.softmax(x)
    assert y.data.tolist() == [[0, 0.5, 0.5]]
    np.testing.assert_allclose(mg.grad(y, x, np.array([[1.0, 1.0, 0.0]])).data, [[0, 0.25, -0.25]])


def test_softmax_of_the_largest_float32_warns_of_nothing():
    largest = np.finfo(np.float32).max
    assert F.softmax(np.array([largest, -largest], np.float32)).data.tolist() == [1, 0]


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
def test_softmax_of_nothing_is_nothing(f):
    for shape, axis in (((2, 0), -1), ((0, 2), 0), ((2, 0), 0), ((0, 2), 1)):
        x = mg.Variable(np.zeros(shape))
        y = f(x, axis)
        assert y.shape == shape
        assert mg.grad(y, x, np.zeros(shape)).shape == shape


def test_softmax_of_one_class_is_1_with_gradient_0():
    x = mg.Variable(np.array([[3.0]]))
    assert F.softmax(x).item() == 1
    assert mg.grad(F.softmax(x), x).item() == 0


def test_softmax_does_not_change_when_all_logits_do():
    x = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(F.softmax(x + 100).data, F.softmax(x).data, rtol=1e-12)
    np.testing.assert_allclose(F.softmax(x).data.sum(1), 1, rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_of_float16_adds_up_in_float32(axis):
    x = np.zeros((5000, 2) if axis == 0 else (2, 5000), np.float16)
    np.testing.assert_allclose(F.softmax(x, axis).data, 1 / 5000, rtol=2e-3)
    np.testing.assert_allclose(F.log_softmax(x, axis).data, -np.log(5000), rtol=1e-3)
