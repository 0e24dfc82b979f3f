"""Minibatches that must be the same."""

import numpy as np


def assert_same(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other) > 0
    for batch, expected in zip(one, other, strict=True):
        for array, wanted in zip(batch, expected, strict=True):
            np.testing.assert_array_equal(array, wanted, strict=True)
