"""The Functions that put one number in place of many: sums, means and extremes along axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minigrad.backend import sum_rounded, sum_wide
from minigrad.backend.kernels import kernels_of
from minigrad.core.function import Function, Gradients

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.core.variable import Variable


@dataclass(eq=False)
class Reduction(Function):
    """One number in place of all those along some axes."""

    axis: tuple[int, ...]
    keepdims: bool
    family = "reduction"

    def flops(self) -> int:
        return self.input_size(0)


class Sum(Reduction):
    """The sum over some axes."""

    formula = "sum(x)"

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return kernels_of(x).sum(x, self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(with_ones(self.shape, self.axis)).broadcast_to(self.shape)


class Mean(Reduction):
    """The mean over some axes."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        if x.dtype.kind != "f":
            return x.mean(self.axis, keepdims=self.keepdims)
        y = sum_wide(x, self.axis, keepdims=self.keepdims)
        y /= self.count
        return y.astype(x.dtype, copy=False)

    def backward(self, gy: Variable) -> Gradients:
        if gy.dtype == np.float16:
            gy = gy.astype(np.float32)  # the count may be beyond float16
        return (gy.reshape(with_ones(self.shape, self.axis)) / self.count).broadcast_to(self.shape)

    @property
    def count(self) -> int:
        """The number of elements that become one."""
        return math.prod(self.shape[i] for i in self.axis)

    def flops(self) -> int:
        return self.input_size(0) + math.prod(self.output[0])


class Max(Reduction):
    """The maximum over some axes; ties share the gradient equally."""

    def forward(self, x: Array) -> Array:
        return self._pick(x, x.max(self.axis, keepdims=True))

    def _pick(self, x: Array, best: Array) -> Array:
        argmax = (x == best) | (x != x)  # noqa: PLR0124 - a NaN wins, and equals nothing
        self.save((argmax / argmax.sum(self.axis, keepdims=True)).astype(x.dtype))
        return best if self.keepdims else best.squeeze(self.axis)

    def backward(self, gy: Variable) -> Gradients:
        (share,) = self.saved
        gy = gy.reshape(with_ones(share.shape, self.axis)).broadcast_to(share.shape)
        return share * np.where(share.data > 0, gy, 0)


class Min(Max):
    """The minimum over some axes; ties share the gradient equally."""

    def forward(self, x: Array) -> Array:
        return self._pick(x, x.min(self.axis, keepdims=True))


def with_ones(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a reduction over `axis` has with keepdims."""
    return tuple(1 if i in axis else n for i, n in enumerate(shape))


@dataclass(eq=False)
class SumTo(Function):
    """x summed to a smaller shape: the adjoint of BroadcastTo."""

    shape: tuple[int, ...]
    family = "reduction"
    formula = "sum(x)"

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        lead = x.ndim - len(self.shape)
        repeated = [lead + i for i, n in enumerate(self.shape) if n == 1 and x.shape[lead + i] != 1]
        return sum_rounded(x, (*range(lead), *repeated), keepdims=True).reshape(self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy.broadcast_to(self.source)

    def flops(self) -> int:
        return self.input_size(0)
