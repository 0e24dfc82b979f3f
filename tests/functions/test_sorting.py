"""Indices are plain integers; values keep their gradients, also where elements are equal or NaN."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

NAN = np.nan
X = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, -1.0, NAN, -1.0]])


def gradient(f, x, gy):
    x = mg.Variable(np.array(x))
    return mg.grad(f(x), x, np.array(gy, float)).data.tolist()


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_index_is_numpys(name, axis, keepdims):
    expected = getattr(np, name)(X, axis, keepdims=keepdims)
    for found in (
        getattr(F, name)(X, axis, keepdims=keepdims),
        getattr(np, name)(mg.Variable(X), axis, keepdims=keepdims),
    ):
        assert not isinstance(found, mg.Variable)
        assert found.dtype == np.intp
        np.testing.assert_array_equal(found, expected)


def test_an_index_can_be_used_as_one():
    assert ["a", "b", "c"][F.argmax([1.0, 3.0, 2.0])] == "b"
    x = mg.Variable(np.array([1.0, 3.0, 2.0]))
    assert mg.grad(x[F.argmax(x)], x).data.tolist() == [0, 1, 0]


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sorted_as_by_numpy(axis):
    np.testing.assert_array_equal(F.sort(X, axis).data, np.sort(X, axis))
    np.testing.assert_array_equal(np.sort(mg.Variable(X), axis).data, np.sort(X, axis))
    np.testing.assert_array_equal(F.argsort(X, axis), np.argsort(X, axis, stable=True))
    np.testing.assert_array_equal(np.argsort(mg.Variable(X), axis), np.argsort(X, axis, stable=True))


def test_equal_elements_keep_their_order_in_the_gradient():
    assert gradient(F.sort, [2.0, 1.0, 2.0, 1.0], [10, 20, 30, 40]) == [30, 10, 40, 20]
    many = np.zeros(100)
    assert gradient(F.sort, many, np.arange(100.0)) == list(range(100))


def test_a_nan_keeps_its_gradient():
    assert gradient(F.sort, [NAN, 1.0, 0.0], [10, 20, 30]) == [30, 20, 10]


def test_topk_gives_values_and_indices_along_an_axis():
    values, indices = F.topk(mg.Variable(X), 2)
    np.testing.assert_array_equal(values.data, [[3, 3], [NAN, 2]])
    assert indices.tolist() == [[1, 2], [2, 0]]
    values, indices = F.topk(X, 1, 0)
    np.testing.assert_array_equal(values.data, [[2, 3, NAN, 0]])
    assert indices.tolist() == [[1, 0, 1, 0]]


def test_the_smallest_in_ascending_order():
    values, indices = F.topk(X, 3, largest=False)
    np.testing.assert_array_equal(values.data, [[0, 1, 3], [-1, -1, 2]])
    assert indices.tolist() == [[3, 0, 1], [1, 3, 0]]


def test_none_of_them():
    values, indices = F.topk(X, 0)
    assert values.shape == indices.shape == (2, 0)


def test_what_is_not_among_the_largest_has_gradient_0():
    assert gradient(lambda x: F.topk(x, 2)[0], [1.0, 3.0, 2.0], [10, 20]) == [0, 10, 20]


def test_take_along_axis_takes_what_argmax_and_argsort_return():
    x = mg.Variable(np.array([[1.0, 3.0], [4.0, 2.0]]))
    best = F.take_along_axis(x, F.argmax(x, 1, keepdims=True), 1)
    assert best.data.tolist() == [[3], [4]]
    assert mg.grad(best.sum(), x).data.tolist() == [[0, 1], [1, 0]]
    np.testing.assert_array_equal(np.take_along_axis(x, F.argsort(x), -1).data, F.sort(x).data)


def test_take_along_axis_adds_up_the_gradients_of_one_place():
    assert gradient(lambda x: F.take_along_axis(x, np.array([0, 0, -1]), 0), [1.0, 2.0], [10, 20, 40]) == [30, 40]


@pytest.mark.parametrize(("x", "indices"), [((1, 3), (4, 2)), ((4, 3), (1, 2)), ((0, 3), (0, 2)), ((1, 3), (0, 3))])
def test_take_along_axis_broadcasts_as_numpy_does(x, indices):
    x, indices = np.random.default_rng(0).standard_normal(x), np.ones(indices, int)
    np.testing.assert_array_equal(F.take_along_axis(x, indices, 1).data, np.take_along_axis(x, indices, 1))


def test_embedding_looks_up_rows_and_adds_up_their_gradients():
    w = mg.Variable(np.arange(6.0).reshape(3, 2))
    y = F.embedding([[2, 0], [2, 2]], w)
    assert y.data.tolist() == [[[4, 5], [0, 1]], [[4, 5], [4, 5]]]
    assert mg.grad(y.sum(), w).data.tolist() == [[1, 1], [0, 0], [3, 3]]
    assert F.embedding(1, w).data.tolist() == [2, 3]
    assert F.embedding(np.zeros((0, 3), np.uint8), w).shape == (0, 3, 2)
    assert F.embedding(mg.Variable(np.array([1]), requires_grad=False), w).data.tolist() == [[2, 3]]


def test_a_row_used_often_gets_all_of_its_gradient():
    w = mg.Variable(np.zeros((2, 1), np.float32))
    gradient = mg.grad(F.embedding(np.zeros(10**5, int), w), w, np.full((10**5, 1), 0.1, np.float32))
    np.testing.assert_allclose(gradient.data, [[1e4], [0]], rtol=1e-6)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_row_that_there_is_not(index):
    """-1 would be a word that nobody meant: it is no last row."""
    with pytest.raises(
        IndexError, match=rf"^embedding: index {index} is out of range for axis 0 of w \(3, 2\) float64$"
    ):
        F.embedding(np.array([0, index]), np.zeros((3, 2)))


@pytest.mark.parametrize("index", [2, -3])
def test_a_place_that_there_is_not(index):
    with pytest.raises(IndexError, match=re.escape(f"take_along_axis: index {index} is out of range for axis 0 of x")):
        F.take_along_axis(np.zeros(2), np.array([0, index]), 0)
