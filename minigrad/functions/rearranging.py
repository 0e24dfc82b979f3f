"""Functions that reverse, shift and repeat elements along axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array, xp_of
from minigrad.core.axes import Axis, as_shape, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.shaping import View
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.shape import take


@dataclass(eq=False)
class Flip(View):
    """The elements along some axes in reverse; its own adjoint."""

    axis: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        return xp_of(x).flip(x, self.axis)

    def backward(self, gy: Variable) -> Gradients:
        return apply(Flip(self.axis), gy)


@implements(np.flip)
def flip(x: Operand, axis: Axis = None) -> Variable:
    """The elements along `axis` (all by default) in reverse order.

    >>> flip(np.array([1.0, 2.0, 3.0]))
    Variable([3. 2. 1.])
    """
    x = as_variable(x)
    return apply(Flip(normalize_axes("flip", axis, x.ndim)), x)


@dataclass(eq=False)
class Roll(View):
    """The elements along some axes shifted; what leaves at one end comes back at the other. The adjoint shifts back."""

    shift: tuple[int, ...]
    axis: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        return xp_of(x).roll(x, self.shift, self.axis)

    def backward(self, gy: Variable) -> Gradients:
        return apply(Roll(tuple(-n for n in self.shift), self.axis), gy)


@implements(np.roll)
def roll(x: Operand, shift: int | Sequence[int], axis: Axis = None) -> Variable:
    """The elements shifted by `shift` places along `axis`; what leaves at one end comes back at the other.

    Args:
        x: an array.
        shift: places, to higher indices if positive: one number, or one for each of several axes.
        axis: one axis or several; None shifts x as if it were flat.
    Raises:
        TypeError: a shift or an axis is no integer.
        ValueError: there is no such axis, or shifts and axes are not equally many.

    >>> roll(np.array([1.0, 2.0, 3.0]), 1)
    Variable([3. 1. 2.])
    """
    x = as_variable(x)
    if axis is None:
        return roll(x.reshape(-1), shift, 0).reshape(x.shape)
    axes = normalize_axes("roll", axis, x.ndim)
    shifts = [checks.integer("roll", "shift", n, least=None) for n in as_shape((shift,))]
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise ValueError(f"roll: shift {shift} must be one number, or one for each of the axes {axis}")
    return apply(Roll(tuple(shifts), axes), x)


@implements(np.repeat)
def repeat(x: Operand, repeats: int | Sequence[int], axis: int | None = None) -> Variable:
    """Each element along `axis` (of x flattened, by default) repeated in place; its copies' gradients add up.

    Args:
        x: an array.
        repeats: how often: one number, or one for each place along the axis; 0 leaves it out.
        axis: the axis that becomes longer.
    Raises:
        TypeError: repeats are no integers.
        ValueError: one is negative, or they are not as many as the axis is long.

    >>> repeat(np.array([1.0, 2.0]), 2), repeat(np.array([1.0, 2.0]), [1, 2])
    (Variable([1. 1. 2. 2.]), Variable([1. 2. 2.]))
    """
    x = as_variable(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    (axis,) = normalize_axes("repeat", [axis], x.ndim)
    counts = [checks.integer("repeat", "repeats", n, least=0) for n in as_shape((repeats,))]
    if len(counts) not in (1, x.shape[axis]):
        words = f"one number, or one for each place along axis {axis} of {format_array(x)}"
        raise ValueError(f"repeat: repeats must be {words}, not {len(counts)}")
    return take(x, np.repeat(np.arange(x.shape[axis]), counts), axis)


@implements(np.tile)
def tile(x: Operand, reps: int | Sequence[int]) -> Variable:
    """x repeated as a whole, reps[i] times along axis i; of fewer reps than axes they are those of the last axes.

    Of more reps than axes the first ones are for new axes.

    Raises:
        TypeError: reps are no integers.
        ValueError: one is negative.

    >>> tile(np.array([1.0, 2.0]), (2, 2))
    Variable([[1. 2. 1. 2.]
              [1. 2. 1. 2.]])
    """
    x = as_variable(x)
    counts = [checks.integer("tile", "reps", n, least=0) for n in as_shape((reps,))]
    ndim = max(len(counts), x.ndim)
    counts = [1] * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - x.ndim) + x.shape
    one_by_one: list[Any] = [n for length in shape for n in (1, length)]
    repeated = [n for pair in zip(counts, shape, strict=True) for n in pair]
    y = x.reshape(one_by_one).broadcast_to(repeated)  # (n, m) -> (1, n, 1, m) -> (reps[0], n, reps[1], m)
    return y.reshape([count * n for count, n in zip(counts, shape, strict=True)])
