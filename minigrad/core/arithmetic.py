"""The Functions behind a Variable's operators; those behind its methods are in reduction.py and shaping.py.

A `backward` in these files uses only the operators and methods of the `gy` and the `self.saved` that it is handed;
NumPy's own functions count among them, because they dispatch on Variables. One of operators on `gy` alone serves arrays
as well: `backward_arrays = backward`. The two arrays of an elementwise Function have one shape, but for a constant, to
which no gradient flows: broadcasting is an operation of its own (BroadcastTo), whose gradient is SumTo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minigrad.backend import xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.function import Function, Gradients

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.core.variable import Variable


class Elementwise(Function):
    """An operation on each element by itself."""

    family = "elementwise"


class Add(Elementwise):
    formula = "a + b"

    def forward(self, a: Array, b: Array) -> Array:
        return a + b

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy

    backward_arrays = backward


class Sub(Elementwise):
    formula = "a - b"

    def forward(self, a: Array, b: Array) -> Array:
        return a - b

    def backward(self, gy: Variable) -> Gradients:
        return gy, -gy if self.needs(1) else None

    backward_arrays = backward


class Mul(Elementwise):
    formula = "a * b"

    def forward(self, a: Array, b: Array) -> Array:
        to_a, to_b = self.inputs  # as needs() says, without its calls
        self.save(None if to_b is None else a, None if to_a is None else b)  # ga needs b, gb needs a
        return a * b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return None if b is None else gy * b, None if a is None else gy * a

    def backward_arrays(self, gy: Array) -> tuple[Array | None, ...]:
        a, b = self.saved_arrays
        return None if b is None else gy * b, None if a is None else gy * a


class Div(Elementwise):
    formula = "a / b"

    def forward(self, a: Array, b: Array) -> Array:
        y = a / b
        self.save(b, y if self.needs(1) else None)
        return y

    def backward(self, gy: Variable) -> Gradients:
        b, y = self.saved  # ∂(a / b)/∂b = −a / b² = −y / b
        ga = gy / b
        return ga, None if y is None else -ga * y


class Neg(Elementwise):
    formula = "-x"

    def forward(self, x: Array) -> Array:
        return -x

    def backward(self, gy: Variable) -> Gradients:
        return -gy

    backward_arrays = backward


class Abs(Elementwise):
    """|x|; derivative 0 at 0."""

    def forward(self, x: Array) -> Array:
        self.save(xp_of(x).sign(x))  # made on the way, but its derivative is 0: nothing is lost
        return xp_of(x).abs(x)

    def backward(self, gy: Variable) -> Gradients:
        (sign,) = self.saved
        return gy * sign


@dataclass(eq=False)
class WithNumber(Elementwise):
    """An operation on each element and one number."""

    c: float


class AddScalar(WithNumber):
    formula = "x + c"

    def forward(self, x: Array) -> Array:
        return x + self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy

    backward_arrays = backward


class MulScalar(WithNumber):
    formula = "c * x"

    def forward(self, x: Array) -> Array:
        return x * self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy * self.c

    backward_arrays = backward


class DivScalar(WithNumber):
    formula = "x / c"  # not x · (1/c), which rounds twice

    def forward(self, x: Array) -> Array:
        return x / self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy / self.c

    backward_arrays = backward


class PowScalar(WithNumber):
    """x ** c; the derivative of x ** 0 is 0, also at 0."""

    formula = "x ** c"

    def forward(self, x: Array) -> Array:
        if self.c not in (0, 1):
            self.save(x)
        return x**self.c

    def backward(self, gy: Variable) -> Gradients:
        if self.c in (0, 1):
            return gy * self.c
        (x,) = self.saved
        return gy * (x ** (self.c - 1) * self.c)


class Power(Elementwise):
    """x ** p; 0 ** p has gradient 0 with respect to p ≥ 0, −inf to p < 0."""

    formula = "x ** p"

    def forward(self, x: Array, p: Array) -> Array:
        y = x**p
        self.save(x, p, y if self.needs(1) else None)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, p, y = self.saved  # ∂xᵖ/∂x = p · xᵖ⁻¹, ∂xᵖ/∂p = xᵖ · log x
        gx = gp = None
        if self.needs(0):
            zero_to_zero = (x.data == 0) & (p.data == 0)  # there x ** (p − 1) is infinite, and p · x ** (p − 1) is 0
            gx = gy * p * x ** np.where(zero_to_zero, 1, p - 1)
        if self.needs(1):
            base = x if x.dtype == y.dtype else x.astype(y.dtype)  # an integer's logarithm would be a float16
            gp = gy * y * np.log(np.where((base.data == 0) & (p.data >= 0), 1, base))
        return gx, gp


class MatMul(Function):
    """a @ b for two matrices, or for two stacks of matrices of the same length."""

    family = "product"
    formula = "a @ b"

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a if self.needs(1) else None, b if self.needs(0) else None)
        return kernels_of(a).matmul(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return None if b is None else gy @ b.swapaxes(-1, -2), None if a is None else a.swapaxes(-1, -2) @ gy

    def flops(self) -> int | None:
        a = self.input_spec(0)
        return None if a is None else 2 * a[0][-1] * math.prod(self.output[0])
