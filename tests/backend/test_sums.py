"""Sums of many numbers are right to 10⁻⁶ in float32, over whichever axes and in whichever memory order."""

import numpy as np
import pytest

from minigrad import backend
from minigrad.backend import numpy_kernels, sum_rounded, sum_wide
from minigrad.backend.windows import Window

TERM = np.float32(0.1)  # the rounding errors of a sum of these have one sign
MANY = 10**6
RNG = np.random.default_rng(0)


def many(*shape, dtype=np.float32):
    return np.full(shape, TERM, dtype)


def assert_right(y, right, dtype=np.float32):
    assert y.dtype == dtype
    np.testing.assert_allclose(y.astype(np.float64), right, rtol=1e-6)


LAYOUTS = {
    "rows": (many(MANY, 3), 0),
    "one row": (many(MANY), 0),
    "columns": (many(3, MANY).T, 0),
    "every second row": (many(2 * MANY, 3)[::2], 0),
    "every second column": (many(MANY, 6)[:, ::2], 0),
    "from the last on": (many(MANY, 3)[::-1], 0),
    "one number repeated": (np.broadcast_to(TERM, (MANY, 3)), 0),
    "one row repeated": (np.broadcast_to(many(3), (MANY, 3)), 0),
    "all of a part": (many(3 * 1000, 2000)[::3, ::2], None),
    "images": (many(2, 3, 1000, 1000), (2, 3)),
    "images, NHWC": (many(2, 1000, 1000, 3).transpose(0, 3, 1, 2), (2, 3)),
    "channels": (many(MANY, 2, 1, 1), (0, 2, 3)),
    "channels, NHWC": (many(10, 400, 250, 3).transpose(0, 3, 1, 2), (0, 2, 3)),
    "unaligned": (np.frombuffer(b"-" + many(MANY, 2).tobytes(), np.float32, offset=1).reshape(MANY, 2), 0),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sum_of_many_numbers_is_right(layout):
    x, axis = LAYOUTS[layout]
    assert_right(sum_wide(x, axis, keepdims=False), x.sum(axis, dtype=np.float64))


def test_a_sum_of_many_float16_numbers_is_right_in_float32():
    x = many(MANY, 2, dtype=np.float16)
    np.testing.assert_allclose(sum_wide(x, 0, keepdims=False), x[0].astype(np.float64) * MANY, rtol=1e-6)
    assert sum_rounded(x[:1000], 0, keepdims=False).dtype == np.float16


def test_sums_over_any_axes_in_any_memory_order_are_numpys(monkeypatch):
    monkeypatch.setattr(backend, "SMALL", 0)
    for _ in range(1000):
        x = RNG.random(RNG.choice([1, 2, 3, 5, 17, 40], RNG.integers(0, 5))).astype(
            RNG.choice(["f2", "f4", "f8", "i4"])
        )
        x = x.transpose(RNG.permutation(x.ndim))[tuple(slice(None, None, RNG.choice([1, 1, 2, -1])) for _ in x.shape)]
        axes = tuple(RNG.permutation(x.ndim)[: RNG.integers(0, x.ndim + 1)].tolist())
        for keepdims in (False, True):
            expected = x.sum(axes, dtype=np.float64 if x.dtype.kind == "f" else None, keepdims=keepdims)
            found = sum_wide(x, axes, keepdims=keepdims)
            np.testing.assert_allclose(found, expected, rtol=1e-6)
            assert found.shape == expected.shape
            assert found.dtype == {"f2": np.float32, "f4": np.float32}.get(x.dtype.str[1:], expected.dtype)


def test_a_sum_repeats_its_bits():
    x = RNG.standard_normal((10_000, 7)).astype(np.float32)
    first = sum_wide(x, 0, keepdims=False)
    assert all((sum_wide(x.copy(), 0, keepdims=False) == first).all() for _ in range(5))


def test_numpys_kernels_add_up_many_numbers_right():
    images = many(1, 2, 500, 500)
    for x in (images, images.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)):
        assert_right(numpy_kernels.channel_sum(x), TERM * x[:, 0].size)
        assert_right(numpy_kernels.window_sum(x, Window((100, 100), stride=(100, 100))), TERM * 10_000)
        filters = numpy_kernels.filter_correlation(x, x, Window((1, 1)), 1)
        assert_right(filters, float(TERM) ** 2 * x[:, 0].size)
    rows = many(MANY, 8)
    assert_right(numpy_kernels.matmul(rows.T, rows), float(TERM) ** 2 * MANY)
    assert_right(numpy_kernels.matmul(rows[None].swapaxes(1, 2), rows[None]), float(TERM) ** 2 * MANY)


@pytest.mark.parametrize("K", [512, 2048, 5000])
@pytest.mark.parametrize(("M", "N"), [(1, 8), (2, 2), (8, 8), (16, 16)])
def test_a_small_product_of_many_terms_is_right(M, N, K):
    a, b = many(M, K), many(K, N)
    for a_ in (a, np.asfortranarray(a)):
        assert_right(numpy_kernels.matmul(a_, b), float(TERM) ** 2 * K)


def test_numpys_kernels_add_up_overlapping_windows_right():
    window, y = Window((40, 40)), many(1, 1, 40, 40)
    middle = numpy_kernels.window_broadcast(y, (79, 79), window)[0, 0, 39, 39]
    assert_right(middle, TERM * 1600)
    x = np.zeros((1, 1, 79, 79), np.float32)
    x[0, 0, 39, 39] = 1
    argmax = numpy_kernels.max_pool2d(x, window)[1]
    assert_right(numpy_kernels.pool_scatter(y, argmax, (79, 79), window)[0, 0, 39, 39], TERM * 1600)


def test_long_products_keep_their_dtype():
    for dtype in (np.float16, np.float64, np.int64):
        a = np.ones((2, 5000), dtype)
        y = numpy_kernels.matmul(a, a.T)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, 5000)


def test_the_losses_of_many_classes_are_right():
    logits = many(1, MANY)
    losses, softmax = numpy_kernels.cross_entropy(np.asfortranarray(np.repeat(logits, 2, 0)), np.eye(2, MANY))
    np.testing.assert_allclose(losses, np.log(MANY), rtol=1e-6)
    np.testing.assert_allclose(softmax, 1 / MANY, rtol=1e-6)
