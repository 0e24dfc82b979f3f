"""OpSpec: the contract of one differentiable function, from which its tests and its documentation are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from numbers import Real
from typing import Any, TypeAlias

from minigrad.core.function import Function
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

    Raises:
        TypeError, ValueError: one of these is something else.
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
        if not callable(self.op) or (isinstance(self.op, type) and issubclass(self.op, Function)):
            raise TypeError(
                f"OpSpec: op must be a function of Variables, such as lambda x: apply(...), not {self.op!r}"
            )
        if self.orders not in ((1,), (1, 2), (1, 2, 3)):
            raise ValueError(f"OpSpec: orders must be (1,), (1, 2) or (1, 2, 3), not {self.orders!r}")
        for name, bounds in self.domain.items() if isinstance(self.domain, Mapping) else [("", self.domain)]:
            if not _is_interval(bounds):
                raise ValueError(f"OpSpec: domain {name or ''} must be (low, high), finite, not {bounds!r}")
        if not isinstance(self.kwargs, Mapping):
            raise TypeError(f"OpSpec: kwargs must be {{name: value, list or strategy}}, not {self.kwargs!r}")
        if isinstance(self.cases, Example) or not all(isinstance(example, Example) for example in self.cases):
            raise TypeError("OpSpec: cases must be a list of what case(*arrays, **kwargs) makes")
        if isinstance(self.dtypes, str) or not set(self.dtypes) <= {"float64", "float32", "float16"}:
            raise ValueError(f"OpSpec: dtypes must be some of float64, float32, float16, not {self.dtypes!r}")
        _check_shapes(self.shapes)
        if not self.name:
            object.__setattr__(self, "name", name_of(self.op))

    def names(self, count: int) -> list[str]:
        """The names of the first inputs."""
        return names_of(self.op, count)

    def bounds(self, name: str) -> tuple[float, float]:
        """Between which numbers an input lies."""
        return self.domain.get(name, EVERYWHERE) if isinstance(self.domain, Mapping) else self.domain


def _is_interval(bounds: Any) -> bool:
    numbers = isinstance(bounds, tuple) and len(bounds) == 2 and all(isinstance(n, Real) for n in bounds)
    return numbers and -inf < bounds[0] <= bounds[1] < inf


def _check_shapes(shapes: Any) -> None:
    """A count, a list of shapes or of tuples of shapes, or something with Hypothesis's methods."""
    several = [shapes] if isinstance(shapes, int) else shapes
    if isinstance(shapes, int) and shapes < 1:
        raise ValueError(f"OpSpec: shapes must be 1 or more inputs, not {shapes}")
    if hasattr(shapes, "example"):  # a strategy
        return
    if not isinstance(several, list) or not several:
        raise TypeError(
            f"OpSpec: shapes must be a number of inputs, a list such as [(2, 3)] or [((2, 3), (3,))], or a strategy, "
            f"not {shapes!r}"
        )
