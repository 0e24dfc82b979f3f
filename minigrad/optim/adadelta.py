"""Adadelta: steps in the unit of the parameter, by running means of squared gradients and of squared steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trainable import Trainable


def adadelta(p: Any, g: Any, v: Any, s: Any, lr: Any, beta2: Any, beta2_rest: Any, eps: Any, weight_decay: Any) -> Any:
    """One step of one number."""
    g = g + weight_decay * p
    v = beta2 * v + beta2_rest * (g * g)
    step = np.sqrt(s + eps) / np.sqrt(v + eps) * g
    return p - lr * step, v, beta2 * s + beta2_rest * (step * step)


class Adadelta(Optimizer):
    """p ← p − lr·d, d = g·√(s + eps) / √(v + eps), with running means v of g² and s of d².

    v ← beta2·v + (1 − beta2)·g², s ← beta2·s + (1 − beta2)·d²; the first d are about √eps / √(1 − beta2) in size.

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate, a factor of the steps; 1 in the paper.
        beta2: how much of the running means is left a step later, in [0, 1); called rho elsewhere.
        eps: keeps the divisor from zero, and gives the first steps their size.
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty).

    Source: Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1.
    """

    formula = staticmethod(adadelta)
    slot_names = ("v", "s")
    beta2 = Checked(checks.fraction, one=False)
    eps = Checked(checks.positive)
    weight_decay = Checked(checks.not_negative)

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float = 1.0,
        beta2: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.beta2, self.eps, self.weight_decay = beta2, eps, weight_decay

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        return self.lr, self.beta2, 1 - self.beta2, self.eps, self.weight_decay
