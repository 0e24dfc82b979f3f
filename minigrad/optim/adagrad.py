"""Adagrad: steps that become smaller where the gradients were large."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer, Trainable


def adagrad(p: Any, g: Any, h: Any, lr: Any, eps: Any) -> Any:
    """One step of one number."""
    h = h + g * g
    return p - lr * (g / (np.sqrt(h) + eps)), h


class Adagrad(Optimizer):
    """h ← h + g², p ← p − lr·g / (√h + eps); eps is added to the root as in "Deep Learning from Scratch" (Saito 2016).

    Source: Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
    """

    formula = staticmethod(adagrad)
    slot_names = ("h",)
    eps = Checked(checks.positive)

    def __init__(self, parameters: Trainable, *, lr: float = 0.01, eps: float = 1e-7) -> None:
        super().__init__(parameters, lr=lr)
        self.eps = eps

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        return self.lr, self.eps
