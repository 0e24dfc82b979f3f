"""SGD: stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from minigrad import checks
from minigrad.optim.optimizer import Optimizer, Trainable


def sgd(p: Any, g: Any, lr: Any) -> Any:
    """One step of one number."""
    return p - lr * g


def momentum_sgd(p: Any, g: Any, velocity: Any, lr: Any, momentum: Any) -> Any:
    """One step of one number, in PyTorch's form: a change of lr acts at once."""
    velocity = momentum * velocity + g
    return p - lr * velocity, velocity


class SGD(Optimizer):
    """p ← p − lr·g; or with momentum: velocity ← momentum·velocity + g, p ← p − lr·velocity.

    Source: Robbins & Monro 1951, "A stochastic approximation method"; Polyak 1964, "Some methods of speeding up the
    convergence of iteration methods" (momentum).
    """

    def __init__(self, parameters: Trainable, *, lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr=lr)
        self.momentum = momentum

    @property
    def momentum(self) -> float:
        """The part of the velocity that is left a step later, in [0, 1); it may be changed between steps."""
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        self._momentum = checks.fraction(type(self).__name__, "momentum", momentum, one=False)
        self.formula, self.slot_names = (momentum_sgd, ("velocity",)) if self._momentum else (sgd, ())

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        return (self.lr, self.momentum) if self.momentum else (self.lr,)
