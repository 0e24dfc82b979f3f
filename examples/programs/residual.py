"""Residual connections: of two deep networks, the one with shortcuts around its layers learns.

Source: He et al. 2016, "Deep residual learning for image recognition".
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad.functions as F
from minigrad import data, nn, optim

DEPTH, WIDTH = 30, 64


class Deep(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10) through many layers."""

    def __init__(self, *, shortcuts):
        self.shortcuts = shortcuts
        self.first, self.last = nn.Linear(784, WIDTH), nn.Linear(WIDTH, 10)
        self.layers = [nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH)]

    def forward(self, x):
        h = F.relu(self.first(F.flatten(x)))
        for layer in self.layers:
            more = F.relu(layer(h))
            h = h + more / DEPTH if self.shortcuts else more
        return self.last(h)


def losses_of(model, steps):
    """The training loss of each step."""
    train, _ = data.mnist()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    while len(losses) < steps:
        for x, t in data.batches(train, 64):
            loss = F.softmax_cross_entropy(model(x), t)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    return losses


def train(steps):
    """The losses with and without shortcuts."""
    return losses_of(Deep(shortcuts=True), steps), losses_of(Deep(shortcuts=False), steps)


def draw(figure, result):
    """Both curves, smoothed."""
    panel = figure.subplots()
    for losses, name in zip(result, ("with shortcuts", "without"), strict=True):
        panel.semilogy(np.convolve(losses, np.ones(20) / 20, "valid") if len(losses) > 20 else losses, label=name)
    panel.set(xlabel="step", ylabel="training loss", title=f"{DEPTH + 2} layers")
    panel.legend()


if __name__ == "__main__":
    residual, plain = command(train, draw, steps=600)
    last = [np.mean(losses[-50:]) for losses in (residual, plain)]
    print(f"loss after {len(plain)} steps: with shortcuts {last[0]:.3f}, without {last[1]:.3f}")
