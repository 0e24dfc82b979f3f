"""Images of another size: which pixels become which, and what is refused."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

IMAGES = np.random.default_rng(0).standard_normal((2, 3, 4, 5))


@pytest.mark.parametrize("scale", [1, 2, (3, 1), 2.0])
def test_whole_scales_repeat_pixels(scale):
    SH, SW = scale if isinstance(scale, tuple) else (scale, scale)
    expected = IMAGES.repeat(int(SH), 2).repeat(int(SW), 3)
    np.testing.assert_array_equal(F.upsample2d(IMAGES, scale).data, expected)
    np.testing.assert_array_equal(F.upsample2d(IMAGES, size=expected.shape[2:]).data, expected)


def test_the_gradient_of_repeated_pixels_is_the_sum_of_theirs():
    x = mg.Variable(IMAGES)
    gy = np.random.default_rng(1).standard_normal((2, 3, 8, 15))
    gx = mg.grad(F.upsample2d(x, (2, 3)), x, gy)
    np.testing.assert_allclose(gx.data, gy.reshape(2, 3, 4, 2, 5, 3).sum((3, 5)))


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("options", [{"scale": 2.3}, {"scale": (0.5, 1.7)}, {"size": (3, 11)}])
def test_a_plain_image_stays_plain(mode, options):
    y = F.upsample2d(np.full((1, 1, 4, 5), 0.7, np.float32), mode=mode, **options)
    np.testing.assert_allclose(y.data, np.float32(0.7), rtol=1e-6)


def test_a_ramp_stays_a_ramp_between_the_outermost_middles():
    y = F.upsample2d(np.arange(4.0).reshape(1, 1, 1, 4), (1, 4), mode="bilinear").data.ravel()
    np.testing.assert_allclose(y, np.clip((np.arange(16) + 0.5) / 4 - 0.5, 0, 3))


def test_a_size_of_one_int_is_for_both():
    assert F.upsample2d(IMAGES, size=7).shape == (2, 3, 7, 7)
    assert F.upsample2d(IMAGES, 1.25).shape == (2, 3, 5, 6)  # rounded down


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_the_float_type_stays(dtype, mode):
    x = mg.Variable(IMAGES.astype(dtype))
    y = F.upsample2d(x, 1.5, mode=mode)
    assert y.dtype == mg.grad(y.sum(), x).dtype == dtype


def test_an_infinite_pixel_stays_among_its_neighbours():
    x = IMAGES.copy()
    x[0, 0, 1, 1] = np.inf
    assert np.isinf(F.upsample2d(x, 2).data).sum() == 4
    assert np.isfinite(F.upsample2d(x, 2, mode="bilinear").data).sum() == 2 * 3 * 80 - 16


ERRORS = {
    "neither": (lambda: F.upsample2d(IMAGES), ["scale or size, and not both"]),
    "both": (lambda: F.upsample2d(IMAGES, 2, size=3), ["scale or size, and not both"]),
    "nothing left": (lambda: F.upsample2d(IMAGES, 0.1), ["no pixels", "x (2, 3, 4, 5) float64", "scale 0.1"]),
    "nothing there": (lambda: F.upsample2d(np.ones((1, 1, 0, 3)), 2), ["no pixels", "x (1, 1, 0, 3)"]),
    "no images": (lambda: F.upsample2d(IMAGES[0], 2), ["x must be images (N, C, H, W)", "(3, 4, 5)"]),
    "mode": (lambda: F.upsample2d(IMAGES, 2, mode="cubic"), ['mode must be "nearest" or "bilinear"', "'cubic'"]),
    "scale 0": (lambda: F.upsample2d(IMAGES, (0, 2)), ["scale must be positive"]),
    "size 0": (lambda: F.upsample2d(IMAGES, size=0), ["size must be at least 1"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_call_is_an_error_that_says_what_is_wrong(name):
    call, parts = ERRORS[name]
    with pytest.raises(ValueError, match=r"^upsample2d: ") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []


@pytest.mark.parametrize("wrong", [{"scale": "2"}, {"scale": (1, 2, 3)}, {"size": 2.5}])
def test_sizes_of_another_kind_are_a_type_error(wrong):
    with pytest.raises(TypeError, match=f"^upsample2d: {next(iter(wrong))} must be"):
        F.upsample2d(IMAGES, **wrong)
