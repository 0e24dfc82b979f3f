"""A small residual network with batch normalization, for 99.5 % on MNIST.

Source: He, Zhang, Ren & Sun 2016, "Deep residual learning for image recognition", section 4.2: a convolution, three
stages of blocks of two 3×3 convolutions with a shortcut around them, of which the second and the third stage halve the
image and double the channels; global average pooling, one dense layer. Weights are He's, without biases; SGD with
momentum 0.9, weight decay 1e-4 and a rate of 0.1 on minibatches of 128.

Here: one block a stage (ResNet-8), and where the shape changes a 1×1 convolution as the shortcut (option B); 15 epochs,
in which the rate falls from 0.1 linearly to 0. The images are shifted at random as the paper's are, by 2 pixels at most
instead of 4, and not mirrored: digits have no mirror images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from minigrad import Variable, nn, optim
from minigrad.core.operators import Operand
from minigrad.functions import global_avg_pool2d, relu
from minigrad.nn import init
from minigrad.training import Recipe

START = init.HeNormal()


class Block(nn.Module):
    """Two convolutions, and the input added to what they make: (N, C, H, W) -> (N, O, H / stride, W / stride)."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        self.conv1 = nn.Conv2d(channels, outputs, 3, stride=stride, pad=1, bias=False, init=START)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, pad=1, bias=False, init=START)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or channels != outputs:
            projection = nn.Conv2d(channels, outputs, 1, stride=stride, bias=False, init=START)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: Operand) -> Variable:
        """relu(x + what the block adds)."""
        h = relu(self.norm1(self.conv1(x)))
        h = self.norm2(self.conv2(h))
        return relu(h + self.shortcut(x))


class ResNet(nn.Module):
    """Images (N, 1, 28, 28) to logits (N, 10), through three stages of `blocks` blocks each."""

    def __init__(self, blocks: int = 1, channels: int = 16) -> None:
        self.conv = nn.Conv2d(1, channels, 3, pad=1, bias=False, init=START)
        self.norm = nn.BatchNorm2d(channels)
        self.blocks = []
        before = channels
        for stage in range(3):
            for i in range(blocks):
                outputs = channels * 2**stage
                self.blocks += [Block(before, outputs, stride=2 if stage and not i else 1)]
                before = outputs
        self.fc = nn.Linear(before, 10)

    def forward(self, x: Operand) -> Variable:
        """Logits, before the softmax that the loss contains."""
        h = relu(self.norm(self.conv(x)))  # (N, 1, 28, 28) -> (N, C, 28, 28)
        for block in self.blocks:
            h = block(h)  # -> (N, C, 28, 28), (N, 2·C, 14, 14), (N, 4·C, 7, 7)
        logits: Variable = self.fc(global_avg_pool2d(h))  # -> (N, 10)
        return logits


MOMENTUM: Callable[..., optim.Optimizer] = partial(optim.SGD, momentum=0.9, weight_decay=1e-4)

RECIPES = {
    "quick": Recipe(ResNet, MOMENTUM, lr=0.1, batch_size=128, epochs=2, decay=True),
    "paper": Recipe(ResNet, MOMENTUM, lr=0.1, batch_size=128, epochs=15, decay=True, shift=2),
}
