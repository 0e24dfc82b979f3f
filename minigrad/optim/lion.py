"""Lion: steps of one size, by the sign of the momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.checks import Checked
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.trainable import Trainable


def lion(p: Any, g: Any, m: Any, lr: Any, beta1: Any, beta1_rest: Any, beta2: Any, beta2_rest: Any, decay: Any) -> Any:
    """One step of one number; decay has the learning rate in it."""
    step = np.sign(beta1 * m + beta1_rest * g)
    return p - (decay * p + lr * step), beta2 * m + beta2_rest * g


class Lion(Optimizer):
    """p ← p − lr·(sign(beta1·m + (1 − beta1)·g) + weight_decay·p), m ← beta2·m + (1 − beta2)·g.

    Args:
        parameters: `model.parameters()`.
        lr: the learning rate, the size of a step: a third to a tenth of AdamW's.
        beta1: the part of the momentum in the step, in [0, 1).
        beta2: how much of the momentum is left a step later, in [0, 1).
        weight_decay: a parameter loses lr·weight_decay of itself in each step; three to ten times AdamW's.

    Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
    """

    formula = staticmethod(lion)
    slot_names = ("m",)
    beta1 = Checked(checks.fraction, one=False)
    beta2 = Checked(checks.fraction, one=False)
    weight_decay = Checked(checks.not_negative)

    def __init__(
        self,
        parameters: Trainable,
        *,
        lr: float = 1e-4,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr)
        self.beta1, self.beta2, self.weight_decay = beta1, beta2, weight_decay

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        betas = self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2
        return self.lr, *betas, self.lr * self.weight_decay
