"""Normalizations by the statistics of each example: one Function, and the axes in which they differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minigrad import checks
from minigrad.backend import Array, accumulation_dtype, format_array, ignore_underflow, sum_wide
from minigrad.core.axes import Axis, normalize_axes
from minigrad.core.config import float_type
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.reduction import with_ones
from minigrad.core.variable import Variable, apply, as_variables
from minigrad.spelling import advised


@dataclass(eq=False)
class Standardize(Function):
    """(x − mean) / √(variance + eps), both over some axes; of float32 at least."""

    axis: tuple[int, ...]
    eps: float
    family = "reduction"
    flops_per_element = 5  # an addition for the mean, a subtraction, a square, its addition, a division

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        z, inverse = self.standardize(x)
        self.save(x, z, inverse)
        return z

    def standardize(self, x: Any) -> tuple[Any, Any]:
        """The result for an array or a Variable, and 1 / √(variance + eps)."""
        mean = _mean(x, self.axis)
        distance = x - mean
        # The mean was rounded: without the second subtraction a constant column would have a variance.
        distance = distance - _mean(distance, self.axis)
        variance = _mean(distance * distance, self.axis)
        inverse = (variance + self.eps) ** -0.5
        return distance * inverse, inverse

    def backward(self, gy: Variable) -> Gradients:
        x, _, _ = self.saved
        z, inverse = self.standardize(x)  # once more, so that both can be differentiated
        gx: Variable = self.gradients(gy, z, inverse)
        return gx

    def backward_arrays(self, gy: Array) -> Array:
        _, z, inverse = self.saved_arrays
        return self.gradients(gy, z, inverse)

    def gradients(self, gy: Any, z: Any, inverse: Any) -> Any:
        """That of x: what is left of gy without its part along a constant, which the mean takes out, and along z."""
        return (gy - _mean(gy, self.axis) - z * _mean(gy * z, self.axis)) * inverse


def _mean(x: Any, axis: tuple[int, ...]) -> Any:
    """The mean of an array or a Variable over some axes, which are kept."""
    if isinstance(x, Variable):
        return x.mean(axis, keepdims=True)
    mean = sum_wide(x, axis, keepdims=True)
    mean /= math.prod(x.shape[i] for i in axis)
    return mean


class Operands(NamedTuple):
    """What a normalization is given, as Variables of one float type, float32 at least; and that of the result."""

    x: Variable
    w: Variable | None
    b: Variable | None
    dtype: Any

    def scaled(self, z: Variable, factor: Variable | None, shape: tuple[int, ...]) -> Variable:
        """z · factor + b, both brought to `shape`."""
        y = z if factor is None else z * factor.reshape(shape)
        y = y if self.b is None else y + self.b.reshape(shape)
        return y if y.dtype == self.dtype else y.astype(self.dtype)


@ignore_underflow
@advised
def layer_norm(
    x: Operand, w: Operand | None = None, b: Operand | None = None, *, axis: Axis = -1, eps: float = 1e-5
) -> Variable:
    """(x − mean) / √(var + eps) · w + b, with the statistics of each example over `axis`.

    Args:
        x: any shape; integers become `default_dtype`.
        w: factor of the shape that x has along `axis`, or None for 1.
        b: summand of that shape, or None for 0.
        axis: one axis or several, the last by default.
        eps: what is added to the variance (divided by n), above 0.
    Returns:
        of x's shape; float16 is computed in float32 and rounded once.
    Raises:
        ValueError: w or b has another shape.
    Source: Ba, Kiros & Hinton 2016, "Layer normalization".

    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), eps=1e-12)
    Variable([[-1.  1.]
              [-1.  1.]])
    """
    given = operands_of_float("layer_norm", x, w, b)
    axes = tuple(sorted(normalize_axes("layer_norm", axis, given.x.ndim)))
    lengths = tuple(given.x.shape[i] for i in axes)
    for argument, value in (("w", given.w), ("b", given.b)):
        if value is not None and value.shape != lengths:
            both = f"x {format_array(given.x)}, {argument} {format_array(value)}"
            raise ValueError(f"layer_norm: {argument} must be {lengths}, as x is along axis {axis}; {both}")
    z = _standardized("layer_norm", given.x, axes, eps)
    return given.scaled(z, given.w, tuple(n if i in axes else 1 for i, n in enumerate(z.shape)))


@ignore_underflow
@advised
def group_norm(
    x: Operand, w: Operand | None = None, b: Operand | None = None, *, groups: int, eps: float = 1e-5
) -> Variable:
    """(x − mean) / √(var + eps) · w + b, with the statistics of each example and group of channels.

    Args:
        x: (N, C, ...); integers become `default_dtype`.
        w: factor of each channel, (C,), or None for 1.
        b: summand of each channel, (C,), or None for 0.
        groups: the channels are split into so many; C of them make an instance normalization.
        eps: what is added to the variance (divided by n), above 0.
    Returns:
        of x's shape; float16 is computed in float32 and rounded once.
    Raises:
        ValueError: groups do not divide the channels, or w or b is not (C,).
    Source: Wu & He 2018, "Group normalization".

    >>> group_norm(np.array([[1.0, 3.0, 10.0, 30.0]]), groups=2, eps=1e-12)
    Variable([[-1.  1. -1.  1.]])
    """
    given = operands_of_float("group_norm", x, w, b)
    shape = channel_shape("group_norm", given)
    N, C, *_ = given.x.shape
    if C % checks.integer("group_norm", "groups", groups):
        raise ValueError(f"group_norm: groups={groups} must divide the {C} channels; x {format_array(given.x)}")
    grouped = given.x.reshape(N, groups, given.x.size // max(1, N * groups))  # (N, groups, C // groups · ...)
    z = _standardized("group_norm", grouped, (2,), eps)
    return given.scaled(z.reshape(given.x.shape), given.w, shape)


def operands_of_float(name: str, x: Operand, w: Operand | None = None, b: Operand | None = None) -> Operands:
    """The arguments of the function `name` as Operands."""
    variables = as_variables(*[operand for operand in (x, w, b) if operand is not None])
    for variable in variables:
        if variable.dtype.kind not in "fiu":
            raise TypeError(f"{name}: numbers are needed, not {format_array(variable)}")
    floats = [v if v.dtype.kind == "f" else v.astype(float_type()) for v in variables]
    dtype = np.result_type(*[variable.dtype for variable in floats])
    wide = accumulation_dtype(dtype)
    x_, *others = (v if v.dtype == wide else v.astype(wide) for v in floats)
    w_ = None if w is None else others.pop(0)
    return Operands(x_, w_, others[0] if others else None, dtype)


def channel_shape(name: str, given: Operands, **statistics: Variable) -> tuple[int, ...]:
    """The shape (1, C, 1, ...) in which all that is (C,) meets x."""
    x = given.x
    if x.ndim < 2:
        raise ValueError(f"{name}: x must be (N, C, ...), not {format_array(x)}")
    for argument, value in {"w": given.w, "b": given.b, **statistics}.items():
        if value is not None and value.shape != x.shape[1:2]:
            both = f"{argument} {format_array(value)}, x {format_array(x)}"
            raise ValueError(f"{name}: {argument} must be ({x.shape[1]},), one for each channel; {both}")
    return with_ones(x.shape, (0, *range(2, x.ndim)))


def _standardized(name: str, x: Variable, axes: tuple[int, ...], eps: float) -> Variable:
    function = Standardize(axes, checks.positive(name, "eps", eps))
    return apply(function, x) if x.size else x + 0
