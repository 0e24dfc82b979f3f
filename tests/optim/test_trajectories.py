"""The optimizers take PyTorch's steps: 300 of them in float64, recorded by record_trajectories.py."""

import json
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from tests.optim.problem import CHECKPOINTS, SETTINGS, gradient, start

RECORDED = json.loads(Path(__file__).with_name("trajectories.json").read_text("utf-8"))


@pytest.mark.parametrize("case", SETTINGS)
def test_300_steps_are_pytorchs(case):
    kind, settings = SETTINGS[case]
    p = nn.Parameter(start())
    optimizer = getattr(optim, kind)([p], **settings)
    points = []
    for step in range(1, CHECKPOINTS[-1] + 1):
        p.grad = mg.Variable(gradient(p.data, step))
        optimizer.step()
        if step in CHECKPOINTS:
            points.append(p.data.copy())
    np.testing.assert_allclose(points, RECORDED[case], rtol=1e-9)


def test_every_optimizer_that_pytorch_has_is_compared():
    public = [getattr(optim, name) for name in optim.__all__]
    kinds = {thing.__name__ for thing in public if isinstance(thing, type) and issubclass(thing, optim.Optimizer)}
    assert {kind for kind, _ in SETTINGS.values()} == kinds - {"Optimizer", "Lion"}


def test_300_steps_of_lion_are_the_papers():
    """Algorithm 2 of Chen et al.; a number whose gradient is always 0 decays alone."""
    lr, beta1, beta2, decay = 0.01, 0.8, 0.6, 0.1
    p, expected, m = nn.Parameter(start()), start(), np.zeros(4)
    optimizer = optim.Lion([p], lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay)
    for step in range(1, CHECKPOINTS[-1] + 1):
        g = gradient(expected, step) * [1, 1, 1, 0]
        expected = expected - lr * (np.sign(beta1 * m + (1 - beta1) * g) + decay * expected)
        m = beta2 * m + (1 - beta2) * g
        p.grad = mg.Variable(gradient(p.data, step) * [1, 1, 1, 0])
        optimizer.step()
        np.testing.assert_allclose(p.data, expected, rtol=1e-9)
