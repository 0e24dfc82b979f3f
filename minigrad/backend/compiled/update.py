"""An optimizer's formula for one number, compiled into one loop over a parameter, its gradient and its slots."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic

from minigrad.backend.compiled.cache import formulas_key
from minigrad.backend.compiled.linking import renamed
from minigrad.backend.compiled.shared import bounds, inner, shared


@cache
def compiled_update(formula: Callable[..., Any], slots: int) -> Callable[..., None] | None:
    """The loop for a formula with so many slots, 0 to 2; None where Numba can't compile it."""
    # The cache on disk knows minigrad's sources, and not what a user's formula calls, or any closure holds.
    own = formula.__module__.startswith("minigrad.") and not formula.__closure__
    name = f"{formula.__module__}.{formula.__qualname__}.{formulas_key()}"
    if slots >= len(_LOOPS):
        return None
    loop = shared(renamed(_LOOPS[slots], name, formula=inner()(formula)), cache=own)

    def step(*arguments: Any) -> Any:
        nonlocal loop
        try:
            return loop(*arguments)
        except numba.core.errors.NumbaError:
            loop = _unserved
        return NotImplemented

    return step


@intrinsic
def rounded_to(_: Any, x: Any, numbers: Any) -> Any:
    """The numbers of a tuple as numbers of the dtype of the array x."""
    kind = types.UniTuple(x.dtype, len(numbers))

    def emit(context: Any, b: Any, _: Any, values: Any) -> Any:
        given = [b.extract_value(values[1], i) for i in range(len(numbers))]
        return context.make_tuple(b, kind, [context.cast(b, value, numbers.dtype, x.dtype) for value in given])

    return kind(x, numbers), emit


def _unserved(*_: Any) -> Any:
    return NotImplemented


def _loop(s, shares, p, g, numbers):
    a, b = bounds(len(p), s, shares)
    rounded = rounded_to(p, numbers)
    p, g = p[a:b], g[a:b]
    for i in range(len(p)):
        p[i] = formula(p[i], g[i], *rounded)  # type: ignore[name-defined]  # noqa: F821 - each loop is given its own


def _loop_with_slot(s, shares, p, g, m, numbers):
    a, b = bounds(len(p), s, shares)
    rounded = rounded_to(p, numbers)
    p, g, m = p[a:b], g[a:b], m[a:b]
    for i in range(len(p)):
        p[i], m[i] = formula(p[i], g[i], m[i], *rounded)  # type: ignore[name-defined]  # noqa: F821


def _loop_with_slots(s, shares, p, g, m, v, numbers):
    a, b = bounds(len(p), s, shares)
    rounded = rounded_to(p, numbers)
    p, g, m, v = p[a:b], g[a:b], m[a:b], v[a:b]
    for i in range(len(p)):
        p[i], m[i], v[i] = formula(p[i], g[i], m[i], v[i], *rounded)  # type: ignore[name-defined]  # noqa: F821


_LOOPS = (_loop, _loop_with_slot, _loop_with_slots)
"""By the number of slots."""
