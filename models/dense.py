"""Fully connected networks: of Keras's "Basic classification", and of the codelab "TensorFlow without a PhD".

Sources:
    "paper": Keras tutorial "Basic classification: classify images of clothing" (Fashion-MNIST): Flatten, 128 ReLU, 10;
    Glorot uniform weights, zero biases; Adam 0.001 on minibatches of 32, 5 epochs; 101,770 parameters; 0.8781 on the
    test images in the text followed.
    "quick": Google codelab "TensorFlow, Keras and deep learning, without a PhD": 200 ReLU, 60 ReLU, 10; Adam on
    minibatches of 128; 50,000 images to train on and 10,000 to validate; here 10 epochs.
"""

from __future__ import annotations

from minigrad import nn, optim
from minigrad.training import Recipe


class Dense(nn.Sequential):
    """Images (N, 1, 28, 28) to logits (N, 10), through hidden layers with ReLU."""

    def __init__(self, *hidden: int) -> None:
        widths = [784, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in zip(widths, hidden, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU()]
        super().__init__(*layers, nn.Linear(widths[-1], 10))


RECIPES = {
    "quick": Recipe(lambda: Dense(200, 60), optim.Adam, lr=0.001, batch_size=128, epochs=10, held_out=10_000),
    "paper": Recipe(lambda: Dense(128), optim.Adam, lr=0.001, batch_size=32, epochs=5),
}
