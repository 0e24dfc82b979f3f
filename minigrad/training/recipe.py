"""Recipe: the training of a model, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer


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
