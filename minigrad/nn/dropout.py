"""Dropout as a layer."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.module import Module


class Dropout(Module):
    """In training each value becomes 0 with probability p, else it is divided by 1 − p: see `F.dropout`."""

    p = Checked(checks.fraction, one=True)
    rng = Checked(checks.optional_generator)

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p, self.rng = p, rng

    def forward(self, x: Operand) -> Variable:
        return F.dropout(x, self.p, rng=self.rng)

    def extra_repr(self) -> str:
        return str(self.p)
