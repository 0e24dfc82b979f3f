"""NAdam: Adam with Nesterov's look ahead in the first moment."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.optim.adam import Adam
from minigrad.optim.trainable import Trainable

LONG = 64
"""So many factors of `_momentum`, each 0.51 at most, are nothing beside 1."""


def nadam(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    rate_g: Any,
    rate_m: Any,
    beta1: Any,
    beta1_rest: Any,
    beta2: Any,
    beta2_rest: Any,
    floor: Any,
    weight_decay: Any,
) -> Any:
    """One step of one number; the rates and floor have the corrections of m and v in them."""
    g = g + weight_decay * p
    m = beta1 * m + beta1_rest * g
    v = beta2 * v + beta2_rest * (g * g)
    return p - (rate_g * g + rate_m * m) / (np.sqrt(v) + floor), m, v


class NAdam(Adam):
    """p ← p − lr·m̂ / (√v̂ + eps), where m̂ is the mean of the gradients as the next step will see it.

    m ← beta1·m + (1 − beta1)·g; v ← beta2·v + (1 − beta2)·g², v̂ = v / (1 − beta2^t);
    m̂ = μ(t + 1)·m / (1 − μ(1)···μ(t + 1)) + (1 − μ(t))·g / (1 − μ(1)···μ(t)), μ(t) = beta1·(1 − 0.5·0.96^(t / 250)).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: about the size of a step.
        beta1, beta2: how much of the running means is left a step later, in [0, 1).
        eps: keeps the divisor from zero.
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty).

    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam", with its schedule μ.
    """

    formula = staticmethod(nadam)

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
        beta1, scale = self.beta1, math.sqrt(1 - self.beta2**step)
        rate_g = self.lr * scale * (1 - _momentum(beta1, step)) / (1 - _product(beta1, min(step, LONG)))
        rate_m = self.lr * scale * _momentum(beta1, step + 1) / (1 - _product(beta1, min(step + 1, LONG)))
        betas = beta1, 1 - beta1, self.beta2, 1 - self.beta2
        return rate_g, rate_m, *betas, self.eps * scale, self.weight_decay


def _momentum(beta1: float, step: int) -> float:
    """μ(t), which rises from half of beta1 to beta1."""
    return beta1 * (1 - 0.5 * math.pow(0.96, step / 250))


@lru_cache
def _product(beta1: float, step: int) -> float:
    """μ(1)···μ(t)."""
    return math.prod(_momentum(beta1, t) for t in range(1, step + 1))
