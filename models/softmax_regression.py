"""Softmax regression, the first model of TensorFlow's "Deep MNIST for Experts" (about 91 % in the tutorial).

Source: TensorFlow 0.x documentation, "Deep MNIST for Experts", section "Build a Softmax Regression Model": one layer
784 → 10, all weights zero at first, gradient descent with a step of 0.01 down the summed cross-entropy of minibatches
of 50, 1,000 of them. Of the 60,000 images the tutorial's reader sets 5,000 aside for validation.
"""

from __future__ import annotations

from minigrad import Variable, nn, optim
from minigrad.core.operators import Operand
from minigrad.functions import flatten
from minigrad.nn import init
from minigrad.training import Recipe


class SoftmaxRegression(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10), linearly."""

    def __init__(self) -> None:
        self.fc = nn.Linear(784, 10, init=init.Constant(0.0))

    def forward(self, x: Operand) -> Variable:
        """Logits, before the softmax that the loss contains."""
        logits: Variable = self.fc(flatten(x))
        return logits


PAPER = Recipe(SoftmaxRegression, optim.SGD, lr=0.01, batch_size=50, steps=1_000, reduction="sum", held_out=5_000)
RECIPES = {"quick": PAPER, "paper": PAPER}
