"""A siamese network: it lays digits out in the plane so that equal ones are near and others are far.

Source: Hadsell et al. 2006, "Dimensionality reduction by learning an invariant mapping" (the contrastive loss).
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim

MARGIN = 1.0


def contrastive(a, b, same):
    """The mean of d² for equal digits, of max(MARGIN − d, 0)² for others; d is the distance of places (N, 2)."""
    distance = F.norm(a - b, axis=1)
    return F.where(same, F.square(distance), F.square(F.maximum(MARGIN - distance, 0))).mean()


def train(steps):
    """The places of test digits, their labels, and the losses."""
    train, test = data.mnist()
    place = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = optim.Adam(place.parameters(), lr=1e-3)
    losses = []
    while len(losses) < steps:
        for x, t in data.batches(train, 256):
            half = len(x) // 2
            y = place(x)
            loss = contrastive(y[:half], y[half : 2 * half], t[:half] == t[half : 2 * half])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    x, t = next(iter(data.batches(test, 2000, shuffle=False)))
    with mg.inference():
        return place(x).data, t, losses


def draw(figure, result):
    """The test digits in the plane, and the loss."""
    places, labels, losses = result
    left, right = figure.subplots(1, 2)
    points = left.scatter(*places.T, s=3, c=labels, cmap="tab10")
    left.set_title("test digits, never seen")
    figure.colorbar(points, ax=left)
    right.semilogy(losses)
    right.set(xlabel="step", title="contrastive loss")


if __name__ == "__main__":
    places, labels, losses = command(train, draw, steps=1000)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.diag(np.full(len(places), np.inf))
    right = (labels[distances.argmin(1)] == labels).mean()
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}; the nearest neighbour is the same digit: {right:.1%}")
