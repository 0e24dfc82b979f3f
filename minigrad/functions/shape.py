"""Functions that move elements and compute nothing."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import Array, as_array, format_array, xp_of
from minigrad.backend.placement import check_range
from minigrad.core.axes import Axis, as_shape, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.shaping import View
from minigrad.core.variable import Variable, apply, as_variable, as_variables
from minigrad.spelling import advised


@implements(np.reshape)
def reshape(x: Operand, shape: int | Sequence[int]) -> Variable:
    """The same numbers, in row-major order, in another shape; one length may be -1."""
    return as_variable(x).reshape(shape)


@implements(np.transpose)
def transpose(x: Operand, axes: Sequence[int] | None = None) -> Variable:
    """The axes in another order: axis axes[i] becomes axis i; all reversed by default."""
    return as_variable(x).transpose(axes)


@implements(np.moveaxis)
def moveaxis(x: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Variable:
    """Axes moved to other places; the others keep their order."""
    x = as_variable(x)
    sources, destinations = (
        normalize_axes("moveaxis", axes if isinstance(axes, Sequence) else [axes], x.ndim, name)
        for axes, name in ((source, "source"), (destination, "destination"))
    )
    if len(sources) != len(destinations):
        raise ValueError(f"moveaxis: source {source} and destination {destination} must be equally many")
    order = [i for i in range(x.ndim) if i not in sources]
    for to, i in sorted(zip(destinations, sources, strict=True)):
        order.insert(to, i)
    return x.transpose(order)


@advised
def flatten(x: Operand, start_axis: int = 1) -> Variable:
    """All axes from `start_axis` on as one: (N, C, H, W) becomes (N, C · H · W)."""
    x = as_variable(x)
    if not 0 <= checks.integer("flatten", "start_axis", start_axis, least=None) <= x.ndim:
        raise ValueError(f"flatten: start_axis {start_axis} is not within the {x.ndim} axes of {format_array(x)}")
    return x.reshape(*x.shape[:start_axis], int(np.prod(x.shape[start_axis:])))


@implements(np.squeeze)
def squeeze(x: Operand, axis: Axis = None) -> Variable:
    """Without the axes of length 1 (all of them, or those of `axis`)."""
    x = as_variable(x)
    ones = [i for i, n in enumerate(x.shape) if n == 1]
    gone = ones if axis is None else normalize_axes("squeeze", axis, x.ndim)
    if any(i not in ones for i in gone):
        raise ValueError(f"squeeze: axis {axis} must have length 1 in {format_array(x)}")
    return x.reshape([n for i, n in enumerate(x.shape) if i not in gone])


@implements(np.expand_dims)
def expand_dims(x: Operand, axis: int | Sequence[int]) -> Variable:
    """With new axes of length 1 at `axis`, counted in the result."""
    x = as_variable(x)
    new = axis if isinstance(axis, Sequence) else [axis]
    places = normalize_axes("expand_dims", new, x.ndim + len(new))
    lengths = iter(x.shape)
    return x.reshape([1 if i in places else next(lengths) for i in range(x.ndim + len(new))])


@implements(np.broadcast_to)
def broadcast_to(x: Operand, shape: int | Sequence[int]) -> Variable:
    """Repeated to a larger shape, as NumPy broadcasts it."""
    return as_variable(x).broadcast_to(as_shape((shape,)))


@dataclass(eq=False)
class Concatenate(View):
    """Arrays one after the other along an axis."""

    axis: int

    def forward(self, *xs: Array) -> Array:
        self.ends = np.cumsum([x.shape[self.axis] for x in xs]).tolist()
        return xp_of(xs[0]).concatenate(xs, self.axis)

    def backward(self, gy: Variable) -> Gradients:
        before = (slice(None),) * self.axis
        starts = [0, *self.ends[:-1]]
        return tuple(
            gy[(*before, slice(start, end))] if self.needs(i) else None
            for i, (start, end) in enumerate(zip(starts, self.ends, strict=True))
        )


@implements(np.concatenate)
def concatenate(xs: Sequence[Operand], axis: int = 0) -> Variable:
    """Arrays one after the other along `axis`; their other lengths must agree.

    Raises:
        ValueError: there are none, or the shapes do not fit.
    """
    variables = as_variables(*xs)
    if not variables:
        raise ValueError("concatenate: xs is empty")
    (axis,) = normalize_axes("concatenate", [axis], variables[0].ndim)
    first = variables[0].shape
    for i, x in enumerate(variables):
        if x.ndim != len(first) or x.shape[:axis] + x.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ValueError(
                f"concatenate: all but axis {axis} must agree; xs[0] {format_array(variables[0])}, "
                f"xs[{i}] {format_array(x)}"
            )
    return apply(Concatenate(axis), *variables)


@implements(np.stack)
def stack(xs: Sequence[Operand], axis: int = 0) -> Variable:
    """Arrays of one shape side by side along a new axis."""
    variables = as_variables(*xs)
    if not variables:
        raise ValueError("stack: xs is empty")
    (axis,) = normalize_axes("stack", [axis], variables[0].ndim + 1)
    for i, x in enumerate(variables):
        if x.shape != variables[0].shape:
            raise ValueError(f"stack: shapes must agree; xs[0] {format_array(variables[0])}, xs[{i}] {format_array(x)}")
    return concatenate([expand_dims(x, axis) for x in variables], axis)


@implements(np.split)
def split(x: Operand, sections: int | Sequence[int], axis: int = 0) -> list[Variable]:
    """x cut along `axis` into `sections` equal parts, or at the places that `sections` lists.

    Raises:
        ValueError: the length does not divide into so many equal parts.
    """
    x = as_variable(x)
    (axis,) = normalize_axes("split", [axis], x.ndim)
    if isinstance(sections, (Sequence, np.ndarray)):
        cuts = [checks.integer("split", f"sections[{i}]", cut, least=None) for i, cut in enumerate(sections)]
    else:
        parts, length = checks.integer("split", "sections", sections, least=None), x.shape[axis]
        if parts < 1 or length % parts:
            raise ValueError(f"split: axis {axis} of {format_array(x)} does not divide into {parts} equal parts")
        cuts = [length // parts * i for i in range(1, parts)]
    before = (slice(None),) * axis
    return [x[(*before, slice(start, end))] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]


@dataclass(eq=False)
class Pad(View):
    """x with a border of one value."""

    width: tuple[tuple[int, int], ...]
    value: float

    def forward(self, x: Array) -> Array:
        return xp_of(x).pad(x, self.width, constant_values=self.value)

    def backward(self, gy: Variable) -> Gradients:
        return gy[tuple(slice(a, n - b) for n, (a, b) in zip(gy.shape, self.width, strict=True))]


@implements(np.pad)
def pad(x: Operand, width: Sequence[tuple[int, int]], *, value: float = 0.0) -> Variable:
    """x with a border: width[i], a pair, says how many numbers of `value` stand before and after axis i.

    Raises:
        ValueError: width has not one pair of sizes, 0 or more, for each axis.
    """
    x, value = as_variable(x), checks.number("pad", "value", value, finite=False)
    try:
        pairs = tuple((operator.index(a), operator.index(b)) for a, b in width)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != x.ndim or any(n < 0 for pair in pairs for n in pair):
        wanted = f"a pair of sizes, 0 or more, for each axis of {format_array(x)}"
        raise ValueError(f"pad: width must have {wanted}; got {width}")
    return apply(Pad(pairs, value), x) if pairs else x


@implements(np.take)
def take(x: Operand, indices: Any, axis: int | None = None) -> Variable:
    """x[indices] along `axis` (of x flattened, by default); an index that repeats gathers its copies' gradients.

    Raises:
        TypeError: indices are no integers.
        IndexError: one is out of range. (Those that are on a GPU are not read back, and wrap around.)
    """
    x = as_variable(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    (axis,) = normalize_axes("take", [axis], x.ndim)
    where = as_array(indices.data if isinstance(indices, Variable) else indices)
    if where.dtype.kind not in "iu":
        raise TypeError(f"take: indices must be integers, not {format_array(where)}")
    check_range("take", where, x.shape[axis], x, axis)
    return x[(*(slice(None),) * axis, where)]
