"""x[key] by all of NumPy's ways, and its adjoint."""

import re

import numpy as np
import pytest

import minigrad as mg

X = np.arange(24.0).reshape(4, 6)

KEYS = [
    0,
    -1,
    np.int64(2),
    slice(1, 3),
    slice(None, None, -1),
    slice(10, 20),
    (slice(None), slice(5, 0, -2)),
    (-2, slice(None, None, 3)),
    ...,
    (),
    (..., 1),
    (1, ...),
    None,
    (None, 0, None, slice(2)),
    (slice(None), None),
    [0, 0, 3],
    [-1, 3],
    [],
    np.array([], int),
    np.array(1),
    np.array([[0, 1], [1, 1]]),
    ([0, 0, 1], [5, 5, 5]),
    ([[0], [1]], [[0, 0, 2]]),
    (slice(1, 3), [2, 2]),
    ([1, 1], slice(None, None, -1)),
    (0, [1, 1, 2]),
    ([0, 0], None, [1, 1]),
    X > 11,
    X > 99,
    X[:, 0] > 5,
    [True, False, True, True],
    (slice(None), X[0] > 2),
    (X[:, 0] > 5, 0),
    ([True, False, True, False], [1, 2]),
    True,
    False,
    np.True_,
    (True, 1),
    np.array([0, 3], np.uint8),
    slice(np.int64(1), np.int64(3)),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: repr(key).replace("\n", "")[:40])
def test_every_key_works_as_in_numpy_and_its_gradient_adds_up_where_it_came_from(key):
    x = mg.Variable(X)
    y = x[key]
    np.testing.assert_array_equal(y.data, X[key])
    assert isinstance(y.data, np.ndarray)
    gy = np.random.default_rng(0).standard_normal(y.shape)
    expected = np.zeros_like(X)
    np.add.at(expected, key, gy)
    np.testing.assert_allclose(mg.grad(y, x, gy).data, expected, atol=1e-15)


def test_repeated_indices_add_up():
    x = mg.Variable(np.arange(3.0))
    assert mg.grad(x[[0, 2, 2, 2]].sum(), x).data.tolist() == [1, 0, 3]


def test_repeated_indices_of_float16_add_up_in_float32():
    x = mg.Variable(np.zeros(2, np.float16))
    assert mg.grad(x[[0] * 5000].sum(), x).data.tolist() == [5000, 0]


def test_a_constant_variable_is_an_index():
    x = mg.Variable(X)
    rows = mg.Variable(np.array([0, 2]), requires_grad=False)
    np.testing.assert_array_equal(x[rows].data, X[[0, 2]])
    np.testing.assert_array_equal(x[rows, rows].data, X[[0, 2], [0, 2]])


@pytest.mark.parametrize("key", [[0, 0], np.array([0, 0]), np.array([True, False])], ids=repr)
def test_a_key_edited_afterwards_does_not_change_the_gradient(key):
    x = mg.Variable(np.arange(2.0))
    y = x[key]
    expected = mg.grad(y.sum(), x).data
    key[0], key[1] = 1, 1
    np.testing.assert_array_equal(mg.grad(y.sum(), x).data, expected)


@pytest.mark.parametrize("key", [4, -5, (0, 0, 0), 1.0, "a", [9]], ids=repr)
def test_what_numpy_refuses_is_an_index_error(key):
    with pytest.raises(IndexError, match=re.escape("getitem: ") + ".*" + re.escape(f"; x {X.shape} {X.dtype}")):
        mg.Variable(X)[key]


def test_iteration_gives_rows_that_are_differentiated():
    x = mg.Variable(X)
    first, *_, last = x
    assert mg.grad((first * last).sum(), x).data[[0, -1]].tolist() == X[[-1, 0]].tolist()
    assert len(list(mg.Variable(np.zeros((0, 3))))) == 0


def test_what_has_no_axes_has_no_rows():
    with pytest.raises(TypeError):
        list(mg.Variable(1.0))


def test_indexing_and_scatter_add_are_adjoint():
    rng = np.random.default_rng(0)
    for key in ([1, 1, 0], (slice(None, None, -2), [0, 3]), X > 7):
        x = rng.standard_normal(X.shape)
        y = rng.standard_normal(x[key].shape)
        scattered = mg.Variable(y).scatter_add(key, X.shape).data
        np.testing.assert_allclose(np.vdot(x[key], y), np.vdot(x, scattered))


def test_editing_an_index_that_is_a_variable():
    x, index = mg.Variable(np.zeros(3)), mg.Variable(np.array([0, 0, 1]), requires_grad=False)
    y = x[index].sum()
    index.data[...] = 2
    y.backward()
    assert x.grad.numpy().tolist() == [2, 1, 0]
