"""SGD: stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minigrad.backend import Array
from minigrad.backend.kernels import kernels_of
from minigrad.core.variable import Variable
from minigrad.nn.arguments import fraction
from minigrad.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent, by default without momentum: p ← p − lr·g.

    With momentum: velocity ← momentum·velocity + g, p ← p − lr·velocity (PyTorch's form: a change of lr acts at once).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate.
        momentum: how much of the velocity is left a step later, in [0, 1).

    Raises:
        TypeError, ValueError: an argument is not what it should be.

    Source: Robbins & Monro 1951, "A stochastic approximation method"; Polyak 1964, "Some methods of speeding up the
    convergence of iteration methods" (momentum).
    """

    def __init__(self, parameters: Iterable[Variable], *, lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr=lr)
        self.momentum = fraction("SGD", "momentum", momentum, one=False)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def update(self, p: Array, g: Array, slots: Mapping[str, Array], step: int) -> None:  # noqa: ARG002
        """One step of p."""
        velocity = slots["velocity"] if self.momentum else None
        kernels_of(p).sgd_update(p, g, velocity, lr=float(self.lr), momentum=float(self.momentum))
