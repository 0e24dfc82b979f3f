"""SimpleConvNet of the book "Deep Learning from Scratch", chapter 7 (98.60 % in the text followed).

Source: Saito 2016, "Deep Learning from Scratch", section 7.5, with AdaGrad as in the notes on the book that minigrad's
users come from: weights from N(0, 0.01²), zero biases; AdaGrad with 0.06, which adds 1e-7 to the square root; 6,000
minibatches of 100. There each minibatch is drawn from all images; here they are shuffled anew for each pass.
"""

from __future__ import annotations

from minigrad import Variable, nn, optim
from minigrad.core.operators import Operand
from minigrad.functions import flatten, relu
from minigrad.nn import init
from minigrad.training import Recipe


class SimpleConvNet(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10)."""

    def __init__(self) -> None:
        start = init.Normal(0.01)
        self.conv = nn.ConvReLUPool(1, 30, 5, init=start)
        self.fc1 = nn.Linear(12 * 12 * 30, 100, init=start)
        self.fc2 = nn.Linear(100, 10, init=start)

    def forward(self, x: Operand) -> Variable:
        """Logits, before the softmax that the loss contains."""
        h = self.conv(x)  # (N, 1, 28, 28) -> (N, 30, 12, 12)
        h = relu(self.fc1(flatten(h)))  # -> (N, 100)
        logits: Variable = self.fc2(h)  # -> (N, 10)
        return logits


RECIPES = {
    "quick": Recipe(SimpleConvNet, optim.Adagrad, lr=0.06, batch_size=100, epochs=1),
    "paper": Recipe(SimpleConvNet, optim.Adagrad, lr=0.06, batch_size=100, steps=6_000),
}
