"""Arithmetic on shapes and axes, with errors that name the caller's function."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Axis: TypeAlias = int | Sequence[int] | None
"""One axis, several, or None for all."""

LARGEST = sys.maxsize // 16  # the elements of any dtype of which NumPy can count the bytes


def normalize_axes(function: str, axis: Axis, ndim: int, argument: str = "axis") -> tuple[int, ...]:
    """`axis` as distinct numbers from 0 to ndim − 1 in the order given; negative ones count from the end."""
    axes = range(ndim) if axis is None else as_shape((axis,))
    normalized = []
    for each in axes:
        try:
            i = operator.index(each)
        except TypeError:
            raise TypeError(f"{function}: {argument} must be integers, not {each!r}") from None
        if not -ndim <= i < ndim:
            raise ValueError(f"{function}: {argument} {i} is out of range for {ndim} dimensions")
        normalized.append(i % ndim)
    if len(set(normalized)) < len(normalized):
        raise ValueError(f"{function}: {argument} {tuple(axes)} names one twice; there are {ndim} dimensions")
    return tuple(normalized)


def as_shape(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The shape that the arguments of `f(2, 3)` or `f((2, 3))` name."""
    if len(arguments) == 1 and isinstance(arguments[0], (Sequence, np.ndarray)):
        return tuple(arguments[0])
    return arguments


def infer_shape(shape: Sequence[Any], size: int) -> tuple[int, ...] | None:
    """The shape of so many elements, in which one length may be -1, in full; None if there is none."""
    try:
        lengths = [operator.index(n) for n in shape]
    except TypeError:
        return None
    if any(isinstance(n, bool) for n in shape) or math.prod(n or 1 for n in lengths) > LARGEST:
        return None
    if -1 in lengths:
        i = lengths.index(-1)
        lengths[i] = 1
        if not math.prod(lengths):
            return None  # any length would do
        lengths[i] = size // math.prod(lengths)
    return tuple(lengths) if min(lengths, default=0) >= 0 and math.prod(lengths) == size else None


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """True if an array of `shape` broadcasts to exactly the shape `to`."""
    if len(shape) > len(to) or min(to, default=0) < 0:
        return False
    return all(n in (1, m) for n, m in zip(reversed(shape), reversed(to), strict=False))
