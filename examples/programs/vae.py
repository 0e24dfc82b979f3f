"""A variational autoencoder with two latent numbers: it learns to draw digits, and where on a map they lie.

Source: Kingma & Welling 2014, "Auto-encoding variational Bayes".
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim


class VAE(nn.Module):
    """An encoder to the mean and the logarithmic variance of (N, 2), and a decoder to logits (N, 784)."""

    def __init__(self):
        self.encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 4))
        self.decoder = nn.Sequential(nn.Linear(2, 256), nn.ReLU(), nn.Linear(256, 784))

    def forward(self, x, noise):
        mean, log_variance = F.split(self.encoder(x), 2, axis=1)  # (N, 4) -> 2 × (N, 2)
        z = mean + F.exp(log_variance / 2) * noise  # differentiable towards mean and variance
        return self.decoder(z), mean, log_variance


def negative_elbo(logits, mean, log_variance, x):
    """The mean over the images of −log p(x|z), with Bernoulli pixels, and of the divergence of z from the normal."""
    reconstruction = F.sigmoid_cross_entropy(logits, x, reduction="none").sum(1)
    divergence = (F.square(mean) + F.exp(log_variance) - log_variance - 1).sum(1) / 2
    return (reconstruction + divergence).mean()


def train(steps):
    """The model, the images of the map, and the losses."""
    train, test = data.mnist()
    rng, model = np.random.default_rng(0), VAE()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    while len(losses) < steps:
        for images, _ in data.batches(train, 128):
            x = F.flatten(images)
            loss = negative_elbo(*model(x, rng.standard_normal((len(x), 2)).astype(np.float32)), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    with mg.inference():
        grid = np.stack(np.meshgrid(np.linspace(-2, 2, 12), np.linspace(2, -2, 12)), -1).reshape(-1, 2)
        drawn = F.sigmoid(model.decoder(grid.astype(np.float32))).data.reshape(12, 12, 28, 28)
        places = model.encoder(test.images[:2000].reshape(2000, -1).astype(np.float32) / 255).data[:, :2]
    return drawn.transpose(0, 2, 1, 3).reshape(12 * 28, -1), (places, test.labels[:2000]), losses


def draw(figure, result):
    """What is drawn for each place on the map, and where test images lie."""
    drawn, (places, labels), _ = result
    left, right = figure.subplots(1, 2)
    left.imshow(drawn, cmap="gray_r")
    left.set(xticks=[], yticks=[], title="drawn from the map")
    points = right.scatter(*places.T, s=3, c=labels, cmap="tab10")
    right.set(xlim=(-4, 4), ylim=(-4, 4), title="where test digits lie")
    figure.colorbar(points, ax=right)


if __name__ == "__main__":
    *_, losses = command(train, draw, steps=1500)
    print(f"negative evidence bound: {losses[0]:.1f} -> {np.mean(losses[-50:]):.1f} nats an image")
