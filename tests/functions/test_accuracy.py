"""What adds up many float32 numbers, forward or backward, is right to 10⁻⁶."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

TERM = np.float32(0.1)  # the rounding errors of a sum of these have one sign
MANY = 10**6
ROWS = np.full((MANY, 3), TERM)


def gradient(function, x, gy):
    x = mg.Variable(np.asarray(x, np.float32))
    return mg.grad(function(x), x, gy)


SUMS = {
    "sum": (lambda: F.sum(ROWS), TERM * 3.0 * MANY),
    "sum, axes": (lambda: F.sum(ROWS[..., None], (0, 2), keepdims=True), TERM * 1.0 * MANY),
    "mean": (lambda: F.mean(ROWS, 0), TERM),
    "mean of images in NHWC memory": (
        lambda: F.mean(ROWS.reshape(1, 1000, 1000, 3).transpose(0, 3, 1, 2), (2, 3)),
        TERM,
    ),
    "var": (lambda: F.var(np.concatenate([ROWS, -ROWS]), 0), float(TERM) ** 2),
    "std": (lambda: F.std(np.concatenate([ROWS, -ROWS]) + 1, 0), TERM),
    "norm": (lambda: F.norm(ROWS, axis=0), TERM * 1000.0),
    "logsumexp": (lambda: F.logsumexp(ROWS, 0), TERM + np.log(MANY)),
    "softmax": (lambda: F.softmax(ROWS, 0) * 1e6, 1),
    "log_softmax": (lambda: F.log_softmax(ROWS, 0), -np.log(MANY)),
    "cross-entropy of many rows": (lambda: F.softmax_cross_entropy(ROWS, np.zeros(MANY, int)), np.log(3)),
    "mean_squared_error": (lambda: F.mean_squared_error(ROWS, 0 * ROWS), float(TERM) ** 2),
    "gradient of a broadcast": (lambda: gradient(lambda b: b + ROWS, [0, 0, 0], ROWS), TERM * 1.0 * MANY),
    "gradient of a broadcast column": (
        lambda: gradient(lambda b: b + ROWS.T, [[0], [0], [0]], ROWS.T),
        TERM * 1.0 * MANY,
    ),
    "gradient of indices that repeat": (
        lambda: gradient(lambda x: x[np.zeros(MANY, int)], [0], ROWS[:, 0]),
        TERM * 1e6,
    ),
    "gradient of take": (lambda: gradient(lambda x: F.take(x, np.zeros(MANY, int), 0), [[0] * 3], ROWS), TERM * 1e6),
}


@pytest.mark.parametrize("name", SUMS)
def test_many_numbers_are_added_up_right(name):
    function, right = SUMS[name]
    y = function()
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data.astype(np.float64), right, rtol=1.1e-6 if name == "std" else 1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [100, 0.1, 1 / 3, -7e-3, 1e4])
def test_constant_columns_do_not_vary(value, dtype):
    x = mg.Variable(np.tile(np.array([value, -value, 0], dtype), (10_001, 1)))
    for function in (F.var, F.std):
        y = function(x, 0)
        assert y.data.tolist() == [0, 0, 0]
        assert not mg.grad(y.sum(), x).data.any()


def test_the_variance_keeps_its_second_derivative():
    x = mg.Variable(np.array([1.0, 2.0, 4.0]))
    gx = mg.grad(F.var(x), x, create_graph=True)
    np.testing.assert_allclose(gx.data, 2 / 3 * (x.data - x.data.mean()))
    np.testing.assert_allclose(mg.grad(gx[0], x).data, [4 / 9, -2 / 9, -2 / 9])


def test_a_mask_passes_its_gradient_back_to_its_places():
    x = np.arange(6.0).reshape(2, 3)
    gx = gradient(lambda x: x[x.data > 2] * 2, x, np.ones(3, np.float32))
    np.testing.assert_array_equal(gx.data, np.where(x > 2, 2, 0))
