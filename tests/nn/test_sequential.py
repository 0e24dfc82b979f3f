"""Sequential: modules one after the other."""

import numpy as np
import pytest

import minigrad.functions as F
from minigrad import nn


def test_sequential_calls_one_after_the_other():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(model(x).data, model[2](model[1](model[0](x))).data, strict=True)


def test_sequential_is_a_sequence():
    layers = [nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[-1] is layers[2]
    assert isinstance(model[1:], nn.Sequential)
    assert list(model[1:]) == layers[1:]
    with pytest.raises(IndexError):
        model[3]


def test_sequential_takes_modules_only():
    with pytest.raises(TypeError, match=r"Sequential: modules\[1\] must be a Module, not function"):
        nn.Sequential(nn.Tanh(), F.relu)
    with pytest.raises(TypeError, match=r"Sequential: modules\[0\] is the class ReLU; write ReLU\(\.\.\.\)"):
        nn.Sequential(nn.ReLU)
    with pytest.raises(TypeError, match=r"Sequential: modules\[0\] must be a Module, not list"):
        nn.Sequential([nn.Tanh()])
