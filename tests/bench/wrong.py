"""Wrong: one mistake, modelled on a real one where a source is named, and the contract that should notice it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minigrad.core.function import Function
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.testing.spec import OpSpec


@dataclass(frozen=True, eq=False)
class Wrong:
    """A function with one mistake.

    Attributes:
        name: the mistake in words.
        spec: the contract, as one would write it for the right function.
        family: the kind of function.
        source: the report of a mistake like it, "owner/repository#number"; "" for none.
        hint: a regular expression that the hint given with the finding should match; "" where none is expected.
        right: the function without the mistake, where it is cheap to have: the same contract holds for it.
    """

    name: str
    spec: OpSpec
    family: str
    source: str = ""
    hint: str = ""
    right: Callable[..., Any] | None = None


def applied(kind: Callable[..., Function]) -> Callable[..., Variable]:
    """A function that applies a new Function each time; its keywords are the Function's parameters."""

    def op(*xs: Operand, **parameters: Any) -> Variable:
        return apply(kind(**parameters), *xs)

    op.__name__ = kind.__name__
    inputs = list(inspect.signature(kind.forward).parameters.values())[1:]  # type: ignore[attr-defined]
    op.__signature__ = inspect.Signature(inputs)  # type: ignore[attr-defined]
    return op
