"""Batch normalization, whose statistics are those of each channel: one Function, as it is most of a network's time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from minigrad import checks
from minigrad.backend import Array, ignore_underflow
from minigrad.backend.kernels import kernels_of
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.normalization import Standardize, channel_shape, operands_of_float
from minigrad.spelling import advised


@dataclass(eq=False)
class BatchNorm(Function):
    """(x − mean) / √(variance + eps) · w + b for each channel of x (N, C, ...); w and b are (C,) or None."""

    eps: float
    family = "reduction"

    @ignore_underflow
    def forward(self, x: Array, w: Array | None = None, b: Array | None = None) -> Array:
        y, self.statistics = kernels_of(x).batch_norm(x, w, b, self.eps)
        self.save(x, w, self.statistics)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, w, _ = self.saved
        axes = (0, *range(2, x.ndim))
        standardize = Standardize(axes, self.eps)
        z, inverse = standardize.standardize(x)  # once more, so that both can be differentiated
        gz = gy if w is None else gy * w.reshape(-1, *[1] * (x.ndim - 2))
        gradients = standardize.gradients(gz, z, inverse), (gy * z).sum(axes), gy.sum(axes)
        arrays = self.backward_arrays(gy.data)  # the same bits as without create_graph
        return tuple(
            None if array is None else apply(KernelsGradient(array), gradient)
            for array, gradient in zip(arrays, gradients, strict=True)
        )

    @ignore_underflow
    def backward_arrays(self, gy: Array) -> tuple[Array | None, ...]:
        x, w, statistics = self.saved_arrays
        gradients = kernels_of(gy).batch_norm_gradients(gy, x, w, statistics, self.eps)
        return tuple(gradient if self.needs(i) else None for i, gradient in enumerate(gradients))

    def flops(self) -> int:
        """For each number an addition for the mean, a subtraction, a square, its addition, a division, w and b."""
        return (4 + len(self.inputs)) * math.prod(self.output[0])


@dataclass(eq=False)
class BatchNormInference(Function):
    """(x − mean) / √(var + eps) · w + b for each channel of x (N, C, ...), with the statistics given; all are (C,)."""

    eps: float
    family = "reduction"

    @ignore_underflow
    def forward(self, x: Array, mean: Array, var: Array, w: Array | None = None, b: Array | None = None) -> Array:
        self.save(x, mean, var, w)
        shape = (-1, *[1] * (x.ndim - 2))  # (C, 1, ...)
        _, factor = self._factors(var, w)
        y = x - mean.reshape(shape)
        y *= factor.reshape(shape)
        if b is not None:
            y += b.reshape(shape)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, mean, var, w = self.saved
        axes, shape = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
        inverse, factor = self._factors(var, w)
        gx = gy * factor.reshape(shape)
        gmean = -gx.sum(axes) if self.needs(1) else None
        gvar = gw = None
        if self.needs(2) or self.needs(3):
            products = (gy * (x - mean.reshape(shape))).sum(axes)  # (C,)
            gvar = products * factor * inverse**2 * -0.5 if self.needs(2) else None
            gw = products * inverse if self.needs(3) else None
        gb = gy.sum(axes) if self.needs(4) else None
        return (gx, gmean, gvar, gw, gb)[: len(self.inputs)]

    def _factors(self, var: Any, w: Any) -> tuple[Any, Any]:
        """1 / √(var + eps), and that times w: one product for each number of x, and not two."""
        inverse = (var + self.eps) ** -0.5
        return inverse, inverse if w is None else w * inverse

    def flops(self) -> int:
        """For each number a subtraction, a product, and a sum if there is b."""
        return (2 + (len(self.inputs) == 5)) * math.prod(self.output[0])


@dataclass(eq=False)
class KernelsGradient(Function):
    """A gradient as a kernel computed it, with the derivative of x, which operations computed: both are one number."""

    array: Array
    family = "view"
    flops_per_element = 0

    def forward(self, x: Array) -> Array:  # noqa: ARG002
        return self.array

    def backward(self, gy: Variable) -> Gradients:
        return gy


@ignore_underflow
@advised
def batch_norm(
    x: Operand,
    w: Operand | None = None,
    b: Operand | None = None,
    *,
    mean: Operand | None = None,
    var: Operand | None = None,
    eps: float = 1e-5,
) -> Variable:
    """(x − mean) / √(var + eps) · w + b for each channel, with the batch's own statistics or with those given.

    Args:
        x: (N, C, ...): the channels are axis 1, and the statistics are those over all other axes. Integers become
            `default_dtype`.
        w: factor, (C,), or None for 1.
        b: summand, (C,), or None for 0.
        mean: that of each channel, (C,), from an earlier training for example; None takes both statistics from x.
        var: the variance of each channel, (C,), likewise. That of x is divided by n, not by n − 1.
        eps: what is added to the variance, above 0.
    Returns:
        of x's shape; float16 is computed in float32 and rounded once. One number alone is its mean: it becomes b.
    Raises:
        ValueError: x has no axis 1, or w, b, mean or var have another shape than (C,).
    Source: Ioffe & Szegedy 2015, "Batch normalization: accelerating deep network training".

    >>> import numpy as np
    >>> batch_norm(np.array([[1.0, 10.0], [3.0, 30.0]]), eps=1e-12)
    Variable([[-1. -1.]
              [ 1.  1.]])
    """
    if mean is None and var is None:
        return batch_norm_and_statistics("batch_norm", x, w, b, eps)[0]
    if mean is None or var is None:
        raise ValueError("batch_norm: mean and var go together; give both, or neither")
    given = operands_of_float("batch_norm", x, w, b)
    center, variance = operands_of_float("batch_norm", mean).x, operands_of_float("batch_norm", var).x
    shape = channel_shape("batch_norm", given, mean=center, var=variance)
    function = BatchNormInference(checks.positive("batch_norm", "eps", eps))
    if given.w is None:
        return given.scaled(apply(function, given.x, center, variance), None, shape)
    y = apply(function, given.x, center, variance, *given[1:3])
    return y if y.dtype == given.dtype else y.astype(given.dtype)


def batch_norm_and_statistics(
    name: str, x: Operand, w: Operand | None, b: Operand | None, eps: float
) -> tuple[Variable, Any, Any]:
    """batch_norm of x by its own statistics, and the mean and the variance, (C,); `name` is the caller's in errors."""
    given = operands_of_float(name, x, w, b)
    shape = channel_shape(name, given)
    function = BatchNorm(checks.positive(name, "eps", eps))
    if not given.x.size:
        return given.scaled(given.x + 0, given.w, shape), None, None
    y = given.scaled(apply(function, given.x), None, shape) if given.w is None else apply(function, *given[:3])
    mean, _, variance = function.statistics
    return y if y.dtype == given.dtype else y.astype(given.dtype), mean, variance
