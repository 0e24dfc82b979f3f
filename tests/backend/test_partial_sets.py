"""A KernelSet with a fast set that has few kernels, or kernels that leave some arguments to the other set."""

import copy

import numpy as np
import pytest

from minigrad.backend import numpy_kernels
from minigrad.backend.kernels import KernelSet
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window

POOL, POINT = Window((2, 2), (2, 2)), Window((1, 1))


class Declining:
    """A set of three kernels, none of which takes what it is given."""

    def __init__(self):
        self.asked = []

    def max_pool2d(self, *_):
        self.asked.append("max_pool2d")
        return NotImplemented

    def conv_gradients(self, *_):
        self.asked.append("conv_gradients")
        return NotImplemented

    relu = None


@pytest.fixture
def declining():
    return Declining()


@pytest.fixture
def kernels(declining):
    return KernelSet(lambda _: declining, numpy_kernels, lambda *_: True)


@pytest.fixture
def x():
    return np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)


def test_what_a_kernel_declines_the_other_set_does(kernels, declining, x):
    y, argmax = kernels.max_pool2d(x, POOL)
    assert declining.asked == ["max_pool2d"]
    assert y.ravel().tolist() == [5, 7, 13, 15]
    assert argmax.ravel().tolist() == [3, 3, 3, 3]


def test_a_composed_kernel_asks_the_fast_set_for_its_parts(kernels, declining, x):
    w = np.ones((1, 1, 1, 1), np.float32)
    y, positive, _ = kernels.conv_relu_pool(x, w, None, POINT, 1, POOL)
    assert declining.asked == ["max_pool2d"]
    assert y.ravel().tolist() == [5, 7, 13, 15]
    assert positive.sum() == 15


def test_a_composed_kernel_may_be_declined_too(kernels, declining, x):
    gy = SparseImages(np.ones((1, 1, 2, 2), np.float32), np.zeros((1, 1, 2, 2), np.uint8), POOL, (4, 4))
    gx, gw, gb = kernels.conv_gradients(gy, x, np.full((1, 1, 1, 1), 2, np.float32), (4, 4), POINT, 1)
    assert declining.asked == ["conv_gradients"]
    assert gx.sum() == 8
    assert gw.item() == 0 + 2 + 8 + 10
    assert gb.item() == 4


def test_a_kernel_that_no_set_has_is_an_error(kernels):
    with pytest.raises(AttributeError, match="nothing"):
        kernels.nothing  # noqa: B018 - the look-up is what is tested


def test_private_names_are_no_kernels_and_load_no_set():
    def load(name):
        raise AssertionError("nothing was asked of the fast set")

    kernels = KernelSet(load, numpy_kernels, lambda *_: True)
    assert not hasattr(kernels, "_nhwc")
    assert copy.copy(kernels)._fallback is numpy_kernels
