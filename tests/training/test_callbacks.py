"""Callbacks: early stopping, rates by epoch, averaged weights."""

import math

import numpy as np
import pytest

import minigrad.functions as F
from minigrad import optim, training
from minigrad.optim import schedules
from tests.training.small import bits, digits, make


class Figures(training.Callback):
    """Puts given figures in place of an epoch's loss, and keeps the weights of each epoch."""

    order = -1

    def __init__(self, *figures):
        self.figures, self.weights = figures, []

    def after_epoch(self, training):
        training.history.epochs[-1]["loss"] = self.figures[training.epoch - 1]
        self.weights.append(bits(training.model))


def fit(*callbacks, epochs=1, model_and_optimizer=None, **options):
    model, optimizer = model_and_optimizer or make()
    history = training.fit(
        model, optimizer, digits(), loss=F.softmax_cross_entropy, epochs=epochs, callbacks=callbacks,
        **{"progress": False} | options,
    )  # fmt: skip
    return model, optimizer, history


# early stopping


def test_a_training_stops_when_it_gets_no_better_and_has_the_best_weights_then():
    figures = Figures(3.0, 1.0, 1.5, 1.0, 0.5)
    model, _, history = fit(training.EarlyStopping("loss", patience=1), figures, epochs=5)
    assert history["loss"] == [3.0, 1.0, 1.5, 1.0]
    assert bits(model) == figures.weights[1]


def test_the_best_weights_are_put_back_after_the_last_epoch_too():
    figures = Figures(1.0, 2.0)
    model, _, _ = fit(training.EarlyStopping("loss"), figures, epochs=2)
    assert bits(model) == figures.weights[0]


def test_the_best_weights_are_put_back_after_ctrl_c():
    class Interrupted(training.Callback):
        def after_step(self, training):
            if training.epoch == 3:
                raise KeyboardInterrupt

    figures, (model, optimizer) = Figures(1.0, 2.0), make()
    with pytest.raises(KeyboardInterrupt):
        fit(training.EarlyStopping("loss"), figures, Interrupted(), epochs=3, model_and_optimizer=(model, optimizer))
    assert bits(model) == figures.weights[0]


def test_the_weights_stay_as_they_are_if_that_is_wanted():
    figures = Figures(1.0, 2.0)
    model, _, _ = fit(training.EarlyStopping("loss", restore=False), figures, epochs=2)
    assert bits(model) == figures.weights[1]


@pytest.mark.parametrize(
    ("options", "figures", "epochs"),
    [
        ({"patience": 0}, [2.0, 1.0, 1.0, 0.0], 3),
        ({"patience": 0, "threshold": 0.5}, [2.0, 1.6, 1.0, 0.0], 2),
        ({"patience": 0, "mode": "max"}, [1.0, 2.0, 1.5, 3.0], 3),
        ({"patience": 1}, [math.nan, 1.0, math.nan, math.nan], 4),
        ({"patience": 0}, [math.nan, 1.0, 1.0, 1.0], 1),
    ],
)
def test_what_is_better(options, figures, epochs):
    _, _, history = fit(training.EarlyStopping("loss", **options), Figures(*figures), epochs=4)
    assert len(history) == epochs


def test_the_reason_is_printed(capsys):
    fit(training.EarlyStopping("loss", patience=0), Figures(1.0, 2.0, 0.0), epochs=3, progress=True)
    assert capsys.readouterr().out.endswith("stopped after epoch 2: loss was no better than 1 for 1 epochs\n")


def test_one_early_stopping_serves_for_several_trainings():
    stopping = training.EarlyStopping("loss", patience=0)
    for _ in range(2):
        assert len(fit(stopping, Figures(2.0, 1.0, 1.0, 0.0), epochs=4)[2]) == 3


def test_early_stopping_of_a_figure_that_there_is_not():
    with pytest.raises(
        ValueError, match="EarlyStopping: name must be one of loss, not 'validation_loss'; fit needs valid"
    ):
        fit(training.EarlyStopping())


@pytest.mark.parametrize(
    ("name", "mode"), [("loss", "min"), ("validation_error", "min"), ("validation_top_accuracy", "max")]
)
def test_what_is_best_follows_from_some_names(name, mode):
    assert training.EarlyStopping(name).mode == mode


def test_what_is_best_must_be_said_of_others():
    with pytest.raises(ValueError, match="EarlyStopping: is 'f1' better small or large"):
        training.EarlyStopping("f1")
    with pytest.raises(ValueError, match='EarlyStopping: mode must be "min" or "max", not \'best\''):
        training.EarlyStopping("f1", mode="best")
    with pytest.raises(TypeError, match="EarlyStopping: the name to watch must be a text, not 3"):
        training.EarlyStopping(3)


# rates and averages


def test_a_rate_by_epoch():
    _, optimizer, history = fit(training.LearningRate(schedules.step(0.1, every=1, factor=0.5)), epochs=3)
    assert history["lr"] == [0.1, 0.05, 0.025]
    assert optimizer.lr == 0.025


def test_a_rate_that_falls_when_the_loss_does_not():
    plateau = schedules.ReduceOnPlateau(0.1, factor=0.1, patience=0)
    _, optimizer, history = fit(training.LearningRate(plateau, of="loss"), Figures(1.0, 2.0, 0.5), epochs=3)
    assert history.steps["lr"][3:] == pytest.approx([0.1] * 3 + [0.01] * 3)
    assert optimizer.lr == pytest.approx(0.01)


def test_rates_that_are_none():
    with pytest.raises(TypeError, match=r"LearningRate: schedule must be a function, not 0\.1"):
        training.LearningRate(0.1)
    with pytest.raises(ValueError, match="LearningRate: of must be one of loss, not 'accuracy'"):
        fit(training.LearningRate(schedules.constant(0.1), of="accuracy"))


def test_the_model_gets_the_mean_of_its_weights_at_the_end():
    model, optimizer = make()
    average = optim.ExponentialMovingAverage(model.parameters(), decay=0.5)
    for x, t in digits():
        training.train_step(model, optimizer, x, t, loss=F.softmax_cross_entropy)
        average.update()
    averaged, _, _ = fit(training.AverageWeights(decay=0.5))
    for name, expected in average.state_dict().items():
        np.testing.assert_array_equal(averaged.state_dict()[name], expected)


def test_a_decay_is_a_fraction():
    with pytest.raises(ValueError, match=r"AverageWeights: decay must be in \[0, 1\), not 1"):
        training.AverageWeights(decay=1)
