"""The Functions behind a Variable's operators and methods.

A `backward` here uses only the operators and methods of the `gy` and the `self.saved` that it is handed; NumPy's own
functions count among them, because they dispatch on Variables. Elementwise Functions of two inputs see equal shapes or
constants: broadcasting is an operation of its own (BroadcastTo), whose gradient is SumTo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import describe, scatter_add, to_device, wide_dtype, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.function import Function, Gradients

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.variable import Variable


class Add(Function):
    """a + b."""

    def forward(self, a: Array, b: Array) -> Array:
        return a + b

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy


class Sub(Function):
    """a − b."""

    def forward(self, a: Array, b: Array) -> Array:
        return a - b

    def backward(self, gy: Variable) -> Gradients:
        return gy, -gy if self.needs(1) else None


class Mul(Function):
    """a · b, elementwise."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(None if self.inputs[1] is None else a, None if self.inputs[0] is None else b)  # `needs`, but faster
        return a * b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return None if b is None else gy * b, None if a is None else gy * a


class Div(Function):
    """a / b, elementwise."""

    def forward(self, a: Array, b: Array) -> Array:
        y = a / b
        self.save(b, y if self.needs(1) else None)
        return y

    def backward(self, gy: Variable) -> Gradients:
        b, y = self.saved
        ga = gy / b
        return ga, None if y is None else -ga * y


class Neg(Function):
    """−x."""

    def forward(self, x: Array) -> Array:
        return -x

    def backward(self, gy: Variable) -> Gradients:
        return -gy


class Abs(Function):
    """|x|; derivative 0 at 0."""

    def forward(self, x: Array) -> Array:
        self.save(xp_of(x).sign(x))
        return xp_of(x).abs(x)

    def backward(self, gy: Variable) -> Gradients:
        (sign,) = self.saved
        return gy * sign


@dataclass(eq=False)
class AddScalar(Function):
    """x + c."""

    c: float

    def forward(self, x: Array) -> Array:
        return x + self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy


@dataclass(eq=False)
class MulScalar(Function):
    """c · x."""

    c: float

    def forward(self, x: Array) -> Array:
        return x * self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy * self.c


@dataclass(eq=False)
class DivScalar(Function):
    """x / c: not x · (1/c), which rounds twice."""

    c: float

    def forward(self, x: Array) -> Array:
        return x / self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy / self.c


@dataclass(eq=False)
class PowScalar(Function):
    """x ** c for a number c; the derivative of x ** 0 is 0, also at 0."""

    c: float

    def forward(self, x: Array) -> Array:
        if self.c not in (0, 1):
            self.save(x)
        return x**self.c

    def backward(self, gy: Variable) -> Gradients:
        if self.c == 0:
            return gy * 0
        if self.c == 1:
            return gy
        (x,) = self.saved
        return gy * (x ** (self.c - 1) * self.c)


class Power(Function):
    """x ** p, elementwise; 0 ** p has gradient 0 towards p."""

    def forward(self, x: Array, p: Array) -> Array:
        y = x**p
        self.save(x, p, y if self.needs(1) else None)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, p, y = self.saved
        gx = gp = None
        if self.needs(0):
            flat = (x.data == 0) & (p.data == 0)  # there x ** (p − 1) is infinite, and p · x ** (p − 1) is 0
            gx = gy * p * x ** np.where(flat, 1, p - 1)
        if self.needs(1):
            base = x if x.dtype == y.dtype else x.astype(y.dtype)  # an integer's logarithm would be a float16
            gp = gy * y * np.log(np.where(base.data == 0, 1, base))
        return gx, gp


class MatMul(Function):
    """a @ b for two matrices, or for two stacks of matrices of the same length."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a if self.needs(1) else None, b if self.needs(0) else None)
        return kernels_of(a).matmul(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return None if b is None else gy @ b.swapaxes(-1, -2), None if a is None else a.swapaxes(-1, -2) @ gy

    def flops(self) -> int | None:
        a = self.input_spec(0)
        return None if a is None else 2 * a[0][-1] * math.prod(self.output[0])


@dataclass(eq=False)
class Cast(Function):
    """x in another float type; the traversal gives each gradient its variable's dtype, so it is cast back there."""

    dtype: Any
    flops_per_element = 0

    def forward(self, x: Array) -> Array:
        return x.astype(self.dtype)

    def backward(self, gy: Variable) -> Gradients:
        return gy


@dataclass(eq=False)
class ToDevice(Function):
    """A copy of x on another device."""

    device: str
    source: str
    flops_per_element = 0

    def forward(self, x: Array) -> Array:
        return to_device(x, self.device)

    def backward(self, gy: Variable) -> Gradients:
        return gy.to(self.source)


def total(x: Array, axis: int | tuple[int, ...] | None, *, keepdims: bool) -> Array:
    """The sum in x's dtype; of float16 in float32."""
    return x.sum(axis, dtype=np.float32 if x.dtype == np.float16 else None, keepdims=keepdims)


def summed(x: Array, axis: int | tuple[int, ...] | None, *, keepdims: bool) -> Array:
    """The sum in x's dtype, rounded to it once."""
    y = total(x, axis, keepdims=keepdims)
    return y.astype(np.float16) if x.dtype == np.float16 else y


@dataclass(eq=False)
class Reduction(Function):
    """One number in place of all those along some axes."""

    axis: tuple[int, ...]
    keepdims: bool

    def flops(self) -> int:
        return self.input_size(0)


class Sum(Reduction):
    """The sum over some axes."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        if x.ndim < 2 or self.keepdims or x.dtype.kind != "f" or self.axis != (0, *range(2, x.ndim)):
            return summed(x, self.axis, keepdims=self.keepdims)
        return kernels_of(x).channel_sum(x)

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(with_ones(self.shape, self.axis)).broadcast_to(self.shape)


class Mean(Reduction):
    """The mean over some axes."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.mean(self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Gradients:
        count: int = math.prod(self.shape[i] for i in self.axis)
        if gy.dtype == np.float16:
            gy = gy.astype(np.float32)  # the count may be beyond float16
        return (gy.reshape(with_ones(self.shape, self.axis)) / count).broadcast_to(self.shape)

    def flops(self) -> int:
        return self.input_size(0) + math.prod(self.output[0])


class Max(Reduction):
    """The maximum over some axes; ties share the gradient equally."""

    def forward(self, x: Array) -> Array:
        return self._pick(x, x.max(self.axis, keepdims=True))

    def _pick(self, x: Array, best: Array) -> Array:
        winners = (x == best) | (x != x)  # noqa: PLR0124 - a NaN wins, and equals nothing
        self.save((winners / winners.sum(self.axis, keepdims=True)).astype(x.dtype))
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
class BroadcastTo(Function):
    """x repeated to a larger shape, as NumPy broadcasts it (a view)."""

    shape: tuple[int, ...]
    flops_per_element = 0

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        return xp_of(x).broadcast_to(x, self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy.sum_to(self.source)


@dataclass(eq=False)
class SumTo(Function):
    """x summed to a smaller shape: the adjoint of BroadcastTo."""

    shape: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        lead = x.ndim - len(self.shape)
        repeated = [lead + i for i, n in enumerate(self.shape) if n == 1 and x.shape[lead + i] != 1]
        return summed(x, (*range(lead), *repeated), keepdims=True).reshape(self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy.broadcast_to(self.source)

    def flops(self) -> int:
        return self.input_size(0)


@dataclass(eq=False)
class Reshape(Function):
    """The same numbers, in row-major order, in another shape."""

    shape: tuple[int, ...]
    flops_per_element = 0

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        if x.ndim == 4 and len(self.shape) < 3 and not x.flags.c_contiguous:
            x = kernels_of(x).contiguous(x)  # images that lie NHWC in memory
        return x.reshape(self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.source)


@dataclass(eq=False)
class Transpose(Function):
    """Axis axes[i] of x becomes axis i."""

    axes: tuple[int, ...]
    flops_per_element = 0

    def forward(self, x: Array) -> Array:
        return x.transpose(self.axes)

    def backward(self, gy: Variable) -> Gradients:
        return gy.transpose(tuple(sorted(range(len(self.axes)), key=self.axes.__getitem__)))


@dataclass(eq=False)
class GetItem(Function):
    """x[key], by any of NumPy's ways of indexing."""

    key: Any
    flops_per_element = 0

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        try:
            return x[self.key]
        except IndexError as error:
            raise IndexError(f"getitem: {error}; x {describe(x)}") from None

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(self.key, self.shape)


@dataclass(eq=False)
class ScatterAdd(Function):
    """Zeros with the values of x added at `key`: the adjoint of GetItem."""

    key: Any
    shape: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        parts = self.key if isinstance(self.key, tuple) else (self.key,)
        if all(part is None or part is ... or type(part) in (int, slice) for part in parts):
            y = xp_of(x).zeros(self.shape, x.dtype)
            y[self.key] = x  # basic indexing reaches no position twice
            return y
        y = xp_of(x).zeros(self.shape, wide_dtype(x.dtype) if x.dtype.kind == "f" else x.dtype)
        scatter_add(y, self.key, x)
        return y.astype(x.dtype, copy=False)

    def backward(self, gy: Variable) -> Gradients:
        return gy[self.key]

    def flops(self) -> int:
        return self.input_size(0)
