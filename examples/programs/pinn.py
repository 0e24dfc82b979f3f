"""A physics-informed network: it learns the motion of a damped oscillator from its equation alone, u″ + 2γu′ + ω²u = 0.

The derivatives of the network's output towards its input are part of the loss, which is differentiated again.

Source: Raissi et al. 2019, "Physics-informed neural networks".
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim

GAMMA, OMEGA = 0.5, 4.0  # damping and frequency; u(0) = 1, u′(0) = 0
END = 2.0


def exact(t):
    """The solution."""
    frequency = np.sqrt(OMEGA**2 - GAMMA**2)
    return np.exp(-GAMMA * t) * (np.cos(frequency * t) + GAMMA / frequency * np.sin(frequency * t))


def train(steps):
    """Times, the network's motion, and the losses."""
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    t = mg.Variable(np.linspace(0, END, 64, dtype=np.float32)[:, None])  # (64, 1)
    losses = []
    for step in range(steps):
        u = model(t)
        du = mg.grad(u.sum(), t, create_graph=True)  # of each u towards its own t
        ddu = mg.grad(du.sum(), t, create_graph=True)
        equation = ddu + 2 * GAMMA * du + OMEGA**2 * u
        start = F.square(u[0, 0] - 1) + F.square(du[0, 0]) / OMEGA**2
        loss = F.square(equation).mean() / OMEGA**2 + 10 * start
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = 5e-3 * (1 - step / steps)
        optimizer.step()
        losses.append(loss.item())
    return t.data[:, 0], model(t).data[:, 0], losses


def draw(figure, result):
    """The motion beside the solution, and the loss."""
    t, u, losses = result
    left, right = figure.subplots(1, 2)
    left.plot(t, u, lw=4, alpha=0.5, label="network")
    left.plot(t, exact(t), "k--", label="solution")
    left.set(xlabel="t", ylabel="u", title="A damped oscillator")
    left.legend()
    right.semilogy(losses)
    right.set(xlabel="step", title="loss")


if __name__ == "__main__":
    t, u, losses = command(train, draw, steps=3000)
    print(f"loss {losses[0]:.3g} -> {losses[-1]:.3g}, largest error {np.abs(u - exact(t)).max():.3g}")
