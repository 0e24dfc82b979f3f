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
