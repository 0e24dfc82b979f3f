"""plots.filters and feature_maps: colours by sign and size, and the places of filters."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, plots


def image(axes):
    (drawn,) = axes.images
    return np.asarray(drawn.get_array())


def test_positive_numbers_are_blue_negative_ones_red_and_zero_is_nearly_white(axes):
    w = np.zeros((1, 1, 1, 3))
    w[0, 0, 0] = (-2, 0, 2)
    plots.filters(w, axes=axes)
    red, white, blue = image(axes)[0, :3, :3]
    assert red[0] > 0.3 > red[2]
    assert blue[2] > 0.3 > blue[0]
    assert white.min() > 0.95
    assert axes.get_xlabel() == "+2 is blue, −2 red"


def test_filters_of_one_channel_fill_a_rectangle(axes):
    plots.filters(np.ones((6, 1, 5, 5)), columns=3, axes=axes)
    assert image(axes).shape == (2 * 5 + 1, 3 * 5 + 2, 4)


def test_filters_of_several_channels_have_a_row_each(axes):
    w = np.zeros((2, 3, 1, 1))
    w[1, 2] = 1
    plots.filters(w, axes=axes)
    drawn = image(axes)
    assert drawn.shape == (3, 5, 4)
    assert drawn[2, 4, 0] < 0.1
    assert drawn[0::2, 0::2, 0].min(initial=2, where=np.arange(6).reshape(2, 3) != 5) > 0.9


def test_a_scale_makes_pictures_comparable(axes):
    w = np.ones((1, 1, 1, 1))
    plots.filters(w, scale=2.0, axes=axes)
    pale = image(axes)[0, 0, 0]
    axes.clear()
    plots.filters(w, axes=axes)
    assert image(axes)[0, 0, 0] < pale


def test_a_parameter_is_drawn_and_a_linear_layer_as_pictures(axes):
    plots.filters(nn.Conv2d(1, 4, 3).w, axes=axes)
    axes.clear()
    plots.filters(nn.Linear(784, 10).w.T.reshape(10, 1, 28, 28), columns=5, axes=axes)
    assert image(axes).shape == (2 * 28 + 3, 5 * 28 + 4 * 3, 4)


def test_the_maps_of_one_image_are_drawn_with_or_without_its_axis(axes):
    y = np.arange(8.0).reshape(1, 2, 2, 2)
    plots.feature_maps(mg.Variable(y), axes=axes)
    with_axis = image(axes)
    axes.clear()
    plots.feature_maps(y[0], axes=axes)
    np.testing.assert_array_equal(image(axes), with_axis)
    assert axes.get_xlabel() == "+7 is blue"


def test_filters_that_are_zero_are_white(axes):
    plots.filters(np.zeros((1, 1, 2, 2)), axes=axes)
    assert image(axes)[..., :3].min() > 0.95


@pytest.mark.parametrize(
    ("draw", "array", "message"),
    [
        (plots.filters, np.zeros((3, 5, 5)), r"filters: w must be \(O, C, KH, KW\), and not empty; w \(3, 5, 5\)"),
        (plots.filters, np.zeros((0, 1, 5, 5)), "and not empty"),
        (plots.filters, np.full((1, 1, 2, 2), np.nan), "w must be finite; 4 numbers are not"),
        (plots.feature_maps, np.zeros((2, 3, 5, 5)), r"y must be of one image, .* y \(2, 3, 5, 5\)"),
        (plots.feature_maps, np.zeros((5, 5)), "y must be of one image"),
    ],
)
def test_what_is_no_filter_or_map_is_said(draw, array, message):
    with pytest.raises(ValueError, match=message):
        draw(array)
