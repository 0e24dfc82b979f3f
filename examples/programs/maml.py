"""Model-agnostic meta-learning: weights from which one step of gradient descent fits a new sine through ten points.

The loss after the step is differentiated through the step, by a gradient that was computed with create_graph=True.

Source: Finn et al. 2017, "Model-agnostic meta-learning for fast adaptation of deep networks", section 5.1.
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim

STEP = 0.02  # the learning rate of the adaptation
POINTS, TASKS = 10, 5


def predict(weights, x):
    """A network 1-40-40-1 as a function of its weights."""
    w1, b1, w2, b2, w3, b3 = weights
    return F.linear(F.relu(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)), w3, b3)


def adapted(weights, x, y):
    """The weights after one step towards the points."""
    loss = F.mean_squared_error(predict(weights, x), y)
    return [w - STEP * gw for w, gw in zip(weights, mg.grad(loss, weights, create_graph=True), strict=True)]


def sine(rng):
    """A function of x: a sine of random amplitude and phase."""
    amplitude, phase = rng.uniform(0.5, 5), rng.uniform(0, np.pi)
    return lambda x: (amplitude * np.sin(x + phase)).astype(np.float32)


def points(rng):
    """Some x, (POINTS, 1)."""
    return rng.uniform(-5, 5, (POINTS, 1)).astype(np.float32)


def train(steps):
    """The meta-learned weights and the losses after adaptation."""
    rng = np.random.default_rng(0)
    layers = [nn.Linear(1, 40), nn.Linear(40, 40), nn.Linear(40, 1)]
    weights = [p for layer in layers for p in layer.parameters()]
    optimizer = optim.Adam(weights, lr=2e-3)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        total = 0.0
        for f in [sine(rng) for _ in range(TASKS)]:
            x, new = points(rng), points(rng)
            loss = F.mean_squared_error(predict(adapted(weights, x, f(x)), new), f(new)) / TASKS
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return weights, losses


def draw(figure, result):
    """A new sine, before the step and after it; the losses."""
    weights, losses = result
    rng = np.random.default_rng(7)
    f, x, line = sine(rng), points(rng), np.linspace(-5, 5, 200, dtype=np.float32)[:, None]
    left, right = figure.subplots(1, 2)
    left.plot(line, f(line), "k--", label="a new sine")
    left.plot(x, f(x), "ko")
    left.plot(line, predict(weights, line).data, alpha=0.5, label="before")
    left.plot(line, predict(adapted(weights, x, f(x)), line).data, label="after one step")
    left.legend()
    right.semilogy(np.convolve(losses, np.ones(50) / 50, "valid") if len(losses) > 50 else losses)
    right.set(xlabel="meta-step", title="loss after one step")


if __name__ == "__main__":
    _, losses = command(train, draw, steps=2000)
    print(f"loss after one step of adaptation: {np.mean(losses[:20]):.3g} -> {np.mean(losses[-20:]):.3g}")
