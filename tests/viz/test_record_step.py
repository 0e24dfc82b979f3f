"""RecordStep: one step of a training as a diagram."""

import pytest

import minigrad.functions as F
from minigrad import training, viz
from minigrad.settings import settings
from tests.training.small import digits, make


def fit(*callbacks):
    model, optimizer = make()
    return training.fit(
        model, optimizer, digits(), loss=F.softmax_cross_entropy, callbacks=callbacks, progress=False
    ), model


def test_a_step_is_drawn_with_its_backward_and_its_layers(tmp_path):
    fit(viz.RecordStep(2, tmp_path / "step.dot", view="ops"))
    text = (tmp_path / "step.dot").read_text()
    assert "training step 2" in text
    assert "SoftmaxCrossEntropy" in text
    assert "layers.0" in text


def test_the_other_steps_are_not_recorded(tmp_path):
    hooks = []

    class Looking(training.Callback):
        def before_step(self, training):
            hooks.append(len(settings.get().grad_mode.hooks))

    fit(viz.RecordStep(2, tmp_path / "step.dot"), Looking())
    assert hooks == [0, 1, 0]


def test_a_step_that_fails_is_recorded_no_longer(tmp_path):
    class Failing(training.Callback):
        def before_step(self, training):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fit(viz.RecordStep(1, tmp_path / "step.dot"), Failing())
    assert settings.get().grad_mode.hooks == ()


def test_the_number_of_a_step_is_checked():
    with pytest.raises(ValueError, match="RecordStep: step must be at least 1, not 0"):
        viz.RecordStep(0, "x.svg")
