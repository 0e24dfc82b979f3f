"""Adagrad: steps that become smaller where the gradients were large."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minigrad.backend import Array
from minigrad.backend.kernels import kernels_of
from minigrad.core.variable import Variable
from minigrad.nn.arguments import positive
from minigrad.optim.optimizer import Optimizer


class Adagrad(Optimizer):
    """h ← h + g², p ← p − lr·g / (√h + eps).

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate.
        eps: keeps the divisor from zero; added to the square root, as in "Deep Learning from Scratch" (Saito 2016).

    Raises:
        TypeError, ValueError: an argument is not what it should be.

    Source: Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
    """

    def __init__(self, parameters: Iterable[Variable], *, lr: float = 0.01, eps: float = 1e-7) -> None:
        super().__init__(parameters, lr=lr)
        self.eps = positive("Adagrad", "eps", eps)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The sum of squares."""
        return ("h",)

    def update(self, p: Array, g: Array, slots: Mapping[str, Array], step: int) -> None:  # noqa: ARG002
        """One step of p."""
        kernels_of(p).adagrad_update(p, g, slots["h"], lr=float(self.lr), eps=self.eps)
