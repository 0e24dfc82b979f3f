"""Recipe: the training of a model, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from minigrad.functions import softmax_cross_entropy
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import polynomial


@dataclass(frozen=True)
class Recipe:
    """The training of a model.

    Attributes:
        build: makes the model, with initial weights from the current random generator.
        optimizer: makes the optimizer, from the model's parameters and `lr=`.
        lr: learning rate.
        batch_size: images in a minibatch.
        steps: updates; None if `epochs` says how long.
        epochs: passes through the training images; None if `steps` says how long.
        reduction: the loss of a minibatch is the "mean" or the "sum" of its images' cross-entropies.
        held_out: training images set aside to validate with; with 0 the test images serve.
        decay: let the learning rate fall linearly to 0.
        shift: each training image is moved by up to so many pixels, at random.
    """

    build: Callable[[], Module]
    optimizer: Callable[..., Optimizer]
    lr: float
    batch_size: int
    steps: int | None = None
    epochs: int | None = None
    reduction: str = "mean"
    held_out: int = 0
    decay: bool = False
    shift: int = 0

    def arguments(self, model: Module, minibatches: int) -> dict[str, Any]:
        """What `fit` needs to train a model of images so, beside the minibatches, of which an epoch has so many.

        >>> from minigrad import nn, optim
        >>> recipe = Recipe(lambda: nn.Linear(784, 10), optim.SGD, lr=0.5, batch_size=100, steps=1000, decay=True)
        >>> arguments = recipe.arguments(recipe.build(), 600)
        >>> arguments["steps"], arguments["schedule"](500)
        (1000, 0.25)
        """
        steps = self.steps or minibatches * (self.epochs or 1)
        return {
            "optimizer": self.optimizer(model.parameters(), lr=self.lr),
            "loss": partial(softmax_cross_entropy, reduction=self.reduction),
            "epochs": self.epochs,
            "steps": self.steps,
            "schedule": polynomial(self.lr, steps=steps) if self.decay else None,
        }
