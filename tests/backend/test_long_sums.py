"""Sums of many numbers in float32 are right to a millionth, whatever kernel makes them, and repeat bit for bit."""

from contextvars import copy_context

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend.compiled.loading import compiled_kernels
from minigrad.backend.kernels import cpu_kernels
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window

FLOAT = np.dtype(np.float32)
K = cpu_kernels(FLOAT)
PRECISION = 1e-6
POSITIVE = [0.1, 0.7, 1 / 3, None]
"""Numbers that are all the same, whose errors add up, or drawn ones."""


def positive(shape, number):
    if number is not None:
        return np.full(shape, number, np.float32)
    return np.random.default_rng(0).random(shape, np.float32)


def relative_error(found, expected):
    return np.abs(np.float64(found) / expected - 1).max()


def repeated(call):
    """A result, the same with two threads each time."""

    def run():
        mg.set_num_threads(2)
        first, second = call(), call()
        assert first.tobytes() == second.tobytes()
        return first

    return copy_context().run(run)


@pytest.mark.parametrize("number", POSITIVE)
@pytest.mark.parametrize(
    ("M", "terms", "N"), [(1, 10**7, 1), (3, 10**6, 2), (2, 10_001, 300), (600, 9_000, 3), (40, 9_000, 40)]
)
def test_products_of_long_rows(M, terms, N, number):
    a, b = positive((M, terms), number), positive((terms, N), 0.3)
    found = repeated(lambda: K.matmul(a, b))
    expected = a.sum(1, dtype=np.float64)[:, None] * np.float64(np.float32(0.3))
    assert relative_error(found, expected) < PRECISION


@pytest.mark.parametrize("number", POSITIVE)
@pytest.mark.parametrize("size", [(10, 100_000, 1), (10**5, 5, 5), (1, 1_000, 2_000), (500, 50, 50)])
@pytest.mark.parametrize("channels", [1, 4])
def test_filter_gradients_of_many_pixels(size, number, channels):
    N, H, W = size
    x, gy = positive((N, channels, H, W), number), np.full((N, 2, H, W), 0.3, np.float32)
    found = repeated(lambda: K.filter_correlation(x, gy, Window((1, 1)), 1))
    expected = x.sum((0, 2, 3), dtype=np.float64) * np.float64(np.float32(0.3))
    assert relative_error(found[:, :, 0, 0], expected) < PRECISION


@pytest.mark.parametrize("number", POSITIVE)
@pytest.mark.parametrize("size", [(500, 40, 40), (1, 1_000, 1_000)])
@pytest.mark.parametrize("channels", [1, 8])
def test_gradients_behind_a_pooling_of_many_pixels(size, number, channels):
    N, H, W = size
    pool = Window((2, 2), (2, 2))
    y = positive((N, 2, H // 2, W // 2), number)
    gy = SparseImages(y, np.zeros(y.shape, np.uint8), pool, (H, W))
    x = np.full((N, channels, H, W), 0.3, np.float32)
    _, gw, gb = K.conv_gradients(gy, x, None, (H, W), Window((1, 1)), 1)
    total = y.sum((0, 2, 3), dtype=np.float64)
    assert relative_error(gb, total) < PRECISION
    assert relative_error(gw[:, :, 0, 0], total[:, None] * np.float64(np.float32(0.3))) < PRECISION


@pytest.mark.parametrize("number", POSITIVE)
@pytest.mark.parametrize("shape", [(10**7, 1), (10**6, 3), (10, 3, 500, 500)])
def test_sums_over_all_but_the_channels(shape, number):
    x = positive(shape, number)
    if x.ndim == 4:
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    found = repeated(lambda: K.channel_sum(x))
    assert relative_error(found, x.sum((0, *range(2, x.ndim)), dtype=np.float64)) < PRECISION


@pytest.mark.parametrize("number", POSITIVE)
def test_sums_of_large_windows(number):
    x = positive((1, 2, 1_000, 2_000), number)
    found = repeated(lambda: K.window_sum(x, Window((1_000, 2_000))))
    assert relative_error(found[..., 0, 0], x.sum((2, 3), dtype=np.float64)) < PRECISION


def test_cross_entropy_of_many_classes():
    logits, targets = np.zeros((2, 10**6), np.float32), np.full((2, 10**6), 1e-6, np.float32)
    logits[1] = -0.1
    logits[1, 0] = 0
    losses, softmax = K.cross_entropy(logits, targets)
    exact = logits.astype(np.float64)
    log_sums = np.log(np.exp(exact).sum(1, keepdims=True))
    assert relative_error(losses, (targets * (log_sums - exact)).sum(1, dtype=np.float64)) < PRECISION
    assert relative_error(softmax, np.exp(exact - log_sums)) < PRECISION


def test_the_compiled_kernels_are_those_that_serve():
    assert compiled_kernels()[0] is not None
