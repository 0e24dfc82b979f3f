"""What `record` notes of an operation, and how it takes an array's measure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from minigrad.backend import Array, to_numpy, xp_of
from minigrad.core.function import Spec
from minigrad.viz.graph import Stats

_FEW = 4  # numbers that a diagram shows


@dataclass(slots=True)
class Work:
    """What one operation took and made; None where it was not measured.

    Attributes:
        seconds: how long it took.
        live: bytes alive afterwards of all that was computed.
        stats: of the array that it made; of all gradients that a derivative made.
    """

    seconds: float | None = None
    live: int | None = None
    stats: Stats | None = None


@dataclass(slots=True)
class Measured:
    """An operation and its derivative.

    Attributes:
        inputs: shape and dtype of all inputs, constants too.
        layer: dotted path of the layer that applied it.
        source: file and line that applied it, "train.py:12".
        value: the numbers of its output, if they are few.
        forward: the operation's work.
        backward: its derivative's; None if it was not differentiated.
    """

    inputs: tuple[Spec, ...] = ()
    layer: str = ""
    source: str = ""
    value: str = ""
    forward: Work = field(default_factory=Work)
    backward: Work | None = None


def value_of(array: Array) -> str:
    """The numbers of an array of few, as "2" or "[1, 2]"; "" for more."""
    if array.size == 0 or array.size > _FEW:
        return ""
    numbers = to_numpy(array).tolist()
    return repr(_rounded(numbers)).replace("'", "")


def stats_of(array: Array) -> Stats | None:
    """An array's measure; None if it holds no floats, or nothing."""
    if array.dtype.kind != "f" or array.size == 0:
        return None
    with np.errstate(all="ignore"):
        least, largest = float(array.min()), float(array.max())
        if math.isfinite(least) and math.isfinite(largest):
            mean = float(array.mean())
            mean = mean if math.isfinite(mean) else float(array.mean(dtype=np.float64))
            return Stats(least, mean, largest, 0, 0, array.size)
        xp = xp_of(array)
        nan, inf = int(xp.isnan(array).sum()), int(xp.isinf(array).sum())
        finite = stats_of(array[xp.isfinite(array)])
    return (finite or Stats(math.nan, math.nan, math.nan, 0, 0, 0))._replace(nan=nan, inf=inf, size=array.size)


def together(measures: Sequence[Stats | None]) -> Stats | None:
    """The measure of several arrays as one."""
    known = [stats for stats in measures if stats is not None]
    if not known:
        return None
    finite = [stats.size - stats.nan - stats.inf for stats in known]
    parts = [(stats, count) for stats, count in zip(known, finite, strict=True) if count] or [(known[0], 1)]
    return Stats(
        min(stats.least for stats, _ in parts),
        sum(stats.mean * count for stats, count in parts) / sum(count for _, count in parts),
        max(stats.largest for stats, _ in parts),
        sum(stats.nan for stats in known),
        sum(stats.inf for stats in known),
        sum(stats.size for stats in known),
    )


def _rounded(numbers: object) -> object:
    return [_rounded(number) for number in numbers] if isinstance(numbers, list) else f"{numbers:.5g}"
