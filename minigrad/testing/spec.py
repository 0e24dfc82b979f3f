"""OpSpec: the contract of one differentiable function, from which its tests and its documentation are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from minigrad.testing.example import Example
from minigrad.testing.wording import name_of, names_of

Shape: TypeAlias = tuple[int, ...]
Domain: TypeAlias = tuple[float, float] | Mapping[str, tuple[float, float]]

EVERYWHERE = (-100.0, 100.0)


@dataclass(frozen=True)
class Call:
    """Shapes of the inputs, with the parameters that fit them."""

    shapes: tuple[Shape, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class OpSpec:
    """What one function promises.

    Attributes:
        op: takes a Variable for each input, and parameters as keywords; gives a Variable, or several in a list.
        reference: the same of plain arrays, computed another way; None if there is none.
        shapes: of the inputs. A number: so many inputs of one shape, 0 to 4 axes of 0 to 4. A list: one of them, each a
            shape for one input or a tuple of shapes for several. Or a Hypothesis strategy of these, or of `Call`s where
            parameters depend on shapes (see `minigrad.testing.strategies`).
        domain: bounds of the numbers, for all inputs or {name: (low, high)}; from −100 to 100 by default. The function
            is asked for values some 1 % beyond, too; where it raises an error there, nearer.
        kwargs: for each parameter a value, a list of values to choose from, or a strategy.
        orders: the orders of derivatives that exist.
        formula: what it computes, for the documentation.
        kinks: where it has no derivative, and what is given there.
        cases: examples that always run; `case(*arrays, **kwargs)` makes one.
        dtypes: the float types that it keeps and computes in.
        kernels: the kernels that serve it.
        name: what messages call it; by default op's name.
        command: how `python -m minigrad.testing --op` finds it: a name, or "file.py:name".
    """

    op: Callable[..., Any]
    reference: Callable[..., Any] | None = None
    shapes: Any = 1
    domain: Domain = EVERYWHERE
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    orders: tuple[int, ...] = (1, 2, 3)
    formula: str = ""
    kinks: str = ""
    cases: Sequence[Example] = ()
    dtypes: tuple[str, ...] = ("float64", "float32", "float16")
    kernels: tuple[str, ...] = ()
    name: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if not callable(self.op):
            raise TypeError(f"OpSpec: op must be a function, not {self.op!r}")
        if tuple(self.orders) not in ((1,), (1, 2), (1, 2, 3)):
            raise ValueError(f"OpSpec: orders must be (1,), (1, 2) or (1, 2, 3), not {self.orders!r}")
        if not self.name:
            object.__setattr__(self, "name", name_of(self.op))

    def names(self, count: int) -> list[str]:
        """The names of the first inputs."""
        return names_of(self.op, count)

    def bounds(self, name: str) -> tuple[float, float]:
        """Between which numbers an input lies."""
        return self.domain.get(name, EVERYWHERE) if isinstance(self.domain, Mapping) else self.domain
