"""A Wasserstein GAN with gradient penalty: a generator of points on a ring of eight Gaussians.

The critic's gradient towards its input is part of its loss, which is differentiated again.

Source: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", algorithm 1.
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim

BATCH, NOISE, CRITIC_STEPS, PENALTY = 128, 2, 5, 1.0


def ring(rng, count):
    """Points of eight Gaussians on a circle, (count, 2)."""
    angle = rng.integers(8, size=count) * np.pi / 4
    return (2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.standard_normal((count, 2))).astype(np.float32)


def network(inputs, outputs):
    """Two hidden layers."""
    return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))


def train(steps):
    """Real points, generated ones, and the critic's estimates of the distance."""
    rng = np.random.default_rng(0)
    generator, critic = network(NOISE, 2), network(2, 1)
    improve_generator = optim.Adam(generator.parameters(), lr=1e-3, beta1=0.5, beta2=0.9)
    improve_critic = optim.Adam(critic.parameters(), lr=1e-3, beta1=0.5, beta2=0.9)

    def noise():
        return rng.standard_normal((BATCH, NOISE)).astype(np.float32)

    distances = []
    for _ in range(steps):
        for _ in range(CRITIC_STEPS):
            real = ring(rng, BATCH)
            with mg.no_grad():
                fake = generator(noise()).data
            part = rng.random((BATCH, 1), dtype=np.float32)
            between = mg.Variable(part * real + (1 - part) * fake)
            slope = mg.grad(critic(between).sum(), between, create_graph=True)  # (N, 2), each towards its own point
            length = F.norm(slope, axis=1)
            distance = critic(real).mean() - critic(fake).mean()
            improve_critic.zero_grad()
            (PENALTY * F.square(length - 1).mean() - distance).backward()
            improve_critic.step()
        improve_generator.zero_grad()
        (-critic(generator(noise())).mean()).backward()
        improve_generator.step()
        distances.append(distance.item())
    with mg.inference():
        return ring(rng, 1000), np.concatenate([generator(noise()).data for _ in range(8)]), distances


def draw(figure, result):
    """The points, and the distance."""
    real, fake, distances = result
    left, right = figure.subplots(1, 2)
    left.plot(*real.T, ".", ms=2, label="real")
    left.plot(*fake.T, ".", ms=2, label="generated")
    left.set_aspect("equal")
    left.legend()
    right.plot(distances)
    right.set(xlabel="step", title="the critic's distance")


if __name__ == "__main__":
    real, fake, distances = command(train, draw, steps=1500)
    nearest = np.linalg.norm(fake[:, None] - real[None], axis=2).min(1)
    near = (nearest < 0.15).mean()
    print(f"distance {distances[0]:.3g} -> {distances[-1]:.3g}; {near:.0%} of the points are near a real one")
