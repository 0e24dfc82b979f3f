"""A tiny transformer: it learns to sort ten digits, each place looking at all others.

Source: Vaswani et al. 2017, "Attention is all you need"; the norm before each part as in Xiong et al. 2020, "On layer
normalization in the transformer architecture".
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim

LENGTH, DIGITS, FEATURES = 10, 10, 32


class Block(nn.Module):
    """Attention and a dense layer for each place, each added to what came in: (N, L, E) -> (N, L, E)."""

    def __init__(self):
        self.look, self.norm1 = nn.MultiHeadAttention(FEATURES, 4), nn.LayerNorm(FEATURES)
        self.think, self.norm2 = nn.Linear(FEATURES, 4 * FEATURES), nn.LayerNorm(FEATURES)
        self.conclude = nn.Linear(4 * FEATURES, FEATURES)

    def forward(self, x):
        x = x + self.look(self.norm1(x))
        return x + self.conclude(F.gelu(self.think(self.norm2(x))))


class Sorter(nn.Module):
    """Digits (N, L) to logits of the digit at each place of the sorted sequence, (N, DIGITS, L)."""

    def __init__(self):
        self.digits, self.places = nn.Embedding(DIGITS, FEATURES), nn.Embedding(LENGTH, FEATURES)
        self.blocks = [Block(), Block()]
        self.norm, self.out = nn.LayerNorm(FEATURES), nn.Linear(FEATURES, DIGITS)

    def forward(self, x):
        h = self.digits(x) + self.places(np.arange(LENGTH))  # (N, L, E)
        for block in self.blocks:
            h = block(h)
        return self.out(self.norm(h)).transpose(0, 2, 1)  # (N, L, DIGITS) -> (N, DIGITS, L)


def train(steps):
    """The part of new sequences that is sorted without a mistake, an example, and the losses."""
    rng, model = np.random.default_rng(0), Sorter()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for step in range(steps):
        x = rng.integers(DIGITS, size=(64, LENGTH))
        loss = F.softmax_cross_entropy(model(x), np.sort(x, 1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = 3e-3 * (1 - step / steps)
        optimizer.step()
        losses.append(loss.item())
    x = rng.integers(DIGITS, size=(500, LENGTH))
    with mg.inference():
        found = model(x).data.argmax(1)
    return (found == np.sort(x, 1)).all(1).mean(), (x[0], found[0]), losses


def draw(figure, result):
    """The loss."""
    right, (x, found), losses = result
    panel = figure.subplots()
    panel.semilogy(losses)
    panel.set(xlabel="step", ylabel="loss", title=f"{x} → {found}; {right:.1%} of new sequences sorted")


if __name__ == "__main__":
    right, (x, found), losses = command(train, draw, steps=700)
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.4f}; {x} -> {found}; {right:.1%} of new sequences without a mistake")
