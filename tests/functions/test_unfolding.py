"""Windows of images side by side, and added up again."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

IMAGES = np.random.default_rng(0).standard_normal((2, 3, 6, 5))


@pytest.mark.parametrize("options", [{}, {"stride": 2, "pad": (1, 2)}, {"dilation": 2}, {"pad": "same", "stride": 2}])
def test_filters_times_windows_is_a_convolution(options):
    x = mg.Variable(IMAGES)
    w = np.random.default_rng(1).standard_normal((4, 3, 2, 3))
    y = F.einsum("nckluv,ockl->nouv", F.unfold(x, (2, 3), **options), w)
    expected = F.conv2d(x, w, **options)
    np.testing.assert_allclose(y.data, expected.data, atol=1e-12)
    gy = np.random.default_rng(2).standard_normal(y.shape)
    np.testing.assert_allclose(mg.grad(y, x, gy).data, mg.grad(expected, x, gy).data, atol=1e-12)


def test_pytorchs_layout_is_a_reshape_away():
    """torch.nn.functional.unfold(torch.arange(9.).reshape(1, 1, 3, 3), 2), recorded."""
    columns = F.unfold(np.arange(9.0).reshape(1, 1, 3, 3), 2).reshape(1, 4, 4)
    assert columns.data.tolist() == [[[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]]


def test_rows_of_a_matrix_product_are_a_transposition_away():
    windows = F.unfold(IMAGES, 3)
    rows = windows.transpose(0, 4, 5, 1, 2, 3).reshape(2 * 4 * 3, 3 * 3 * 3)
    np.testing.assert_array_equal(rows.data[4], IMAGES[0, :, 1:4, 1:4].ravel())


@pytest.mark.parametrize("options", [{"stride": 2, "pad": 1}, {"dilation": (1, 2)}, {"pad": "same"}])
def test_folding_counts_how_often_a_pixel_is_met(options):
    counted = F.fold(F.unfold(np.ones_like(IMAGES), 2, **options), (6, 5), **options)
    x = mg.Variable(IMAGES)
    np.testing.assert_array_equal(counted.data, mg.grad(F.unfold(x, 2, **options).sum(), x).data)
    np.testing.assert_allclose(F.fold(F.unfold(x, 2, **options), (6, 5), **options).data, IMAGES * counted.data)


def test_folding_adds_up_float16_wide():
    y = F.fold(np.full((1, 1, 60, 60, 1, 1), 1, np.float16).reshape(1, 1, 1, 1, 60, 60), 60)
    assert y.dtype == np.float16
    many = F.unfold(np.ones((1, 1, 99, 99), np.float16), 50)
    assert F.fold(many, 99).data[0, 0, 49, 49] == 2500


def test_of_no_images():
    assert F.unfold(np.zeros((0, 2, 4, 4)), 3).shape == (0, 2, 3, 3, 2, 2)
    assert F.fold(np.zeros((0, 2, 3, 3, 2, 2)), 4).shape == (0, 2, 4, 4)
