"""one_hot."""

import re

import numpy as np
import pytest

from minigrad.data import one_hot


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.uint64])
def test_one_hot(dtype):
    rows = one_hot(np.array([2, 0, 1, 2], dtype), 3)
    np.testing.assert_array_equal(rows, np.eye(3, dtype=np.float32)[[2, 0, 1, 2]], strict=True)


def test_one_hot_of_a_list():
    np.testing.assert_array_equal(one_hot([1], 2), np.array([[0, 1]], np.float32), strict=True)


def test_one_hot_of_nothing():
    assert one_hot(np.zeros(0, np.int64), 3).shape == (0, 3)


@pytest.mark.parametrize(("row", "value"), [(3, 10), (0, -1), (2, 2**40)])
def test_labels_out_of_range(row, value):
    labels = np.array([5, 0, 4, 1])
    labels[row] = value
    message = f"one_hot: labels[{row}] is {value}, but there are 10 classes (0 to 9)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        one_hot(labels, 10)


@pytest.mark.parametrize("labels", [np.array([0.0, 1.0]), np.array([True, False]), ["0"], np.array([None])])
def test_labels_that_are_no_ints(labels):
    with pytest.raises(TypeError, match="one_hot: labels must be ints, not "):
        one_hot(labels, 10)


@pytest.mark.parametrize("labels", [3, [[1, 2]]])
def test_labels_of_other_dimensions(labels):
    with pytest.raises(ValueError, match=r"one_hot: labels must be \(N,\); labels "):
        one_hot(labels, 10)


def test_the_number_of_classes():
    with pytest.raises(ValueError, match="one_hot: classes must be at least 1, not 0"):
        one_hot([0], 0)
    with pytest.raises(TypeError, match=r"one_hot: classes must be an int, not 10\.0"):
        one_hot([0], 10.0)
