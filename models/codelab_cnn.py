"""The last network of the codelab "TensorFlow, Keras and deep learning, without a PhD" (99.3 % and more there).

Source: Google codelab of that name by Martin Görner, step "Batch normalization": conv 3×3×12, conv 6×6×24 and conv
6×6×32, the latter two with stride 2, dense 200, dense 10; no biases but a batch normalization with centre and without
scale before each ReLU; dropout 0.4 behind the dense layer; Adam with 0.01 on minibatches of 128, 10 epochs; 50,000
images to train on and 10,000 to validate. The batch normalizations' eps and momentum are minigrad's, 1e-5 and 0.1.

The codelab multiplies the rate by 0.6 after each epoch; here it falls linearly to 0 from 0.005, the same on average.
"""

from __future__ import annotations

from minigrad import Variable, nn, optim
from minigrad.core.operators import Operand
from minigrad.functions import flatten, relu
from minigrad.training import Recipe


class CodelabCNN(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10)."""

    def __init__(self, dropout: float = 0.4) -> None:
        self.conv1 = nn.Conv2d(1, 12, 3, pad="same", bias=False)
        self.conv2 = nn.Conv2d(12, 24, 6, stride=2, pad="same", bias=False)
        self.conv3 = nn.Conv2d(24, 32, 6, stride=2, pad="same", bias=False)
        self.norms = [nn.BatchNorm2d(channels, scale=False) for channels in (12, 24, 32)]
        self.fc1 = nn.Linear(7 * 7 * 32, 200, bias=False)
        self.norm = nn.BatchNorm1d(200, scale=False)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(200, 10)

    def forward(self, x: Operand) -> Variable:
        """Logits, before the softmax that the loss contains."""
        h = relu(self.norms[0](self.conv1(x)))  # (N, 1, 28, 28) -> (N, 12, 28, 28)
        h = relu(self.norms[1](self.conv2(h)))  # -> (N, 24, 14, 14)
        h = relu(self.norms[2](self.conv3(h)))  # -> (N, 32, 7, 7)
        h = relu(self.norm(self.fc1(flatten(h))))  # -> (N, 200)
        logits: Variable = self.fc2(self.dropout(h))  # -> (N, 10)
        return logits


RECIPES = {
    "quick": Recipe(CodelabCNN, optim.Adam, lr=0.005, batch_size=128, epochs=3, decay=True),
    "paper": Recipe(CodelabCNN, optim.Adam, lr=0.005, batch_size=128, epochs=10, held_out=10_000, decay=True),
}
