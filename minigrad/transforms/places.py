"""The place at which a function is differentiated: its Variables, vectors of their shapes, and the value there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from minigrad.backend import format_array
from minigrad.core.config import enable_grad
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable, grad

Place: TypeAlias = Operand | Sequence[Operand]
"""One array, number or Variable; or several, in a tuple or a list."""

Results: TypeAlias = Variable | tuple[Variable, ...]
"""One Variable for one x, a tuple for several."""

R = TypeVar("R")


class Evaluation:
    """The value of a function at a place, recorded.

    Args:
        owner: the transform, which errors name.
        f: takes a Variable for each x and gives one Variable.
        x: Variables that require a gradient stand for themselves; of anything else a new leaf is made.
        scalar: the value must be one.

    Attributes:
        xs: the Variables that f was called with.
        y: its value.
    """

    def __init__(self, owner: str, f: Callable[..., Variable], x: Place, *, scalar: bool = False) -> None:
        self.owner = owner
        self.several = isinstance(x, (tuple, list))
        self.xs = tuple([self._leaf(each) for each in (x if isinstance(x, (tuple, list)) else [x])])
        if not self.xs:
            raise ValueError(f"{owner}: x is empty: there is nothing to differentiate with respect to")
        if len(set(map(id, self.xs))) < len(self.xs):
            raise ValueError(f"{owner}: x has one Variable twice; give x.astype(x.dtype), a copy, for each")
        self.y = self.value("f", f, *self.xs, scalar=scalar)

    def _leaf(self, x: Any) -> Variable:
        if isinstance(x, Variable) and x.requires_grad:
            return x
        try:
            return Variable(as_variable(x).data)
        except TypeError as error:
            raise TypeError(f"{self.owner}: x: {error}") from None

    def value(self, name: str, f: Callable[..., Variable], *xs: Variable, scalar: bool) -> Variable:
        """f(*xs), recorded, if it is a Variable that was computed from them."""
        if not callable(f):
            raise TypeError(f"{self.owner}: {name} must be a function, not {type(f).__name__}")
        with enable_grad():
            y = f(*xs)
        if not isinstance(y, Variable):
            raise TypeError(f"{self.owner}: {name} must give one Variable, not {type(y).__name__}")
        if scalar and y.size != 1:
            raise ValueError(f"{self.owner}: {name} must give a scalar, not {format_array(y.data)}")
        if not y.requires_grad:
            raise ValueError(
                f"{self.owner}: the value of {name} was computed without Variables that require a gradient"
            )
        return y

    def vectors(self, v: Any) -> tuple[Variable, ...]:
        """`v` as a Variable for each x, of its shape and dtype."""
        vs = tuple(v) if self.several and isinstance(v, (tuple, list)) else (v,)
        if len(vs) != len(self.xs):
            raise ValueError(f"{self.owner}: v must hold as many arrays as x, {len(self.xs)}, not {len(vs)}")
        names = [f"v[{i}]" if self.several else "v" for i in range(len(vs))]
        return tuple([self.vector(name, each, x) for name, each, x in zip(names, vs, self.xs, strict=True)])

    def vector(self, name: str, v: Any, x: Variable) -> Variable:
        """`v` as a Variable of x's shape and dtype."""
        vector = as_variable(v)
        if vector.shape != x.shape:
            raise ValueError(f"{self.owner}: {name} must have shape {x.shape}, not {vector.shape}")
        return vector if vector.dtype == x.dtype else vector.astype(x.dtype)

    def shaped(self, results: Sequence[R]) -> R | tuple[R, ...]:
        """One result for one x, a tuple for several."""
        return tuple(results) if self.several else results[0]


def gradients(
    y: Variable, xs: Sequence[Variable], gy: Operand | None = None, *, create_graph: bool
) -> tuple[Variable, ...]:
    """The gradients of y with respect to all xs, zeros for an x that y does not depend on."""
    return grad(y, xs, gy, create_graph=create_graph, allow_unused=True)


def inner(vs: Sequence[Variable], ws: Sequence[Variable]) -> Variable:
    """The inner product of two vectors, each made of arrays; recorded."""
    with enable_grad():
        first, *others = [(v * w).sum() for v, w in zip(vs, ws, strict=True)]
        for other in others:
            first = first + other
    return first


def kept(y: Variable, *, create_graph: bool) -> Variable:
    """`y`, without what it was computed from unless that is to be differentiated."""
    return y if create_graph else y.detach()
