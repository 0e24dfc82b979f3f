"""An optimizer's formula, a Python function of one number, written in CUDA C by calling it once with symbols."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

EXPRESSIONS = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}", "negative": "-{0}",
    "positive": "{0}", "absolute": "fabs({0})", "square": "{0} * {0}", "sqrt": "sqrt({0})", "cbrt": "cbrt({0})",
    "power": "pow({0}, {1})", "exp": "exp({0})", "expm1": "expm1({0})", "log": "log({0})", "log1p": "log1p({0})",
    "tanh": "tanh({0})", "reciprocal": "1 / {0}", "sign": "({0} > 0 ? 1 : {0} < 0 ? -1 : {0} == 0 ? 0 : {0})",
    "maximum": "({0} > {1} || {0} != {0} ? {0} : {1})", "minimum": "({0} < {1} || {0} != {0} ? {0} : {1})",
}  # fmt: skip
"""NumPy's functions of numbers."""

CONDITIONS = {
    "less": "{0} < {1}", "less_equal": "{0} <= {1}", "greater": "{0} > {1}", "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}", "bitwise_and": "{0} && {1}", "bitwise_or": "{0} || {1}",
    "logical_and": "{0} && {1}", "logical_or": "{0} || {1}", "invert": "!{0}", "logical_not": "!{0}",
    "isnan": "{0} != {0}",
}  # fmt: skip
"""NumPy's functions that give a bool."""

SQUARE, ROOT = 2, 0.5
"""Powers that NumPy computes as these."""


def cuda_source(formula: Callable[..., Any], slots: int, numbers: int) -> str | None:
    """The body of update.cu's `formula`; None for one that can't be written, as it branches for example."""
    lines: list[str] = []
    given = ["p", "g", *(f"slots[{s}]" for s in range(slots)), *(f"numbers[{n}]" for n in range(numbers))]
    try:
        found = formula(*(Symbol(name, lines) for name in given))
        results = [_text(result) for result in (found if isinstance(found, tuple) else (found,))]
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return None
    if len(results) != 1 + slots:
        raise ValueError(f"{formula.__name__} must give the new number and {slots} slots, not {len(results)} numbers")
    lines += [f"results[{i}] = {result};" for i, result in enumerate(results)]
    head = "void formula(wide p, wide g, const wide *slots, const wide *numbers, wide *results)"
    return "\n    ".join([f"__device__ __forceinline__ {head} {{", *lines]) + "\n}\n"


class Symbol(NDArrayOperatorsMixin):
    """A number without a value: what is computed from it is written down, a line for each operation.

    Args:
        name: what it is called in CUDA C.
        lines: those that are written so far.
        condition: True for a bool.
    """

    def __init__(self, name: str, lines: list[str], *, condition: bool = False) -> None:
        self.name, self._lines, self.condition = name, lines, condition

    def __bool__(self) -> bool:
        raise TypeError("a formula can't branch here; use np.where")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__" or options or (name not in EXPRESSIONS and name not in CONDITIONS):
            return NotImplemented
        if name == "power" and not isinstance(inputs[1], Symbol) and inputs[1] in {SQUARE, ROOT}:
            name, inputs = ("square" if inputs[1] == SQUARE else "sqrt"), inputs[:1]
        if all(isinstance(x, Symbol) and x.condition for x in inputs) and name in EXPRESSIONS:
            return NotImplemented  # arithmetic of bools
        return self._written({**EXPRESSIONS, **CONDITIONS}[name], *inputs, condition=name in CONDITIONS)

    def __array_function__(self, function: Any, _: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if function is np.where and len(arguments) == 3 and not options:
            return self._written("{0} ? {1} : {2}", *arguments)
        if function is np.clip and len(arguments) == 3 and not options:
            return np.minimum(np.maximum(arguments[0], arguments[1]), arguments[2])
        return NotImplemented

    def _written(self, expression: str, *inputs: Any, condition: bool = False) -> Symbol:
        name = f"x{len(self._lines)}"
        self._lines.append(
            f"const {'bool' if condition else 'wide'} {name} = {expression.format(*map(_text, inputs))};"
        )
        return Symbol(name, self._lines, condition=condition)


def _text(x: Any) -> str:
    """A number or symbol in CUDA C."""
    if isinstance(x, Symbol):
        return x.name
    if not isinstance(x, (Real, np.generic)) or not math.isfinite(x):
        raise TypeError(f"no number: {x!r}")
    return f"(wide)({float(x)!r})"
