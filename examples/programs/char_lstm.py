"""A language model of characters: an LSTM learns to write like minigrad's documentation.

Backpropagation is truncated: the state goes on from part to part, the gradient does not.

Source: Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks".
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim

ROWS, PART = 32, 40  # texts side by side, characters in a part
DOCS = Path(__file__).parents[2] / "docs"


class Writer(nn.Module):
    """Logits of the next character (N · steps, characters), from one-hot characters (N, steps, characters)."""

    def __init__(self, characters):
        self.lstm, self.out = nn.LSTM(characters, 128), nn.Linear(128, characters)

    def forward(self, x, state=None):
        y, state = self.lstm(x, state)
        return self.out(y.reshape(-1, y.shape[-1])), state  # (N, steps, 128) -> (N · steps, 128)


def write(model, one_hot, start, count, rng):
    """Numbers of characters, drawn one after the other."""
    state, numbers = None, list(start)
    for i in range(len(start) + count - 1):
        logits, state = model(one_hot[None, numbers[i : i + 1]], state)
        if i >= len(start) - 1:
            p = F.softmax(logits[0] / 0.7).data.astype(np.float64)
            numbers.append(rng.choice(len(p), p=p / p.sum()))
    return numbers


def train(steps):
    """Text that the model wrote, and the losses."""
    characters = sorted(set(text := read()))
    code = np.array([characters.index(c) for c in text])
    code = code[: len(code) // ROWS * ROWS].reshape(ROWS, -1)  # (ROWS, length)
    one_hot = np.eye(len(characters), dtype=np.float32)
    model = Writer(len(characters))
    optimizer = optim.Adam(model.parameters(), lr=4e-3)
    losses, state, at = [], None, 0
    for _ in range(steps):
        if at + PART + 1 > code.shape[1]:
            state, at = None, 0
        logits, state = model(one_hot[code[:, at : at + PART]], state)
        loss = F.softmax_cross_entropy(logits, code[:, at + 1 : at + PART + 1].ravel())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state, at = nn.detached(state), at + PART
        losses.append(loss.item())
    with mg.inference():
        numbers = write(model, one_hot, [characters.index(c) for c in "A gradient "], 400, np.random.default_rng(0))
    return "".join(characters[i] for i in numbers), losses


def read():
    """The pages of the documentation that are text."""
    return "\n".join(
        page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")) if page.name != "functions.md"
    )


def draw(figure, result):
    """The loss, and what was written."""
    text, losses = result
    left, right = figure.subplots(1, 2)
    left.plot(losses)
    left.set(xlabel="step", title="loss, nats a character")
    written = "\n".join(fill(line, 60) for line in text.splitlines())
    right.text(0, 1, written, va="top", fontsize=6, family="monospace", parse_math=False)
    right.axis("off")


if __name__ == "__main__":
    text, losses = command(train, draw, steps=1000)
    print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f} nats a character\n{text}")
