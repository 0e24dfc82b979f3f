"""plots.confusion_matrix: its words and colours."""

import numpy as np
import pytest

from minigrad import metrics, plots

COUNTS = np.array([[90, 10, 0], [1, 49, 0], [0, 0, 0]])


def words(axes):
    return [text.get_text() for text in axes.texts]


def colors(axes):
    (drawn,) = axes.images
    return np.asarray(drawn.get_array())


def test_counts_stand_in_their_places_and_zeros_are_left_out(axes):
    assert plots.confusion_matrix(COUNTS, axes=axes) is axes
    cells = {text.get_position(): text.get_text() for text in axes.texts[:4]}
    assert cells == {(0, 0): "90", (1, 0): "10", (0, 1): "1", (1, 1): "49"}
    assert axes.get_ylabel() == "label"
    assert axes.get_xlabel() == "prediction"


def test_each_row_says_which_part_was_found_and_the_title_which_part_is_right(axes):
    plots.confusion_matrix(COUNTS, axes=axes)
    assert words(axes)[4:] == ["found", "90.0%", "98.0%"]
    assert axes.get_title(loc="left") == "92.67% of 150 right"


def test_right_is_blue_a_mistake_red_and_the_worst_mistake_reddest(axes):
    plots.confusion_matrix(COUNTS, axes=axes)
    drawn = colors(axes)
    assert drawn[0, 0, 2] > drawn[0, 0, 0]
    assert drawn[0, 1, 0] > drawn[0, 1, 2]
    assert drawn[1, 0, 0] > drawn[1, 0, 2] > drawn[0, 1, 2]
    np.testing.assert_array_equal(drawn[0, 2], 1)
    np.testing.assert_array_equal(drawn[2], 1)  # a class without labels


def test_the_metrics_matrix_fits(axes):
    metric = metrics.ConfusionMatrix(3)
    metric.update(np.eye(3), np.array([0, 1, 1]))
    plots.confusion_matrix(metric.value(), axes=axes, names=("a", "b", "c"))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_many_classes_are_drawn_without_counts(axes):
    plots.confusion_matrix(np.eye(200, dtype=int), axes=axes)
    assert words(axes) == []
    assert axes.get_title(loc="left") == "100.00% of 200 right"


def test_a_model_without_any_label_has_no_title(axes):
    plots.confusion_matrix(np.zeros((2, 2), int), axes=axes)
    assert not axes.get_title(loc="left")


@pytest.mark.parametrize(
    ("matrix", "names", "error", "message"),
    [
        (np.eye(2), None, TypeError, r"matrix must be counts, ints, not float64; matrix \(2, 2\)"),
        (np.ones((2, 3), int), None, ValueError, r"matrix must be \(C, C\), a row for each label; matrix \(2, 3\)"),
        (np.ones((0, 0), int), None, ValueError, "matrix must be"),
        (-np.eye(2, dtype=int), None, ValueError, "must not be negative, but one is -1"),
        (np.eye(2, dtype=int), ["a"], ValueError, "names must be 2, one for each class, not 1"),
    ],
)
def test_what_is_no_confusion_matrix_is_said(matrix, names, error, message):
    with pytest.raises(error, match=message):
        plots.confusion_matrix(matrix, names=names)


def test_a_name_is_no_formula(axes):
    plots.confusion_matrix(np.eye(2, dtype=int), names=("$", r"$\frac"), axes=axes)
    axes.figure.canvas.draw()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["$", r"$\frac"]
