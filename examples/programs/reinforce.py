"""Policy gradient: a network learns to balance a pole on a cart from rewards alone.

Source: Williams 1992, "Simple statistical gradient-following algorithms" (REINFORCE); the cart and pole of Barto,
Sutton & Anderson 1983.
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim

LONGEST, EPISODES, DISCOUNT = 200, 8, 0.98


def moved(state, right):
    """The states (N, 4) 20 ms later: position, velocity, angle, angular velocity; the force is 10 N to either side."""
    _, velocity, angle, turn = state.T
    force = np.where(right, 10.0, -10.0)
    push = (force + 0.05 * turn**2 * np.sin(angle)) / 1.1
    turning = (9.8 * np.sin(angle) - np.cos(angle) * push) / (0.5 * (4 / 3 - 0.1 * np.cos(angle) ** 2 / 1.1))
    change = [velocity, push - 0.05 * turning * np.cos(angle) / 1.1, turn, turning]
    return state + 0.02 * np.stack(change, 1)


def play(policy, rng):
    """States, actions and discounted rewards-to-go of some episodes, and how many steps each lasted."""
    state, alive = rng.uniform(-0.05, 0.05, (EPISODES, 4)), np.ones(EPISODES, bool)
    states, actions, lived = [], [], []
    for _ in range(LONGEST):
        with mg.inference():
            p = F.sigmoid(policy(state.astype(np.float32))).data[:, 0]
        right = rng.random(EPISODES) < p
        states.append(state)
        actions.append(right)
        lived.append(alive)
        state = moved(state, right)
        alive = alive & (np.abs(state[:, 0]) < 2.4) & (np.abs(state[:, 2]) < 0.21)
        if not alive.any():
            break
    rewards = np.array(lived, np.float32)  # (steps, EPISODES)
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += DISCOUNT * rewards[t + 1]
    chosen = np.array(lived).ravel()
    flat = (
        np.array(states, np.float32).reshape(-1, 4)[chosen],
        np.array(actions).ravel()[chosen],
        rewards.ravel()[chosen],
    )
    return *flat, np.sum(lived, 0)


def train(steps):
    """The mean length of the episodes of each step."""
    rng = np.random.default_rng(0)
    policy = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = optim.Adam(policy.parameters(), lr=1e-2)
    lengths = []
    for _ in range(steps):
        states, right, rewards, lasted = play(policy, rng)
        advantage = (rewards - rewards.mean()) / (rewards.std() + 1e-6)
        logit = policy(states)[:, 0]
        surprise = F.sigmoid_cross_entropy(logit, right, reduction="none")  # −log p of the actions
        optimizer.zero_grad()
        (surprise * advantage).mean().backward()
        optimizer.step()
        lengths.append(lasted.mean())
    return lengths


def draw(figure, lengths):
    """How long the pole stood."""
    panel = figure.subplots()
    panel.plot(lengths)
    panel.set(xlabel="step", ylabel="mean length of an episode", title="Balancing a pole")


if __name__ == "__main__":
    lengths = command(train, draw, steps=150)
    print(f"steps until the pole falls: {np.mean(lengths[:5]):.0f} -> {np.mean(lengths[-5:]):.0f} (of {LONGEST})")
