"""Adversarial examples: the gradient towards the image tells how to change it a little and be wrong.

Source: Goodfellow et al. 2015, "Explaining and harnessing adversarial examples" (the fast gradient sign method).
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim

EPSILON = 0.1  # the most that a pixel between 0 and 1 is changed by


def classifier(steps):
    """A network that was trained on MNIST."""
    train, _ = data.mnist()
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    for step, (x, t) in enumerate(data.batches(train, 64)):
        if step == steps:
            break
        optimizer.zero_grad()
        F.softmax_cross_entropy(model(x), t).backward()
        optimizer.step()
    return model


def attacked(model, images, labels):
    """The images, each pixel moved by EPSILON in the direction that raises the loss."""
    x = mg.Variable(images)
    gx = mg.grad(F.softmax_cross_entropy(model(x), labels), x)
    return np.clip(images + EPSILON * np.sign(gx.data), 0, 1)


def train(steps):
    """Test images, what they were changed to, the labels, and what the model takes both for."""
    model = classifier(steps)
    _, test = data.mnist()
    x, t = next(iter(data.batches(test, 1000, shuffle=False)))
    changed = attacked(model, x, t)
    with mg.inference():
        return x, changed, t, model(x).data.argmax(1), model(changed).data.argmax(1)


def draw(figure, result):
    """Digits that were right, and what they are taken for now."""
    x, changed, t, before, after = result
    chosen = np.flatnonzero((before == t) & (after != t))[:8]
    for k, panel in enumerate(figure.subplots(2, 8).flat):
        i = chosen[k % 8]
        panel.imshow((x if k < 8 else changed)[i, 0], cmap="gray_r", vmin=0, vmax=1)
        panel.set_title(f"{before[i] if k < 8 else after[i]}", color="black" if k < 8 else "red")
        panel.axis("off")


if __name__ == "__main__":
    _, _, t, before, after = command(train, draw, steps=800)
    print(f"accuracy {(before == t).mean():.1%}, on the changed images {(after == t).mean():.1%}")
