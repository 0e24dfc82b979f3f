"""SGD: stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from minigrad import checks
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trainable import Trainable


def sgd(p: Any, g: Any, lr: Any, weight_decay: Any) -> Any:
    """One step of one number."""
    return p - lr * (g + weight_decay * p)


def momentum_sgd(p: Any, g: Any, velocity: Any, lr: Any, weight_decay: Any, momentum: Any) -> Any:
    """One step of one number, in PyTorch's form: a change of lr acts at once."""
    velocity = momentum * velocity + (g + weight_decay * p)
    return p - lr * velocity, velocity


def nesterov_sgd(p: Any, g: Any, velocity: Any, lr: Any, weight_decay: Any, momentum: Any) -> Any:
    """One step of one number, with the velocity as the next step will find it."""
    g = g + weight_decay * p
    velocity = momentum * velocity + g
    return p - lr * (g + momentum * velocity), velocity


class SGD(Optimizer):
    """p ← p − lr·g; or with momentum: velocity ← momentum·velocity + g, p ← p − lr·velocity.

    Nesterov's momentum looks a step ahead: p ← p − lr·(g + momentum·velocity).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate.
        momentum: the part of the velocity that is left a step later, in [0, 1).
        nesterov: True for Nesterov's momentum.
        weight_decay: weight_decay·p is added to the gradient (an L2 penalty).

    Source: Robbins & Monro 1951, "A stochastic approximation method"; Polyak 1964, "Some methods of speeding up the
    convergence of iteration methods" (momentum); Sutskever et al. 2013, "On the importance of initialization and
    momentum in deep learning" (Nesterov's).
    """

    nesterov = Checked(checks.boolean, fixed=True)
    weight_decay = Checked(checks.not_negative)

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.nesterov, self.momentum, self.weight_decay = nesterov, momentum, weight_decay
        if nesterov and not self.momentum:
            raise ValueError(f"{type(self).__name__}: nesterov=True needs a momentum above 0")

    @property
    def momentum(self) -> float:
        """The part of the velocity that is left a step later, in [0, 1); it may be changed between steps."""
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        self._momentum = checks.fraction(type(self).__name__, "momentum", momentum, one=False)
        formula = nesterov_sgd if self.nesterov else momentum_sgd
        self.formula, self.slot_names = (formula, ("velocity",)) if self._momentum else (sgd, ())

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        numbers = self.lr, self.weight_decay
        return (*numbers, self.momentum) if self.momentum else numbers
