"""plots.curves: which numbers become which curves, in which panels."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from minigrad import plots
from minigrad.plots.canvas import BLUE, ORANGE
from minigrad.training import History

DICT = {"loss": [0.9, 0.5], "validation_loss": [0.8, 0.6], "accuracy": [0.5, 0.75]}


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def lines(axes):
    """Label -> points, of the lines in the legend."""
    found = dict(zip(labels(axes), axes.get_legend_handles_labels()[0], strict=True))
    return {label.split()[0]: np.transpose(line.get_data()).tolist() for label, line in found.items()}


def history(epochs, steps):
    made = History()
    for _ in range(steps):
        made.add_step(np.float32(1.0), lr=0.1, examples=10)
    for record in epochs:
        made.add_epoch(record)
    return made


def test_each_quantity_has_a_panel_and_the_loss_is_the_first():
    axes = plots.curves({"accuracy": [0.5], **DICT})
    assert [each.get_title(loc="left") for each in axes] == ["loss", "accuracy"]
    assert lines(axes[0]) == {"training": [[1, 0.9], [2, 0.5]], "validation": [[1, 0.8], [2, 0.6]]}
    assert [line.get_color() for line in axes[0].get_legend_handles_labels()[0]] == [BLUE, ORANGE]
    assert axes[0].get_xlabel() == "epoch"


def test_the_legend_says_where_the_curves_end_and_the_best_of_the_validation():
    axes = plots.curves({"loss": [0.9, 0.5, 0.4], "validation_loss": [0.8, 0.5, 0.6], "accuracy": [0.5, 0.9, 0.8]})
    assert labels(axes[0]) == ["training 0.4", "validation 0.6, best 0.5"]
    assert labels(axes[1]) == ["training 80.00%, best 90.00%"]


def test_records_of_steps_are_drawn_against_the_steps():
    records = [{"step": 10, "loss": 0.9, "seconds": 1.5}, {"step": 20, "loss": 0.5}, {"step": 20, "test_loss": 0.7}]
    (axes,) = plots.curves(records)
    assert axes.get_xlabel() == "step"
    assert lines(axes) == {"training": [[10, 0.9], [20, 0.5]], "test": [[20, 0.7]]}


def test_records_of_steps_and_epochs_are_joined_and_a_loss_is_not_taken_from_both():
    steps = [{"step": i, "loss": 1 / i} for i in (5, 10, 15, 20)]
    epochs = [{"epoch": e, "step": 10 * e, "loss": 9.0, "validation_loss": 0.5 / e} for e in (1, 2)]
    (axes,) = plots.curves([*steps[:2], epochs[0], *steps[2:], epochs[1], {"test_loss": 0.3}])
    assert axes.get_xlabel() == "epoch"
    assert lines(axes) == {
        "training": [[0.5, 1 / 5], [1, 1 / 10], [1.5, 1 / 15], [2, 1 / 20]],
        "validation": [[1, 0.5], [2, 0.25]],
        "test": [[2, 0.3]],
    }


def test_records_of_epochs_that_know_their_step_are_drawn_against_the_epochs():
    (axes,) = plots.curves([{"epoch": e, "step": 10 * e, "loss": 1 / e} for e in (1, 2)])
    assert axes.get_xlabel() == "epoch"
    assert lines(axes) == {"training": [[1, 1], [2, 0.5]]}


def test_a_history_shows_the_loss_of_each_step_between_the_epochs():
    epochs = [{"epoch": e, "step": 4 * e, "lr": 0.1, "loss": 9.0, "validation_loss": 1.5 / e} for e in (1, 2)]
    (axes,) = plots.curves(history(epochs, 10))
    assert axes.get_xlabel() == "epoch"
    found = lines(axes)
    assert [x for x, _ in found["training"]] == [i / 4 for i in range(1, 11)]
    assert found["validation"] == [[1, 1.5], [2, 0.75]]


def test_before_the_second_epochs_end_a_history_is_drawn_against_the_steps():
    (axes,) = plots.curves(history([{"epoch": 1, "step": 4, "loss": 1.0}], 6))
    assert axes.get_xlabel() == "step"
    assert [x for x, _ in lines(axes)["training"]] == [1, 2, 3, 4, 5, 6]


def test_the_learning_rate_is_drawn_if_it_is_asked_for():
    axes = plots.curves(history([], 5), names=("lr", "loss"))
    assert [each.get_title(loc="left") for each in axes] == ["lr", "loss"]
    assert len(plots.curves(history([], 5))) == 1


def test_many_numbers_are_drawn_faintly_under_their_running_mean(axes):
    rng = np.random.default_rng(0)
    plots.curves({"loss": (1 + 0.1 * rng.standard_normal(400)).tolist()}, axes=axes)
    faint, mean = axes.lines
    assert faint.get_alpha() < 0.5
    assert len(faint.get_ydata()) == 400
    assert np.std(mean.get_ydata()) < 0.3 * np.std(faint.get_ydata())


def test_a_loss_that_falls_far_has_a_logarithmic_axis(axes):
    plots.curves({"loss": [10.0, 0.1]}, axes=axes)
    assert axes.get_yscale() == "log"
    axes.clear()
    plots.curves({"loss": [10.0, 0.0]}, axes=axes)
    assert axes.get_yscale() == "linear"


def test_numbers_that_are_not_finite_leave_gaps(axes):
    plots.curves({"loss": [np.nan, 1.0, np.inf, 0.5]}, axes=axes)
    axes.figure.canvas.draw()
    assert labels(axes) == ["training 0.5"]


def test_what_keras_calls_val_is_the_validation():
    (axes,) = plots.curves({"loss": [0.5], "val_loss": [0.6]})
    assert labels(axes) == ["training 0.5", "validation 0.6"]


def test_what_is_no_number_is_no_curve():
    records = [{"epoch": 1, "loss": 0.5, "note": "good", "matrix": [[1, 2]], "done": True, "f1": None}]
    assert len(plots.curves(records)) == 1


def test_the_axes_that_are_given_come_back_and_pyplot_has_no_new_figure(axes):
    assert plots.curves(DICT, names="accuracy", axes=axes) == [axes]
    assert plt.get_fignums() == []


def test_several_axes_are_for_as_many_names():
    _, several = plt.subplots(2, 1)
    assert plots.curves(DICT, axes=several) == list(several)


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ({}, {}, ValueError, "curves: the history is empty: there is nothing to draw"),
        ([], {}, ValueError, "the history is empty"),
        (3, {}, TypeError, "history must be a History, a dict of lists, or records, not int"),
        ({"loss": 0.5}, {}, TypeError, "a history that is a dict must have lists of numbers"),
        (DICT, {"names": ["lost"]}, ValueError, "there is no 'lost' in the history; there are loss, accuracy"),
        (DICT, {"axes": "nothing"}, TypeError, "axes must be one matplotlib Axes, not str"),
    ],
)
def test_what_cannot_be_drawn_is_said(given, options, error, message):
    with pytest.raises(error, match=message):
        plots.curves(given, **options)


def test_too_few_axes_are_said(axes):
    with pytest.raises(ValueError, match=r"2 names \(loss, accuracy\) need as many axes, not 1"):
        plots.curves(DICT, axes=axes)


def test_the_one_point_of_one_epoch_stands_on_an_axis_from_0():
    records = [*({"step": i, "loss": 1 / i} for i in range(1, 31)), {"epoch": 1, "step": 30, "accuracy": 0.5}]
    loss, accuracy = plots.curves(records)
    assert accuracy.get_xlim()[0] == 0
    assert loss.get_xlim()[0] < 1
