"""Pooling: ties, borders, the last window, and NaN."""

import itertools

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.backend import numpy_kernels
from minigrad.backend.windows import Window
from minigrad.functions.pooling import PoolGather
from tests.contracts import loops


def gradient(f, values):
    x = mg.Variable(np.array(values, np.float64)[None, None])
    return mg.grad(f(x).sum(), x).data[0, 0].tolist()


NAN, INF = np.nan, np.inf

WINNERS = [
    ("of equals, the first", 2, {}, [[1, 1], [1, 1]], [[1, 0], [0, 0]]),
    ("the first in row-major order", 2, {}, [[0, 1], [1, 0]], [[0, 1], [0, 0]]),
    (
        "of overlapping equals, each window's first",
        2,
        {"stride": 1},
        np.zeros((3, 3)),
        [[1, 1, 0], [1, 1, 0], [0, 0, 0]],
    ),
    ("one for several windows", 2, {"stride": 1}, [[0, 0, 0], [0, 9, 0], [0, 0, 0]], [[0, 0, 0], [0, 4, 0], [0, 0, 0]]),
    ("NaN", 2, {}, [[1, NAN], [3, 0]], [[0, 1], [0, 0]]),
    ("of NaNs, the first", 2, {}, [[1, NAN], [NAN, NAN]], [[0, 1], [0, 0]]),
    ("all NaN", 2, {}, [[NAN, NAN], [NAN, NAN]], [[1, 0], [0, 0]]),
    ("all -inf", 2, {}, [[-INF, -INF], [-INF, -INF]], [[1, 0], [0, 0]]),
    ("-inf, not the border", 2, {"pad": 1}, [[-INF, -INF], [-INF, -INF]], [[1, 1], [1, 1]]),
    ("negative, not the border", 2, {"pad": 1}, [[-1, -2], [-3, -4]], [[1, 1], [1, 1]]),
    ("a zero, not the border", 3, {"pad": 1, "stride": 1}, [[0.0]], [[1]]),
]


@pytest.mark.parametrize(
    ("kernel", "options", "x", "gx"), [row[1:] for row in WINNERS], ids=[row[0] for row in WINNERS]
)
def test_the_winner_of_max_pooling_is(kernel, options, x, gx):
    assert gradient(lambda x: F.max_pool2d(x, kernel, **options), x) == np.asarray(gx).tolist()


def test_the_border_of_max_pooling_is_minus_infinity():
    x = -np.arange(1.0, 10).reshape(1, 1, 3, 3)
    assert F.max_pool2d(x, 2, pad=1).data.tolist() == [[[[-1, -2], [-4, -5]]]]
    assert F.max_pool2d(x, 2, pad="same").data.tolist() == [[[[-1, -3], [-7, -9]]]]


def test_nan_wins_and_spreads_no_further():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = NAN
    np.testing.assert_array_equal(F.max_pool2d(x, 2).data, [[[[NAN, 7], [13, 15]]]])
    np.testing.assert_array_equal(F.avg_pool2d(x, 2).data, [[[[NAN, 4.5], [10.5, 12.5]]]])


def test_many_elements_in_one_window():
    array = np.zeros((1, 1, 20, 20), np.float32)
    array[..., 19, 18] = 1
    x = mg.Variable(array)
    np.testing.assert_array_equal(mg.grad(F.max_pool2d(x, 20), x).data, array)


def test_the_average_counts_the_border_or_not():
    x = np.ones((1, 1, 2, 2))
    assert F.avg_pool2d(x, 2, pad=1).data.tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]
    assert F.avg_pool2d(x, 2, pad=1, count_include_pad=False).data.tolist() == [[[[1, 1], [1, 1]]]]
    assert gradient(lambda x: F.avg_pool2d(x, 2, pad=1), x[0, 0]) == [[0.25, 0.25], [0.25, 0.25]]
    assert gradient(lambda x: F.avg_pool2d(x, 2, pad=1, count_include_pad=False), x[0, 0]) == [[1, 1], [1, 1]]


def test_the_average_of_float16_numbers_whose_sum_overflows():
    assert F.avg_pool2d(np.full((1, 1, 2, 2), 6e4, np.float16), 2).item() == np.float16(6e4)


# The last window


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_windows_lie_where_pytorch_has_them(kernel):
    for n, stride, pad, ceil_mode in itertools.product((3, 4, 5, 7), (1, 2, 3), (0, 1), (False, True)):
        if not pad < kernel <= n + 2 * pad:
            continue
        x = np.random.default_rng(0).standard_normal((1, 1, n, 5))
        options = {"stride": (stride, 2), "pad": (pad, 0), "ceil_mode": ceil_mode}
        expected = loops.max_pool2d(x, (kernel, 2), **options)
        np.testing.assert_array_equal(F.max_pool2d(x, (kernel, 2), **options).data, expected)
        for counted in (True, False):
            y = F.avg_pool2d(x, (kernel, 2), **options, count_include_pad=counted)
            expected = loops.avg_pool2d(x, (kernel, 2), **options, count_include_pad=counted)
            np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-15)


PYTORCH = [  # (n, kernel, stride, pad) and the number of windows of torch.nn.MaxPool1d(..., ceil_mode=True)
    ((5, 2, 2, 0), 3),
    ((4, 2, 3, 1), 2),
    ((3, 1, 2, 0), 2),
    ((3, 2, 5, 0), 1),
    ((4, 3, 2, 1), 3),
    ((7, 3, 5, 1), 2),
    ((6, 3, 3, 1), 3),
]


@pytest.mark.parametrize(("window", "count"), PYTORCH)
def test_the_number_of_windows_in_ceil_mode(window, count):
    n, kernel, stride, pad = window
    y = F.max_pool2d(np.zeros((1, 1, n, 1)), (kernel, 1), stride=(stride, 1), pad=(pad, 0), ceil_mode=True)
    assert y.shape == (1, 1, count, 1)


@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 3)])
@pytest.mark.parametrize("stride", [1, 2, (1, 3)])
def test_same_pads_as_tensorflow_does(kernel, stride):
    x = np.random.default_rng(0).standard_normal((1, 1, 5, 6))
    kernels, strides = (value if isinstance(value, tuple) else (value, value) for value in (kernel, stride))
    pad = loops.same_padding((5, 6), kernels, strides)
    y = F.max_pool2d(x, kernel, stride=stride, pad="same")
    np.testing.assert_array_equal(y.data, loops.max_pool2d(x, kernels, stride=strides, pad=pad))
    y = F.avg_pool2d(x, kernel, stride=stride, pad="same", count_include_pad=False)
    expected = loops.avg_pool2d(x, kernels, stride=strides, pad=pad, count_include_pad=False)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-15)


def test_the_stride_is_the_kernel_unless_told():
    x = np.arange(30.0).reshape(1, 1, 5, 6)
    for f in (F.max_pool2d, F.avg_pool2d):
        np.testing.assert_array_equal(f(x, (2, 3)).data, f(x, (2, 3), stride=(2, 3)).data)


# Adjoints

WINDOWS = [
    Window((2, 2), (2, 2)),
    Window((3, 2), (1, 2), ((1, 1), (0, 1))),
    Window((2, 2), (3, 3)),
    Window((3, 3), (2, 2), ((1, 2), (1, 2))),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_scatter_and_gather_sum_and_spread_are_adjoint(window):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, 6, 5))
    y, argmax = numpy_kernels.max_pool2d(x, window)
    c = rng.standard_normal(y.shape)
    np.testing.assert_array_equal(numpy_kernels.pool_gather(x, argmax, window), y)
    np.testing.assert_allclose(np.vdot(y, c), np.vdot(x, numpy_kernels.pool_scatter(c, argmax, (6, 5), window)))
    y = numpy_kernels.window_sum(x, window)
    np.testing.assert_allclose(np.vdot(y, c), np.vdot(x, numpy_kernels.window_broadcast(c, (6, 5), window)))


@pytest.mark.parametrize("f", [F.max_pool2d, F.avg_pool2d])
@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (2, 0, 4, 4)])
def test_no_images_and_no_channels(f, shape):
    x = mg.Variable(np.ones(shape))
    y = f(x, 2, pad=1)
    assert y.shape == (*shape[:2], 3, 3)
    assert mg.grad(y, x, np.ones(y.shape)).shape == shape


@pytest.mark.parametrize("f", [F.max_pool2d, F.avg_pool2d])
@pytest.mark.parametrize("pad", [0, 1])
def test_integer_images_are_pooled_as_floats(f, pad):
    x = np.arange(16).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(f(x, 2, pad=pad).data, f(x.astype(np.float64), 2, pad=pad).data)


def test_the_gradient_of_a_gather_can_be_differentiated_again():
    x, argmax = mg.Variable(np.arange(16.0).reshape(1, 1, 4, 4)), np.full((1, 1, 2, 2), 3)
    y = mg.apply(PoolGather(Window((2, 2), (2, 2))), x, argmax)
    gy = mg.Variable(np.ones(y.shape))
    gx = mg.grad(y, x, gy, create_graph=True)
    np.testing.assert_array_equal(mg.grad((gx * x).sum(), gy).data, y.data)
