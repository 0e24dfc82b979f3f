"""RMSprop: steps divided by the root of a running mean of the squared gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trainable import Trainable


def rmsprop(p: Any, g: Any, v: Any, lr: Any, beta2: Any, beta2_rest: Any, eps: Any, weight_decay: Any) -> Any:
    """One step of one number."""
    g = g + weight_decay * p
    v = beta2 * v + beta2_rest * (g * g)
    return p - lr * (g / (np.sqrt(v) + eps)), v


def momentum_rmsprop(
    p: Any,
    g: Any,
    v: Any,
    velocity: Any,
    lr: Any,
    beta2: Any,
    beta2_rest: Any,
    eps: Any,
    weight_decay: Any,
    momentum: Any,
) -> Any:
    """One step of one number; as in `momentum_sgd`, a change of lr acts at once."""
    g = g + weight_decay * p
    v = beta2 * v + beta2_rest * (g * g)
    velocity = momentum * velocity + g / (np.sqrt(v) + eps)
    return p - lr * velocity, v, velocity


class RMSprop(Optimizer):
    """v ← beta2·v + (1 − beta2)·g², p ← p − lr·g / (√v + eps); or with momentum, as SGD's, of g / (√v + eps).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: about the size of a step.
        momentum: the part of the velocity that is left a step later, in [0, 1).
        beta2: how much of the running mean v is left a step later, in [0, 1); called rho or alpha elsewhere.
        eps: keeps the divisor from zero.
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty).

    Source: Tieleman & Hinton 2012, "Neural networks for machine learning", lecture 6.5.
    """

    beta2 = Checked(checks.fraction, one=False)
    eps = Checked(checks.positive)
    weight_decay = Checked(checks.not_negative)

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float = 0.01,
        momentum: float = 0.0,
        beta2: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.momentum, self.beta2, self.eps, self.weight_decay = momentum, beta2, eps, weight_decay

    @property
    def momentum(self) -> float:
        """The part of the velocity that is left a step later, in [0, 1); it may be changed between steps."""
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        self._momentum = checks.fraction(type(self).__name__, "momentum", momentum, one=False)
        self.formula, self.slot_names = (momentum_rmsprop, ("v", "velocity")) if self._momentum else (rmsprop, ("v",))

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        numbers = self.lr, self.beta2, 1 - self.beta2, self.eps, self.weight_decay
        return (*numbers, self.momentum) if self.momentum else numbers
