"""Functions that reverse, shift, repeat and add up along axes: as NumPy's."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

X = np.arange(6.0).reshape(2, 3)

CALLS = [
    *(lambda x, axis=axis: np.flip(x, axis) for axis in (None, 0, -1, (0, 1), ())),
    *(lambda x, shift=shift: np.roll(x, shift) for shift in (0, 1, -2, 7)),
    lambda x: np.roll(x, 1, axis=1),
    lambda x: np.roll(x, (1, 2), axis=(0, -1)),
    lambda x: np.roll(x, 1, axis=(0, 1)),
    lambda x: np.roll(x, [1], axis=0),
    *(lambda x, axis=axis: np.repeat(x, 2, axis) for axis in (None, 0, -1)),
    lambda x: np.repeat(x, [1, 0, 2], axis=1),
    lambda x: np.repeat(x, np.array([3, 1]), axis=0),
    lambda x: np.repeat(x, [2], axis=0),
    lambda x: np.repeat(x, 0),
    *(lambda x, reps=reps: np.tile(x, reps) for reps in (2, (), (2, 1), (3, 1, 2), 0, np.array([1, 2]))),
    *(lambda x, axis=axis: np.cumsum(x, axis) for axis in (None, 0, 1, -1)),
]


@pytest.mark.parametrize("f", CALLS)
def test_numpys_functions_do_the_same_to_variables(f):
    x = mg.Variable(X)
    y = f(x)
    np.testing.assert_array_equal(y.data, f(X))
    gy = np.random.default_rng(0).standard_normal(y.shape)
    columns = [f(one.reshape(X.shape)).ravel() for one in np.eye(X.size)]  # all of these are linear
    np.testing.assert_allclose(mg.grad(y, x, gy).data.ravel(), np.array(columns) @ gy.ravel(), atol=1e-14)


def test_of_one_number():
    x = mg.Variable(np.array(2.0))
    assert [f(x).data.tolist() for f in (F.flip, F.cumsum)] == [2, [2]]
    assert [f(x, 2).data.tolist() for f in (F.roll, F.repeat, F.tile)] == [2, [2, 2], [2, 2]]


def test_of_nothing():
    x = np.zeros((0, 2))
    assert F.roll(x, 1).shape == F.flip(x).shape == F.cumsum(x, 0).shape == (0, 2)
    assert F.repeat(x, 3, 1).shape == F.tile(x, (1, 3)).shape == (0, 6)


def test_a_cumulative_sum_of_many_is_added_up_wide():
    x = mg.Variable(np.full(10**5, 0.1, np.float32))
    assert F.cumsum(x).dtype == np.float32
    np.testing.assert_allclose(F.cumsum(x).data[-1], 1e4, rtol=1e-6)
    np.testing.assert_allclose(mg.grad(F.cumsum(x), x, x.data).data[0], 1e4, rtol=1e-6)
    half = F.cumsum(np.full(10**4, 0.1, np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half.data[-1].astype(float), 1e4 * float(np.float16(0.1)), rtol=1e-3)


def test_a_cumulative_sum_of_integers_is_one_of_integers():
    y = F.cumsum(np.array([1, 2, 3], np.int8))
    assert y.data.tolist() == [1, 3, 6]
    assert y.dtype == np.cumsum(np.array([1], np.int8)).dtype
