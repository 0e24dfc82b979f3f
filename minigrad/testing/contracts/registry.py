"""The contracts of minigrad's own functions: one at least for every public differentiable function and operator."""

from __future__ import annotations

from dataclasses import replace

from minigrad.testing.contracts import (
    activation,
    dropout,
    elementwise,
    linalg,
    loss,
    operators,
    reduction,
    shape,
    windows,
)
from minigrad.testing.spec import OpSpec

_FUNCTIONS = [
    *elementwise.CONTRACTS,
    *activation.CONTRACTS,
    *reduction.CONTRACTS,
    *shape.CONTRACTS,
    *linalg.CONTRACTS,
    *windows.CONTRACTS,
    *dropout.CONTRACTS,
    *loss.CONTRACTS,
]

CONTRACTS: tuple[OpSpec, ...] = tuple(replace(spec, command=spec.name) for spec in (*_FUNCTIONS, *operators.CONTRACTS))


def named(name: str) -> list[OpSpec]:
    """The contracts of one function: `power` has several, of which `power to a number` is one.

    Raises:
        ValueError: there is none.
    """
    found = [spec for spec in CONTRACTS if name in (spec.name, spec.name.split()[0])]
    if not found:
        known = ", ".join(sorted({spec.name.split()[0] for spec in CONTRACTS}))
        raise ValueError(f"there is no contract of {name!r}; there are: {known}")
    return found
