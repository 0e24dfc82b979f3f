"""Adamax: Adam with the largest gradient, slowly forgotten, in place of the root of the second moment."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.optim.adam import Adam
from minigrad.optim.trainable import Trainable


def adamax(
    p: Any, g: Any, m: Any, u: Any, rate: Any, beta1: Any, beta1_rest: Any, beta2: Any, eps: Any, weight_decay: Any
) -> Any:
    """One step of one number; rate has the correction of m in it."""
    g = g + weight_decay * p
    m = beta1 * m + beta1_rest * g
    u = np.maximum(beta2 * u, np.abs(g) + eps)
    return p - rate * (m / u), m, u


class Adamax(Adam):
    """p ← p − lr·m̂ / u, with a running mean m of g, corrected for its start at zero, and a running maximum u of |g|.

    m ← beta1·m + (1 − beta1)·g, m̂ = m / (1 − beta1^t); u ← max(beta2·u, |g| + eps).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: no step is larger by much.
        beta1, beta2: how much of the running mean and of the maximum is left a step later, in [0, 1).
        eps: keeps the divisor from zero; added where PyTorch adds it (the paper has none).
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty).

    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 2.
    """

    formula = staticmethod(adamax)
    slot_names = ("m", "u")

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay)

    def numbers(self, step: int) -> tuple[float, ...]:
        rate = self.lr / (1 - self.beta1**step)
        return rate, self.beta1, 1 - self.beta1, self.beta2, self.eps, self.weight_decay
