"""Adam: steps of a size adapted to each number, by its gradients' first and second moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend.kernels import Formula
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trainable import Trainable


def adam(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    rate: Any,
    beta1: Any,
    beta1_rest: Any,
    beta2: Any,
    beta2_rest: Any,
    floor: Any,
    weight_decay: Any,
) -> Any:
    """One step of one number; rate and floor have the corrections of m and v in them."""
    g = g + weight_decay * p
    m = beta1 * m + beta1_rest * g
    v = beta2 * v + beta2_rest * (g * g)
    return p - rate * (m / (np.sqrt(v) + floor)), m, v


class Adam(Optimizer):
    """p ← p − lr·m̂ / (√v̂ + eps), with running means m of g and v of g², corrected for their start at zero.

    m ← beta1·m + (1 − beta1)·g, m̂ = m / (1 − beta1^t); v ← beta2·v + (1 − beta2)·g², v̂ = v / (1 − beta2^t).
    Each parameter has its own t, the number of its updates.

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: about the size of a step.
        beta1, beta2: how much of the running means is left a step later, in [0, 1).
        eps: keeps the divisor from zero.
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty); AdamW does it otherwise.

    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    formula: Formula | None = staticmethod(adam)
    slot_names = ("m", "v")
    beta1 = Checked(checks.fraction, one=False)
    beta2 = Checked(checks.fraction, one=False)
    eps = Checked(checks.positive)
    weight_decay = Checked(checks.not_negative)

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.beta1, self.beta2, self.eps, self.weight_decay = beta1, beta2, eps, weight_decay

    def numbers(self, step: int) -> tuple[float, ...]:
        scale = math.sqrt(1 - self.beta2**step)
        rate = self.lr * scale / (1 - self.beta1**step)
        betas = self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2
        return rate, *betas, self.eps * scale, self.weight_decay
