"""Layers that move numbers and change none."""

from __future__ import annotations

import minigrad.functions as F
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.module import Module


class Flatten(Module):
    """Each example as one row: (N, ...) -> (N, product of the others), in row-major order."""

    def forward(self, x: Operand) -> Variable:
        return F.flatten(x)
