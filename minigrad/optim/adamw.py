"""AdamW: Adam with weights that decay by themselves, apart from the gradient's moments."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.optim.adam import Adam
from minigrad.optim.trainable import Trainable


def adamw(
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
    """One step of one number, as `adam`; weight_decay has the learning rate in it."""
    m = beta1 * m + beta1_rest * g
    v = beta2 * v + beta2_rest * (g * g)
    return p - (weight_decay * p + rate * (m / (np.sqrt(v) + floor))), m, v


class AdamW(Adam):
    """p ← p − lr·(m̂ / (√v̂ + eps) + weight_decay·p), with Adam's running means m̂ and v̂ of g and g².

    In Adam, where weight_decay·p is a part of g, parameters with large gradients decay less.

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: about the size of a step.
        beta1, beta2: how much of the running means is left a step later, in [0, 1).
        eps: keeps the divisor from zero.
        weight_decay: a parameter loses lr·weight_decay of itself in each step.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """

    formula = staticmethod(adamw)

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay)

    def numbers(self, step: int) -> tuple[float, ...]:
        return *super().numbers(step)[:-1], self.lr * self.weight_decay
