"""A convolutional autoencoder: it removes noise from digits; transposed convolutions bring the image back to its size.

Source: Vincent et al. 2008, "Extracting and composing robust features with denoising autoencoders"; Zeiler et al. 2010,
"Deconvolutional networks".
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim

NOISE = 0.5


def autoencoder():
    """Images (N, 1, 28, 28) -> (N, 16, 7, 7) -> logits of pixels (N, 1, 28, 28)."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, pad=1),  # -> (N, 8, 14, 14)
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, pad=1),  # -> (N, 16, 7, 7)
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, stride=2, pad=1),  # -> (N, 8, 14, 14)
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, pad=1),  # -> (N, 1, 28, 28)
    )


def train(steps):
    """Test images, noisy ones, what became of them, and the losses."""
    train, test = data.mnist()
    rng, model = np.random.default_rng(0), autoencoder()
    optimizer = optim.Adam(model.parameters(), lr=2e-3)

    def noisy(x):
        return (x + NOISE * rng.standard_normal(x.shape)).astype(np.float32)

    losses = []
    while len(losses) < steps:
        for x, _ in data.batches(train, 64):
            loss = F.sigmoid_cross_entropy(model(noisy(x)), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    x, _ = next(iter(data.batches(test, 10, shuffle=False)))
    given = noisy(x)
    with mg.inference():
        return x, given, F.sigmoid(model(given)).data, losses


def draw(figure, result):
    """Digits, with noise, and without it again."""
    for i, row in enumerate(figure.subplots(3, 10)):
        for panel, image in zip(row, result[i], strict=True):
            panel.imshow(image[0], cmap="gray_r", vmin=0, vmax=1)
            panel.axis("off")


if __name__ == "__main__":
    x, given, cleaned, losses = command(train, draw, steps=1000)
    before, after = (np.abs(images.clip(0, 1) - x).mean() for images in (given, cleaned))
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}; a pixel is off by {before:.3f} before, {after:.3f} after")
