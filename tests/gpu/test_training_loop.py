"""What a training loop does beside a step, on a GPU: gradients clipped, weights averaged, and nothing waits for it."""

import cupy
import numpy as np
import pytest

import minigrad as mg
from minigrad import optim


def parameters(array_of):
    rng = np.random.default_rng(0)
    made = []
    for shape in [(3, 4), (5,), (), (0, 2)]:
        p = mg.Variable(array_of(rng.standard_normal(shape).astype(np.float32)), requires_grad=True)
        p.grad = mg.Variable(array_of(rng.standard_normal(shape).astype(np.float32)))
        made.append(p)
    return made


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_gradients_are_clipped_as_on_the_cpu(clip):
    there, here = parameters(cupy.asarray), parameters(np.asarray)
    norms = clip(there, 0.5), clip(here, 0.5)
    if clip is optim.clip_grad_norm:
        assert float(norms[0]) == pytest.approx(float(norms[1]), rel=1e-6)
    for one, other in zip(there, here, strict=True):
        assert isinstance(one.grad.data, cupy.ndarray)
        np.testing.assert_allclose(one.grad.data.get(), other.grad.data, rtol=1e-6)


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_nothing_waits_for_a_clipped_gradient(clip, hosted):
    there = parameters(cupy.asarray)
    clip(there, 0.5)
    with hosted.counting() as counts:
        clip(there, 0.25)
    assert counts.synchronizations == counts.copies_to_host == 0


def test_weights_are_averaged_as_on_the_cpu():
    states = []
    for array_of in (cupy.asarray, np.asarray):
        made = parameters(array_of)
        average = optim.ExponentialMovingAverage(made, decay=0.75)
        for p in made:
            p.data += 1.0
        average.update()
        with average.applied():
            states.append([mg.Variable(p.data).numpy() for p in made] + [*average.state_dict().values()])
    for one, other in zip(*states, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
