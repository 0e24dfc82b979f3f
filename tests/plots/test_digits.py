"""plots.digits: what is drawn of which image, in which order and colour."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import minigrad as mg
from minigrad import plots
from minigrad.plots.canvas import INK, PAPER, PINK, RED


def words(axes):
    return [text.get_text() for text in axes.texts]


def image(axes):
    (drawn,) = axes.images
    return np.asarray(drawn.get_array())


def red(axes):
    return [text.get_text() for text in axes.texts if text.get_color() == RED]


def test_ink_is_dark_on_white_and_what_lies_between_images_is_transparent(axes):
    x = np.zeros((2, 1, 9, 9), np.float32)
    x[0, 0, 3, 4] = 1
    assert plots.digits(x, axes=axes, columns=2) is axes
    drawn = image(axes)
    assert drawn.shape == (9, 9 + 1 + 9, 4)
    np.testing.assert_allclose(drawn[3, 4], (*INK, 1))
    np.testing.assert_allclose(drawn[0, 0], (*PAPER, 1))
    assert drawn[:, 9, 3].tolist() == [0] * 9
    assert words(axes) == []
    assert not axes.get_title(loc="left")


def test_labels_stand_above_their_images(axes):
    plots.digits(np.zeros((3, 1, 28, 28)), [7, 0, 7], columns=2, axes=axes)
    assert words(axes) == ["7", "0", "7"]
    places = [text.get_position() for text in axes.texts]
    assert places[0][0] == places[2][0] < places[1][0]
    assert places[0][1] == places[1][1] < places[2][1]


@pytest.mark.parametrize("count", [12, 20, 30, 40, 50])
def test_the_picture_is_wider_than_high_with_the_words(axes, count):
    labels = np.zeros(count, int)
    plots.digits(np.zeros((count, 1, 28, 28)), labels, labels + 1, axes=axes)
    H, W, _ = image(axes).shape
    assert 1.2 * H < W < 3.5 * H


def test_a_wrong_prediction_is_red_and_says_what_was_taken_for_what(axes):
    x = np.zeros((3, 1, 8, 8))
    x[:, :, 2, 2] = 1
    plots.digits(x, [4, 5, 6], [4, 9, 6], columns=3, axes=axes)
    assert words(axes) == ["4", "5 → 9", "6"]
    assert red(axes) == ["5 → 9"]
    drawn = image(axes)[-8:]
    np.testing.assert_allclose(drawn[2, 9 + 2, :3], RED)
    np.testing.assert_allclose(drawn[0, 9, :3], PINK)
    np.testing.assert_allclose(drawn[0, 0, :3], PAPER)
    assert axes.get_title(loc="left") == "1 of 3 wrong"


@pytest.mark.parametrize("scale", [1.0, 100.0])  # logits as well as probabilities
def test_with_scores_the_worst_come_first_and_the_surest_last(axes, scale):
    scores = scale * np.array([[0.9, 0.1, 0.0], [0.3, 0.4, 0.3], [0.1, 0.0, 0.9], [0.5, 0.4, 0.1]])
    plots.digits(np.zeros((4, 1, 8, 8)), [0, 0, 0, 0], scores, axes=axes)
    assert words(axes) == ["0 → 2", "0 → 1", "0", "0"]


def test_only_so_many_are_drawn_and_the_title_says_of_how_many(axes):
    scores = np.eye(3)[[0, 1, 1, 2]]
    plots.digits(np.zeros((4, 1, 8, 8)), [0, 0, 1, 1], scores, count=2, axes=axes)
    assert words(axes) == ["0 → 1", "1 → 2"]
    assert axes.get_title(loc="left") == "2 of 4 wrong; the worst 2"


def test_without_scores_the_first_are_drawn(axes):
    plots.digits(np.zeros((4, 1, 8, 8)), [0, 0, 1, 1], np.array([0, 0, 1, 2]), count=2, axes=axes)
    assert words(axes) == ["0", "0"]
    assert axes.get_title(loc="left") == "1 of 4 wrong; the first 2"


def test_scores_of_nan_are_worst_and_no_class(axes):
    scores = np.array([[0.9, 0.1], [0.1, 0.9], [np.nan, 1.0]])
    plots.digits(np.zeros((3, 1, 8, 8)), [0, 0, 1], scores, axes=axes)
    assert words(axes) == ["1 → NaN", "0 → 1", "0"]


def test_classes_have_the_names_that_are_given(axes):
    plots.digits(np.zeros((2, 1, 8, 8)), [0, 1], [0, 0], names=("coat", "shirt"), axes=axes)
    assert words(axes) == ["coat", "shirt\n→ coat"]


def test_a_name_is_no_formula(axes):
    plots.digits(np.zeros((1, 1, 8, 8)), [0], names=["$\\frac$"], axes=axes)
    axes.figure.canvas.draw()


def test_numbers_from_0_to_255_and_any_others_become_0_to_1(axes):
    plots.digits(np.full((1, 8, 8), 255, np.uint8), axes=axes)
    np.testing.assert_allclose(image(axes)[0, 0, :3], INK)
    axes.clear()
    plots.digits(np.array([[[-1.0, 1.0], [np.nan, np.inf]]]), axes=axes)
    np.testing.assert_allclose(image(axes)[0, :2, :3], [PAPER, INK])


def test_coloured_images_keep_their_colours_and_get_a_red_frame(axes):
    x = np.zeros((2, 3, 20, 20))
    x[:, 1] = 0.5
    plots.digits(x, [0, 1], [0, 0], columns=2, axes=axes)
    drawn = image(axes)[-20:]
    np.testing.assert_allclose(drawn[0, 0, :3], (0, 0.5, 0))
    np.testing.assert_allclose(drawn[0, -1, :3], RED)
    np.testing.assert_allclose(drawn[10, -10, :3], (0, 0.5, 0))


def test_variables_are_drawn_as_their_arrays(axes):
    logits = mg.Variable(np.array([[0.0, 1.0]]))
    plots.digits(mg.Variable(np.zeros((1, 1, 8, 8))), [0], logits, axes=axes)
    assert words(axes) == ["0 → 1"]


def test_nothing_that_is_given_changes():
    x, t, scores = np.ones((2, 3, 20, 20)), np.array([1, 0]), np.eye(2)
    before = [array.copy() for array in (x, t, scores)]
    plots.digits(x, t, scores)
    for array, old in zip((x, t, scores), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_without_axes_there_is_a_new_figure_of_pyplots():
    axes = plots.digits(np.zeros((1, 1, 8, 8)))
    assert axes.get_figure() is plt.gcf()


def test_with_axes_pyplot_has_no_new_figure(axes):
    plots.digits(np.zeros((1, 1, 8, 8)), axes=axes)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("count", [1, 2, 7, 24, 50])
def test_letters_fit_above_their_images(count):
    axes = plots.digits(np.zeros((count, 1, 28, 28)), np.zeros(count, int), np.ones(count, int), count=count)
    figure = axes.get_figure()
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([np.zeros((0, 1, 8, 8))], ValueError, r"digits: x must be \(N, 1, H, W\), .* not empty; x \(0, 1, 8, 8\)"),
        ([np.zeros((2, 2, 8, 8))], ValueError, "x must be"),
        ([np.zeros((2, 8, 8), complex)], TypeError, "x must be numbers, not complex128"),
        ([np.zeros((2, 8, 8)), [1]], ValueError, r"labels must be \(2,\), one for each image; labels \(1,\)"),
        ([np.zeros((2, 8, 8)), np.eye(2)], TypeError, r"labels must be ints, not float64; .* labels.argmax\(1\)"),
        ([np.zeros((2, 8, 8)), [0, 1], np.eye(3)], ValueError, r"scores must be \(2, classes\)"),
        ([np.zeros((2, 8, 8)), [0, 2], np.eye(2)], ValueError, r"labels\[1\] is 2, but there are scores of 2 classes"),
    ],
)
def test_what_does_not_fit_is_said(arguments, error, message):
    with pytest.raises(error, match=message):
        plots.digits(*arguments)
    assert plt.get_fignums() == []


def test_a_class_without_a_name_is_said():
    with pytest.raises(ValueError, match="an image of class 2, but names has 2"):
        plots.digits(np.zeros((1, 8, 8)), [2], names=("coat", "shirt"))


def test_several_axes_are_refused_with_advice():
    _, several = plt.subplots(1, 2)
    with pytest.raises(TypeError, match=r"must be one matplotlib Axes, not ndarray; of several take one, axes\[0\]"):
        plots.digits(np.zeros((1, 8, 8)), axes=several)
