"""Module.summary: a row for each call of a layer, and the totals."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn
from minigrad.core import config


class Scale(nn.Module):
    """y = w · x, the smallest layer."""

    def __init__(self, value=1.0):
        self.w = nn.Parameter(np.full(2, value, np.float32))

    def forward(self, x):
        return x * self.w


def test_summary_of_the_keras_basic_classification_model():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    table = """
name      layer             output    parameters
------------------------------------------------
layers.0  Flatten()         (N, 784)           0
layers.1  Linear(784, 128)  (N, 128)     100,480
layers.2  ReLU()            (N, 128)           0
layers.3  Linear(128, 10)   (N, 10)        1,290
------------------------------------------------
          total                          101,770
          trainable                      101,770
"""
    assert model.summary((1, 28, 28)) == table.strip()
    assert model.summary(np.zeros((3, 1, 28, 28), np.float32)) == table.strip()
    assert model.summary(mg.Variable(np.zeros((3, 784), np.float32))) == table.strip()


def test_summary_of_images():
    model = nn.Sequential(nn.Conv2d(1, 6, 5, pad="same"), nn.MaxPool2d(2))
    rows = model.summary((1, 28, 30)).splitlines()
    assert re.split(r"  +", rows[2]) == ["layers.0", "Conv2d(1, 6, 5, pad='same')", "(N, 6, 28, 30)", "156"]
    assert re.split(r"  +", rows[3]) == ["layers.1", "MaxPool2d(2)", "(N, 6, 14, 15)", "0"]


def rows_of(summary):
    return [re.split(r"  +", line.strip()) for line in summary.splitlines() if "---" not in line][1:]


def test_summary_counts_what_is_shared_once():
    shared, tied = Scale(), Scale()
    tied.w = shared.w
    assert rows_of(nn.Sequential(shared, tied, shared).summary((2,))) == [
        ["layers.0", "Scale()", "(N, 2)", "2"],
        ["layers.1", "Scale()", "(N, 2)", "0"],
        ["layers.0", "Scale()", "(N, 2)", "again"],
        ["total", "2"],
        ["trainable", "2"],
    ]


def test_summary_of_parameters_outside_of_the_layers_that_ran():
    model = nn.Sequential(Scale())
    model.own, model.idle = nn.Parameter(np.zeros((10, 100))), Scale()
    assert rows_of(model.summary((2,))) == [
        ["layers.0", "Scale()", "(N, 2)", "2"],
        ["in none of these layers", "1,002"],
        ["total", "1,004"],
        ["trainable", "1,004"],
    ]


def test_summary_of_frozen_parameters():
    model = nn.Sequential(Scale(), Scale())
    model[0].w.requires_grad = False
    assert rows_of(model.summary((2,)))[-2:] == [["total", "4"], ["trainable", "2"]]


def test_summary_of_a_single_layer_and_of_other_outputs():
    class Two(nn.Module):
        def forward(self, x):
            return x.sum(), (x.numpy(), None)

    assert rows_of(nn.Linear(2, 3).summary((5, 2)))[0] == ["Linear(2, 3)", "(N, 5, 3)", "9"]
    assert rows_of(Two().summary(mg.Variable(np.ones((4, 7)))))[0] == ["Two()", "(), (N, 7), NoneType", "0"]


def test_summary_runs_without_recording_and_training():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append((x.requires_grad, x.dtype))
            return x

    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.9), Spy())
    mg.seed(0)
    state = config.generator().bit_generator.state
    model.summary((2,))
    assert seen == [(False, np.float32)]
    assert config.generator().bit_generator.state == state
    assert model(np.ones((1, 2), np.float32)).requires_grad


def test_summary_gives_the_example_the_parameters_dtype():
    with mg.default_dtype(np.float64):
        model = nn.Linear(2, 3)
    assert "(N, 3)" in model.summary((2,))


def test_a_summary_that_fails_leaves_nothing_behind():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 5))
    with pytest.raises(ValueError, match="linear"):
        model.summary((2,))
    assert len(rows_of(model[0].summary((2,)))) == 3


@pytest.mark.parametrize("x", [[1, 28, 28], 784, (1, 2.0), (True,), "x", None])
def test_summary_needs_an_input_or_a_shape(x):
    with pytest.raises(TypeError, match=r"summary: x"):
        Scale().summary(x)


def test_a_functional_model_needs_no_layers():
    class Model(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(np.ones((3, 2), np.float32))

        def forward(self, x):
            return F.linear(x, self.w)

    assert rows_of(Model().summary((3,)))[0] == ["Model()", "(N, 2)", "6"]
