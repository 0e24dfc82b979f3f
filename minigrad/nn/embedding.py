"""Embedding: a learned vector for each of some things."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.variable import Variable
from minigrad.nn.init import Initializer, Normal
from minigrad.nn.layers import arguments_text, make_parameter
from minigrad.nn.module import Module


class Embedding(Module):
    """A learned vector for each of some things, such as words: ints (...) -> (..., features); see `F.embedding`.

    Args:
        count: how many things there are; the ints are 0 to count − 1.
        features: the length of each vector.
        init: makes the first values of w (count, features); by default standard normal ones, as in PyTorch.
        rng: the generator that it draws from; by default the context's (`minigrad.seed`).

    >>> from minigrad import nn
    >>> nn.Embedding(1000, 16)(np.array([[1, 2, 3], [4, 5, 6]])).shape
    (2, 3, 16)
    """

    count = Checked(checks.integer, fixed=True)
    features = Checked(checks.integer, fixed=True)

    def __init__(
        self,
        count: int,
        features: int,
        *,
        init: Initializer = Normal(1.0),  # noqa: B008 - immutable
        rng: np.random.Generator | None = None,
    ) -> None:
        self.count, self.features = count, features
        self.w = make_parameter(self, "init", init, (self.count, self.features), rng)

    def forward(self, x: Any) -> Variable:
        return F.embedding(x, self.w)

    def extra_repr(self) -> str:
        return arguments_text(self.count, self.features)
