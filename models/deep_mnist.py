"""The convolutional network of TensorFlow's "Deep MNIST for Experts" (about 99.2 % in the tutorial).

Source: TensorFlow 0.x documentation, "Deep MNIST for Experts", section "Build a Multilayer Convolutional Network":
weights from a truncated normal distribution with σ = 0.1, biases 0.1; Adam with 1e-4 down the summed cross-entropy of
minibatches of 50, 20,000 of them; dropout 0.5. Adam takes the same steps for a sum as for a mean, up to its eps.

The preset "quick" gets there in two epochs: He's initial weights, ten times the rate, falling to 0.
"""

from __future__ import annotations

from minigrad import Variable, nn, optim
from minigrad.core.operators import Operand
from minigrad.functions import flatten, relu
from minigrad.nn import init
from minigrad.training import Recipe

TUTORIALS_W = init.TruncatedNormal(0.1)
TUTORIALS_B = init.Constant(0.1)


class DeepMNIST(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10), from initial weights `w` and biases `b`: the tutorial's, or others."""

    def __init__(self, w: init.Initializer = TUTORIALS_W, b: init.Initializer = TUTORIALS_B) -> None:
        self.conv1 = nn.ConvReLUPool(1, 32, 5, pad="same", init=w, bias_init=b)
        self.conv2 = nn.ConvReLUPool(32, 64, 5, pad="same", init=w, bias_init=b)
        self.fc1 = nn.Linear(7 * 7 * 64, 1024, init=w, bias_init=b)
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(1024, 10, init=w, bias_init=b)

    def forward(self, x: Operand) -> Variable:
        """Logits, before the softmax that the loss contains."""
        h = self.conv1(x)  # (N, 1, 28, 28) -> (N, 32, 14, 14)
        h = self.conv2(h)  # -> (N, 64, 7, 7)
        h = relu(self.fc1(flatten(h)))  # -> (N, 1024)
        logits: Variable = self.fc2(self.dropout(h))  # -> (N, 10)
        return logits


RECIPES = {
    "quick": Recipe(
        lambda: DeepMNIST(init.HeNormal(), init.Constant(0.0)), optim.Adam, lr=1e-3, batch_size=50, epochs=2, decay=True
    ),
    "paper": Recipe(DeepMNIST, optim.Adam, lr=1e-4, batch_size=50, steps=20_000, reduction="sum", held_out=5_000),
}
