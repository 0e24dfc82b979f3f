"""The bench: functions with one mistake each, to measure how many of them a proof notices.

A tester is worth what it finds. Each entry is a mistake that was made somewhere, or might be: modelled in a few lines,
and held against the contract that one would write for the right function.
"""

from minigrad.testing.bench import (
    activation,
    aliasing,
    arithmetic,
    broadcast,
    conduct,
    elementwise,
    linalg,
    normalization,
    orders,
    reduction,
    selection,
    shape,
    softmax,
    windows,
)
from minigrad.testing.bench.wrong import Wrong

__all__ = ["BENCH", "Wrong"]

_MODULES = (
    elementwise,
    activation,
    arithmetic,
    broadcast,
    reduction,
    selection,
    shape,
    linalg,
    softmax,
    windows,
    normalization,
    conduct,
    aliasing,
    orders,
)

BENCH: list[Wrong] = [wrong for module in _MODULES for wrong in module.BENCH]
"""All of them."""
