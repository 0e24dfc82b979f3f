"""Embedding: rows of a learned matrix."""

import numpy as np
import pytest

from minigrad import nn


def test_each_int_has_its_row():
    layer, x = nn.Embedding(5, 3, rng=np.random.default_rng(0)), np.array([[0, 4], [4, 2]])
    np.testing.assert_array_equal(layer(x).data, layer.w.data[x], strict=True)


def test_the_gradient_of_a_row_is_that_of_all_its_places():
    layer = nn.Embedding(3, 2)
    layer(np.array([2, 0, 2])).sum().backward()
    np.testing.assert_array_equal(layer.w.grad.data, [[1, 1], [0, 0], [2, 2]])


def test_by_default_rows_are_standard_normal():
    w = nn.Embedding(1000, 10, rng=np.random.default_rng(0)).w.data
    assert w.std() == pytest.approx(1, abs=0.02)
    assert w.mean() == pytest.approx(0, abs=0.02)


def test_errors():
    with pytest.raises(IndexError, match="embedding: index 3 is out of range"):
        nn.Embedding(3, 2)(np.array([0, 3]))
    with pytest.raises(TypeError, match="Embedding: count must be"):
        nn.Embedding(2.5, 2)
