"""LeNet-5, the convolutional network that read cheques (0.95 % errors on MNIST in the paper).

Source: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition", section II.B,
which the book "Deep Learning from Scratch" shows in section 7.7: conv 5×5×6 on images with a border of 2, subsampling,
conv 5×5×16, subsampling, 120, 84, 10. Where the paper has peculiarities of its time, here is what became usual:

* C3 sees all six maps, and not the ten subsets of table I.
* Subsampling is a plain average, without a factor, a bias and a squashing of its own.
* tanh(a) instead of 1.7159·tanh(2/3·a); Glorot's initial weights.
* A softmax with cross-entropy instead of radial basis functions, and gradient descent with momentum, on minibatches,
  instead of the diagonal Levenberg–Marquardt method on single images; the 20 passes are the paper's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from minigrad import Variable, nn, optim
from minigrad.core.operators import Operand
from minigrad.functions import avg_pool2d, flatten, tanh
from minigrad.training import Recipe


class LeNet5(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10)."""

    def __init__(self) -> None:
        self.conv1 = nn.Conv2d(1, 6, 5, pad=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(5 * 5 * 16, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Operand) -> Variable:
        """Logits, before the softmax that the loss contains."""
        h = avg_pool2d(tanh(self.conv1(x)), 2)  # (N, 1, 28, 28) -> (N, 6, 14, 14)
        h = avg_pool2d(tanh(self.conv2(h)), 2)  # -> (N, 16, 5, 5)
        h = tanh(self.fc1(flatten(h)))  # -> (N, 120)
        h = tanh(self.fc2(h))  # -> (N, 84)
        logits: Variable = self.fc3(h)  # -> (N, 10)
        return logits


MOMENTUM: Callable[..., optim.Optimizer] = partial(optim.SGD, momentum=0.9)

RECIPES = {
    "quick": Recipe(LeNet5, optim.Adam, lr=0.002, batch_size=50, epochs=3, decay=True),
    "paper": Recipe(LeNet5, MOMENTUM, lr=0.02, batch_size=50, epochs=20, decay=True),
}
