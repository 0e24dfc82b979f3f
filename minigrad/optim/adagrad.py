"""Adagrad: steps that become smaller where the gradients were large."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trainable import Trainable


def adagrad(p: Any, g: Any, h: Any, lr: Any, eps: Any, weight_decay: Any) -> Any:
    """One step of one number."""
    g = g + weight_decay * p
    h = h + g * g
    return p - lr * (g / (np.sqrt(h) + eps)), h


class Adagrad(Optimizer):
    """h ← h + g², p ← p − lr·g / (√h + eps); eps is added to the root as in "Deep Learning from Scratch" (Saito 2016).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: the size of the first step.
        eps: keeps the divisor from zero.
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty).

    Source: Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
    """

    formula = staticmethod(adagrad)
    slot_names = ("h",)
    eps = Checked(checks.positive)
    weight_decay = Checked(checks.not_negative)

    def __init__(
        self, parameters: Trainable, *, lr: float = 0.01, eps: float = 1e-7, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.eps, self.weight_decay = eps, weight_decay

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        return self.lr, self.eps, self.weight_decay
