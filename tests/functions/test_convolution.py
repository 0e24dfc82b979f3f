"""Convolution: its adjoints, its windows, its memory, and what it leaves undone."""

import tracemalloc

import numpy as np
import pytest
from scipy import signal

import minigrad as mg
import minigrad.functions as F
from minigrad.backend import numpy_kernels
from minigrad.backend.windows import Window
from minigrad.functions.convolution import Conv2d, ConvTranspose2d, FilterCorrelation
from minigrad.testing import check_grad
from minigrad.testing.derivatives import gradients
from tests.contracts import loops


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_it_correlates_as_scipy_does():
    x, w = normal(5, 6), normal(3, 2, seed=1)
    y = F.conv2d(x[None, None], w[None, None])
    np.testing.assert_allclose(y.data[0, 0], signal.correlate(x, w, "valid"), rtol=1e-12)


def test_channels_add_up_and_images_and_filters_do_not_mix():
    x, w = normal(2, 3, 4, 5), normal(4, 3, 2, 3, seed=1)
    y = F.conv2d(x, w).data
    for n in range(2):
        for o in range(4):
            expected = sum(signal.correlate(x[n, c], w[o, c], "valid") for c in range(3))
            np.testing.assert_allclose(y[n, o], expected, rtol=1e-11, atol=1e-13)


WINDOWS = [
    ("plain", Window((2, 2)), (4, 5), 1),
    ("(5,3) kernel", Window((5, 3)), (6, 4), 1),
    ("stride (3,1)", Window((2, 2), stride=(3, 1)), (8, 3), 1),
    ("stride (1,3)", Window((3, 2), stride=(1, 3), dilation=(2, 1)), (7, 8), 2),
    ("stride 2, pixels over", Window((2, 2), stride=(2, 2)), (5, 6), 1),
    ("stride 4 > kernel", Window((2, 1), stride=(4, 4)), (7, 8), 1),
    ("pad", Window((3, 3), pad=((1, 1), (2, 2))), (4, 3), 1),
    ("uneven pad", Window((2, 4), pad=((0, 1), (1, 2))), (3, 4), 1),
    ("pad > kernel", Window((2, 2), pad=((3, 4), (5, 3)), stride=(3, 2)), (2, 3), 1),
    ("dilation", Window((3, 2), dilation=(2, 3)), (6, 5), 1),
    ("everything", Window((3, 2), stride=(2, 3), pad=((1, 2), (2, 0)), dilation=(2, 1)), (9, 7), 2),
    ("groups", Window((2, 2)), (3, 3), 2),
    ("depthwise", Window((2, 2), stride=(2, 2)), (5, 5), 4),
    ("one pixel", Window((1, 1)), (1, 1), 1),
]


@pytest.fixture(params=[1, 2**40], ids=["product for each row", "product for all rows"])
def products(request, monkeypatch):
    monkeypatch.setattr(numpy_kernels, "PRODUCT_NUMBERS", request.param)


@pytest.fixture(params=WINDOWS, ids=lambda row: row[0])
def triple(request, products):
    """Images x, filters w, outputs y of their shape, the window and the number of groups."""
    _, window, size, groups = request.param
    x, w = normal(2, 4, *size), normal(8, 4 // groups, *window.kernel, seed=1)
    return x, w, normal(2, 8, *window.outputs(size), seed=2), window, groups


def test_the_kernel_agrees_with_explicit_loops(triple):
    x, w, _, window, groups = triple
    expected = loops.conv2d(x, w, stride=window.stride, pad=window.pad, dilation=window.dilation, groups=groups)
    np.testing.assert_allclose(numpy_kernels.conv2d(x, w, None, window, groups), expected, rtol=1e-11, atol=1e-12)


def test_conv_transpose2d_is_the_adjoint_towards_the_images(triple):
    x, w, y, window, groups = triple
    back = numpy_kernels.conv_transpose2d(y, w, x.shape[2:], window, groups)
    np.testing.assert_allclose(
        np.vdot(numpy_kernels.conv2d(x, w, None, window, groups), y), np.vdot(x, back), rtol=1e-10
    )


def test_filter_correlation_is_the_adjoint_towards_the_filters(triple):
    x, w, y, window, groups = triple
    back = numpy_kernels.filter_correlation(x, y, window, groups)
    np.testing.assert_allclose(
        np.vdot(numpy_kernels.conv2d(x, w, None, window, groups), y), np.vdot(w, back), rtol=1e-10
    )


def results(x, w, y, window, groups):
    return [
        numpy_kernels.conv2d(x, w, normal(len(w), seed=3), window, groups),
        numpy_kernels.conv_transpose2d(y, w, x.shape[2:], window, groups),
        numpy_kernels.filter_correlation(x, y, window, groups),
    ]


def test_chunks_of_the_batch_make_no_difference(triple, monkeypatch):
    x, w, y, window, groups = triple
    x, y = np.concatenate([x, 2 * x, x[:1] - 1]), np.concatenate([y, 3 * y, y[:1] + 1])
    monkeypatch.setattr(numpy_kernels, "COLUMN_NUMBERS", 2**40)
    whole = results(x, w, y, window, groups)
    (OH, OW), (KH, KW) = window.outputs(x.shape[2:]), window.kernel
    for numbers in (1, 2 * OH * OW * KH * KW * x.shape[1]):
        monkeypatch.setattr(numpy_kernels, "COLUMN_NUMBERS", numbers)
        for chunked, expected in zip(results(x, w, y, window, groups), whole, strict=True):
            np.testing.assert_allclose(chunked, expected, rtol=1e-11, atol=1e-11)


def test_many_channels_are_multiplied_row_by_row():
    x, w = normal(2, 128, 3, 4), normal(4, 64, 3, 2, seed=1)
    expected = loops.conv2d(x, w, stride=(1, 1), pad=((1, 1), (1, 1)), dilation=(1, 1), groups=2)
    np.testing.assert_allclose(F.conv2d(x, w, pad=1, groups=2).data, expected, rtol=1e-10, atol=1e-11)


def test_third_derivatives():
    """Each of the three Functions is reached as the gradient of each other."""
    inputs = [normal(1, 2, 3, 3), normal(2, 1, 2, 2, seed=1), normal(2, seed=2)]
    check_grad(lambda *arrays: F.conv2d(*arrays, stride=(1, 2), groups=2), inputs, order=3)


# "same"


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 3), (4, 5), (1, 6)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1), (2, 5)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
def test_same_pads_as_tensorflow_does(kernel, stride, dilation):
    x, w = normal(1, 1, 7, 6), normal(1, 1, *kernel, seed=1)
    pads = loops.same_padding((7, 6), kernel, stride, dilation)
    y = F.conv2d(x, w, pad="same", stride=stride, dilation=dilation).data
    assert y.shape[2:] == (-(-7 // stride[0]), -(-6 // stride[1]))
    np.testing.assert_allclose(
        y, loops.conv2d(x, w, stride=stride, pad=pads, dilation=dilation), rtol=1e-11, atol=1e-12
    )


def test_a_kernel_larger_than_the_image_may_be_same():
    assert F.conv2d(np.ones((1, 1, 2, 3)), np.ones((1, 1, 5, 4)), pad="same").data.tolist() == [[[[6, 6, 4]] * 2]]


# One number for both directions


@pytest.mark.parametrize("option", ["stride", "pad", "dilation"])
def test_one_int_is_a_pair_of_equals(option):
    x, w = normal(1, 2, 6, 7), normal(1, 2, 2, 2, seed=1)
    expected = F.conv2d(x, w, **{option: 2}).data
    for spelled in ((2, 2), [2, 2], np.int64(2), (np.int32(2), 2)):
        np.testing.assert_array_equal(F.conv2d(x, w, **{option: spelled}).data, expected)


def test_the_first_of_a_pair_is_vertical():
    x, w = np.ones((1, 1, 6, 6)), np.ones((1, 1, 2, 1))
    assert F.conv2d(x, w, stride=(2, 1)).shape == (1, 1, 3, 6)
    assert F.conv2d(x, w, pad=(2, 0)).shape == (1, 1, 9, 6)
    assert F.conv2d(x, w, dilation=(3, 1)).shape == (1, 1, 3, 6)


# What is not computed


def refuse(*_, **__):
    pytest.fail("a gradient that nobody asked for was computed")


def test_constant_images_get_no_gradient(monkeypatch):
    monkeypatch.setattr(numpy_kernels, "conv_transpose2d", refuse)
    w, b = mg.Variable(normal(3, 2, 2, 2)), mg.Variable(normal(3))
    y = F.conv2d(normal(2, 2, 4, 4), w, b)
    mg.grad(y.sum(), [w, b])
    y.sum().backward()
    assert y.creator.saved_arrays[1] is None


def test_constant_filters_get_no_gradient(monkeypatch):
    monkeypatch.setattr(numpy_kernels, "filter_correlation", refuse)
    x = mg.Variable(normal(2, 2, 4, 4))
    y = F.conv2d(x, normal(3, 2, 2, 2), normal(3))
    y.sum().backward()
    assert y.creator.saved_arrays[0] is None


def test_second_derivatives_compute_no_gradient_of_constants(monkeypatch):
    monkeypatch.setattr(numpy_kernels, "conv_transpose2d", refuse)
    x, w = normal(2, 2, 4, 4), mg.Variable(normal(3, 2, 2, 2))
    gw = mg.grad((F.conv2d(x, w) ** 2).sum(), w, create_graph=True)
    mg.grad(gw.sum(), w)


# Memory


def peak_beyond_results(images):
    """The most bytes in use while computing outputs and gradients, less the bytes of those."""
    window = Window((5, 5), pad=((2, 2), (2, 2)))
    x, w = np.ones((images, 4, 16, 16), np.float32), np.ones((8, 4, 5, 5), np.float32)
    y = np.ones((images, 8, 16, 16), np.float32)
    peaks = []
    for kernel, *arguments in (
        (numpy_kernels.conv2d, x, w, None, window, 1),
        (numpy_kernels.conv_transpose2d, y, w, (16, 16), window, 1),
        (numpy_kernels.filter_correlation, x, y, window, 1),
    ):
        tracemalloc.start()
        result = kernel(*arguments)
        peaks.append(tracemalloc.get_traced_memory()[1] - result.nbytes)
        tracemalloc.stop()
    return np.array(peaks)


def test_memory_does_not_grow_with_the_batch_beyond_the_results():
    few, many = peak_beyond_results(64), peak_beyond_results(512)
    spread_images = 448 * 8 * 20 * 20 * 4  # conv_transpose2d keeps y once more, stride pixels apart
    allowed = np.array([0, spread_images, 0]) + 2**18
    assert (many - few <= allowed).all(), (few, many)


# Extremes


def test_no_images_and_no_channels():
    assert F.conv2d(np.ones((0, 3, 4, 4)), np.ones((2, 3, 2, 2)), np.ones(2)).shape == (0, 2, 3, 3)
    inputs = [np.ones((0, 3, 4, 4)), np.ones((2, 3, 2, 2)), np.ones(2)]
    gx, gw, gb = gradients(F.conv2d, inputs, [np.ones((0, 2, 3, 3))])
    assert gx.shape == (0, 3, 4, 4)
    assert not gw.any()
    assert not gb.any()


def test_float16_adds_up_in_float32():
    x, w = np.full((1, 64, 8, 8), 0.1, np.float16), np.full((1, 64, 8, 8), 1.0, np.float16)
    expected = np.float16(x.astype(np.float64).sum())
    assert F.conv2d(x, w).item() == expected
    tall = np.full((1, 1, 1, 1), 6e4, np.float16)
    gx, gw = gradients(F.conv2d, [tall, tall / 6e4], [np.ones((1, 1, 1, 1), np.float16)])
    assert (gx.item(), gw.item()) == (1, np.float16(6e4))


def test_integers_become_floats():
    x, w, b = np.full((1, 1, 2, 2), 200, np.uint8), np.full((1, 1, 2, 2), 2), np.array([1])
    images, signals = F.conv2d(x, w, b), F.conv1d(x[0], w[0], b)
    assert (images.item(), images.dtype) == (1601, "float32")
    assert (signals.item(), signals.dtype) == (1601, "float32")
    np.testing.assert_array_equal(F.conv_transpose2d(x, w, b).data[0, 0, 1], [801, 1601, 801])


def test_nan_stays_where_it_is():
    x = np.ones((1, 1, 3, 3))
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(F.conv2d(x, np.ones((1, 1, 2, 2))).data).tolist() == [[[[True, False], [False, False]]]]


def test_each_adjoint_is_differentiable_by_itself_where_one_operand_is_constant():
    window, size = Window((2, 3), stride=(2, 1), pad=((1, 0), (0, 1))), (4, 5)
    x, w = normal(2, 3, *size), normal(2, 3, *window.kernel, seed=1)
    y = normal(2, 2, *window.outputs(size), seed=2)
    triple = [
        (lambda: Conv2d(window), x, w),
        (lambda: ConvTranspose2d(window, size), y, w),
        (lambda: FilterCorrelation(window), x, y),
    ]
    for function, a, b in triple:
        check_grad(lambda v, function=function, b=b: mg.apply(function(), v, b), [a])
        check_grad(lambda v, function=function, a=a: mg.apply(function(), a, v), [b])
        check_grad(lambda v, u, function=function: mg.apply(function(), v, u), [a, b])
