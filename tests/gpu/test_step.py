"""What a training step asks of the device: how many launches, and never to wait for it."""

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import optim
from models import RECIPES

MOST = 45


@pytest.fixture(scope="module")
def step():
    """One step of Deep MNIST, of a minibatch that is on the device, with labels that may be."""
    mg.seed(0)
    model = RECIPES["deep_mnist"]["paper"].build().to("cuda")
    optimizer, x = optim.Adam(model.parameters(), lr=1e-3), cupy.zeros((2, 1, 28, 28), np.float32)

    def run(labels):
        optimizer.zero_grad()
        F.softmax_cross_entropy(model(x), labels).backward()
        optimizer.step()

    return run


@pytest.mark.parametrize("labels", ["on the host", "on the device", "on the device, bytes"])
def test_a_step_has_few_launches_and_no_synchronization(step, hosted, labels):
    t = np.array([3, 7]) if labels == "on the host" else cupy.asarray([3, 7])
    t = t.astype(np.uint8) if labels.endswith("bytes") else t
    hosted.dry.value = 1
    try:
        step(t)  # compiles, and makes the optimizer's arrays
        with hosted.counting() as counts:
            step(t)
    finally:
        hosted.dry.value = 0
    assert counts.synchronizations == counts.copies_to_host == 0
    assert counts.launches + counts.products <= MOST, counts.kernels
    assert counts.products == 11
    assert counts.kernels[-1] == "update"
