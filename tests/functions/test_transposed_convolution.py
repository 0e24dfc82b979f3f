"""conv_transpose2d is conv2d's adjoint, and conv1d a conv2d of height 1."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

RNG = np.random.default_rng(0)
OPTIONS = [
    {},
    {"stride": 2, "pad": 1},
    {"stride": (2, 3), "pad": (1, 0), "dilation": (1, 2)},
    {"groups": 2, "pad": 2},
    {"stride": 3, "pad": "same"},
    {"stride": (1, 2), "pad": "same", "dilation": 2},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_the_adjoint_of_conv2d(options):
    size = (6, 6) if options.get("pad") == "same" else (7, 8)
    x, w = RNG.standard_normal((2, 4, *size)), RNG.standard_normal((6, 4 // options.get("groups", 1), 3, 2))
    y = F.conv2d(x, w, **options).data
    z = RNG.standard_normal(y.shape)
    back = F.conv_transpose2d(z, w, **options).data
    more = {}
    if back.shape != x.shape:
        more = {"output_padding": tuple(n - m for n, m in zip(size, back.shape[2:], strict=True))}
        back = F.conv_transpose2d(z, w, **options, **more).data
    assert back.shape == x.shape
    np.testing.assert_allclose((y * z).sum(), (x * back).sum())


def test_rows_that_no_filter_reaches_are_the_bias():
    y = F.conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), np.array([5.0]), output_padding=(2, 0))
    assert y.data[0, 0].tolist() == [[6.0, 6.0], [6.0, 6.0], [5.0, 5.0], [5.0, 5.0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_float_type_stays(dtype):
    x, w, b = (mg.Variable(np.ones(shape, dtype)) for shape in ((1, 2, 3, 3), (2, 1, 2, 2), (1,)))
    y = F.conv_transpose2d(x, w, b, stride=2)
    assert {y.dtype, *(g.dtype for g in mg.grad(y.sum(), (x, w, b)))} == {np.dtype(dtype)}
    assert F.conv_transpose2d(np.ones((1, 2, 3, 3), int), w).dtype == dtype


def test_of_no_images_there_are_none():
    assert F.conv_transpose2d(np.ones((0, 2, 3, 3)), np.ones((2, 1, 2, 2)), stride=2).shape == (0, 1, 6, 6)
    assert F.conv1d(np.ones((0, 2, 5)), np.ones((3, 2, 2))).shape == (0, 3, 4)


def test_a_signal_is_an_image_of_height_1():
    x, w, b = RNG.standard_normal((2, 4, 9)), RNG.standard_normal((6, 2, 3)), RNG.standard_normal(6)
    options = {"stride": 2, "pad": "same", "dilation": 2, "groups": 2}
    expected = F.conv2d(x[:, :, None], w[:, :, None], b, **options).data[:, :, 0]
    np.testing.assert_array_equal(F.conv1d(x, w, b, **options).data, expected)


IMAGES, FILTERS = np.ones((2, 4, 3, 3)), np.ones((4, 2, 3, 3))
SIGNALS, TAPS = np.ones((2, 4, 8)), np.ones((6, 4, 3))

ERRORS = {
    "channels": (lambda: F.conv_transpose2d(IMAGES, np.ones((3, 2, 3, 3))), ["4 channels", "3", "w (3, 2, 3, 3)"]),
    "x": (lambda: F.conv_transpose2d(IMAGES[0], FILTERS), ["x must be images", "(4, 3, 3)"]),
    "w": (lambda: F.conv_transpose2d(IMAGES, np.ones((4, 2, 3))), ["(C, O // groups, KH, KW)", "w (4, 2, 3)"]),
    "no w": (lambda: F.conv_transpose2d(IMAGES, np.ones((4, 0, 3, 3))), ["none of them 0", "w (4, 0, 3, 3)"]),
    "groups": (lambda: F.conv_transpose2d(IMAGES, FILTERS, groups=3), ["groups=3", "x (2, 4, 3, 3)"]),
    "no groups": (lambda: F.conv_transpose2d(IMAGES, FILTERS, groups=0), ["groups=0", "x (2, 4, 3, 3)"]),
    "b": (lambda: F.conv_transpose2d(IMAGES, FILTERS, np.ones(2), groups=2), ["b must be (4,)", "b (2,)"]),
    "pad": (lambda: F.conv_transpose2d(IMAGES, FILTERS, pad=3), ["pad=3 leaves nothing", "w (4, 2, 3, 3)"]),
    "empty": (lambda: F.conv_transpose2d(np.ones((1, 4, 0, 2)), FILTERS), ["leaves nothing", "x (1, 4, 0, 2)"]),
    "empty same": (lambda: F.conv_transpose2d(np.ones((1, 4, 0, 2)), FILTERS, pad="same"), ["x (1, 4, 0, 2)"]),
    "same": (lambda: F.conv_transpose2d(IMAGES, FILTERS, pad="same", output_padding=1), ["output_padding", "same"]),
    "stride": (lambda: F.conv_transpose2d(IMAGES, FILTERS, stride=0), ["stride must be at least 1"]),
}
ERRORS_1D = {
    "channels": (lambda: F.conv1d(SIGNALS, np.ones((6, 3, 3))), ["4 channels", "3", "x (2, 4, 8)", "w (6, 3, 3)"]),
    "x": (lambda: F.conv1d(IMAGES, TAPS), ["x must be signals (N, C, L)", "(2, 4, 3, 3)"]),
    "w": (lambda: F.conv1d(SIGNALS, FILTERS), ["(O, C // groups, K)", "w (4, 2, 3, 3)"]),
    "groups": (lambda: F.conv1d(SIGNALS, TAPS, groups=4), ["groups=4", "w (6, 4, 3)"]),
    "b": (lambda: F.conv1d(SIGNALS, TAPS, np.ones(4)), ["b must be (6,)", "b (4,)", "x (2, 4, 8)"]),
    "size": (lambda: F.conv1d(SIGNALS, TAPS, dilation=4), ["1×9 window exceeds"]),
    "pad": (lambda: F.conv1d(SIGNALS, TAPS, pad="valid"), ["pad must be", "'valid'"]),
    "stride": (lambda: F.conv1d(SIGNALS, TAPS, stride=0), ["stride must be at least 1"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_conv_transpose2d_says_what_is_wrong(name):
    _refused("conv_transpose2d", *ERRORS[name])


@pytest.mark.parametrize("name", ERRORS_1D)
def test_a_wrong_conv1d_says_what_is_wrong(name):
    _refused("conv1d", *ERRORS_1D[name])


def _refused(function, call, parts):
    with pytest.raises(ValueError, match=f"^{function}: ") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []


def test_a_global_average_keeps_its_axes_if_asked():
    x = np.arange(8.0).reshape(1, 2, 2, 2)
    assert F.global_avg_pool2d(x).data.tolist() == [[1.5, 5.5]]
    assert F.global_avg_pool2d(x, keepdims=True).shape == (1, 2, 1, 1)
    with pytest.raises(ValueError, match=r"global_avg_pool2d: there are no pixels in x \(1, 2, 0, 3\)"):
        F.global_avg_pool2d(np.ones((1, 2, 0, 3)))
