"""Adam: steps of a size adapted to each number, by its gradients' first and second moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minigrad.backend import Array
from minigrad.backend.kernels import kernels_of
from minigrad.core.variable import Variable
from minigrad.nn.arguments import fraction, positive
from minigrad.optim.optimizer import Optimizer


class Adam(Optimizer):
    """p ← p − lr·m̂ / (√v̂ + eps), with running means m of g and v of g², corrected for their start at zero.

    m ← beta1·m + (1 − beta1)·g, m̂ = m / (1 − beta1^t); v ← beta2·v + (1 − beta2)·g², v̂ = v / (1 − beta2^t).
    Each parameter has its own t, the number of its updates.

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate: about the size of a step.
        beta1, beta2: how much of the running means is left a step later, in [0, 1).
        eps: keeps the divisor from zero.

    Raises:
        TypeError, ValueError: an argument is not what it should be.

    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    def __init__(
        self,
        parameters: Iterable[Variable],
        *,
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.beta1 = fraction("Adam", "beta1", beta1, one=False)
        self.beta2 = fraction("Adam", "beta2", beta2, one=False)
        self.eps = positive("Adam", "eps", eps)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The running means."""
        return ("m", "v")

    def update(self, p: Array, g: Array, slots: Mapping[str, Array], step: int) -> None:
        """One step of p."""
        kernels_of(p).adam_update(
            p,
            g,
            slots["m"],
            slots["v"],
            lr=float(self.lr),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            step=step,
        )
