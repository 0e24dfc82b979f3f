"""Products of vectors and matrices, and what is solved with them."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.arithmetic import MatMul
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable, apply
from minigrad.functions.linalg import Linear
from minigrad.testing.bench.draws import matrices, products, squares
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec


class MatVec(Function):
    """A matrix times a vector; gy · b is no outer product."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return a @ b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy * b, gy @ a


class MatMulOfBoth(MatMul):
    """A matrix product that keeps both factors."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return a @ b


class MatMulOfStack(MatMulOfBoth):
    """A stack of matrices times one matrix, whose gradient remains a stack."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy @ b.T, a.swapaxes(-1, -2) @ gy


class MatMulUntransposed(MatMulOfBoth):
    """Forgets to transpose: square matrices hide that the shapes do not fit."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy @ b, a @ gy


class MatMulOnce(MatMulOfBoth):
    """The first derivative is right; it takes the factors out of the graph."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy @ b.data.T, a.data.T @ gy


class LinearTransposed(Linear):
    """Hands back the weights' gradient as (out, in)."""

    def forward(self, x: Array, w: Array, *_: Array) -> Array:
        self.save(x, w)
        return x @ w

    def backward(self, gy: Variable) -> Gradients:
        x, w = self.saved
        return gy @ w.T, gy.T @ x


class TraceOfProduct(Function):
    """Σ a[i, j] · b[j, i], whose gradients pair the axes in the wrong order."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return np.asarray(np.einsum("ij,ji->", a, b, dtype=a.dtype))

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy * b, gy * a


class Outer(Function):
    """The outer product of two vectors; towards b it multiplies by the rows, a square hides it."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return np.outer(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy @ b, gy @ a


class Cross(Function):
    """The cross product of two vectors; towards a, the factors stand in the wrong order."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return np.cross(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return apply(CrossRight(), gy, b), apply(CrossRight(), gy, a)


class CrossRight(Cross):
    """The cross product of two vectors."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return apply(CrossRight(), b, gy), apply(CrossRight(), gy, a)


class Inverse(Function):
    """The inverse of a matrix."""

    def forward(self, x: Array) -> Array:
        y = _in_double(np.linalg.inv, x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return -(y.T @ gy @ y.T)


class InverseUntransposed(Inverse):
    """Forgets to transpose."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return -(y @ gy @ y)


class Determinant(Function):
    """The determinant."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return _in_double(np.linalg.det, x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * apply(Determinant(), x) * apply(Inverse(), x).T


class DeterminantOnce(Determinant):
    """Saves the inverse, a constant to backward."""

    def forward(self, x: Array) -> Array:
        y = _in_double(np.linalg.det, x)
        self.save(y, _in_double(np.linalg.inv, x))
        return y

    def backward(self, gy: Variable) -> Gradients:
        y, inverse = self.saved
        return gy * y * inverse.T


class Solve(Function):
    """The solution y of a @ y = b."""

    def forward(self, a: Array, b: Array) -> Array:
        y = np.linalg.solve(a.astype(np.float64), b.astype(np.float64)).astype(b.dtype)
        self.save(a, y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        a, y = self.saved
        gb = apply(Solve(), a.T, gy)
        return -F.expand_dims(gb, 1) * F.expand_dims(y, 0), gb


class SolveUntransposed(Solve):
    """Solves with the same matrix for gy, not with the transposed one."""

    def backward(self, gy: Variable) -> Gradients:
        a, y = self.saved
        gb = apply(Solve(), a, gy)
        return -F.expand_dims(gb, 1) * F.expand_dims(y, 0), gb


class Trace(Function):
    """The sum of the diagonal; steps through memory by rows, not by columns, which a square hides."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return np.asarray(np.trace(x, dtype=x.dtype))

    def backward(self, gy: Variable) -> Gradients:
        diagonal = np.zeros(self.shape)
        diagonal.flat[:: self.shape[0] + 1] = 1
        return gy * diagonal


class Diagonal(Function):
    """The diagonal of a matrix, whose gradient is a square."""

    def forward(self, x: Array) -> Array:
        return np.diagonal(x).copy()

    def backward(self, gy: Variable) -> Gradients:
        return F.expand_dims(gy, 0) * np.eye(gy.shape[0])


def _diagonal(x: Variable) -> Variable:
    places = np.arange(min(x.shape))
    return x[places, places]


def _in_double(function: Any, x: Array) -> Array:
    """LAPACK knows no float16."""
    return np.asarray(function(x.astype(np.float64)).astype(x.dtype))


def _shifted(function: Any) -> Any:
    """A function of a matrix that is far from singular: x + 5 on its diagonal."""

    def op(x: Any, *others: Any) -> Any:
        return function(x + 5 * np.eye(x.shape[0], dtype=x.dtype), *others)

    op.__name__ = getattr(function, "__name__", "op")
    return op


_SMALL = (-1.0, 1.0)
_MATRIX_AND_VECTOR = matrices().map(lambda shape: (shape, shape[1:]))
_TRANSPOSED = matrices().map(lambda shape: (shape, shape[::-1]))
_SYSTEMS = squares().map(lambda shape: (shape, shape[1:]))
_TWO_VECTORS = matrices().map(lambda shape: ((shape[0],), (shape[1],)))

BENCH = [
    Wrong(
        "matmul: a vector's gradient is no outer product",
        OpSpec(applied(MatVec), np.matmul, shapes=_MATRIX_AND_VECTOR),
        "linalg",
        "harvard-edge/cs249r_book#1781",
        right=F.matmul,
    ),
    Wrong(
        "matmul: a broadcast matrix is not summed",
        OpSpec(applied(MatMulOfStack), np.matmul, shapes=products(stacks=[(), (1,), (2,), (3,)])),
        "linalg",
        "flashlight/flashlight#760",
        hint="not summed over the broadcast axis 0",
        right=F.matmul,
    ),
    Wrong(
        "matmul: nothing is transposed",
        OpSpec(applied(MatMulUntransposed), np.matmul, shapes=products()),
        "linalg",
        "apache/mxnet#4498",
        right=F.matmul,
    ),
    Wrong(
        "matmul: factors out of the graph",
        OpSpec(applied(MatMulOnce), np.matmul, shapes=products()),
        "linalg",
        "chainer/chainer#4393",
        hint="cut off from the graph",
        right=F.matmul,
    ),
    Wrong(
        "linear: the weights' gradient is transposed",
        OpSpec(applied(LinearTransposed), np.matmul, shapes=products()),
        "linalg",
        hint="transposed",
        right=F.linear,
    ),
    Wrong(
        "einsum: axes are paired in the wrong order",
        OpSpec(applied(TraceOfProduct), lambda a, b: np.sum(a * b.T), shapes=_TRANSPOSED),
        "linalg",
        "HIPS/autograd#466",
        hint="transposed",
        right=lambda a, b: (a * b.T).sum(),
    ),
    Wrong(
        "outer: gy for its transpose, a square hides it",
        OpSpec(applied(Outer), np.outer, shapes=_TWO_VECTORS),
        "linalg",
        right=lambda a, b: F.expand_dims(a, 1) * F.expand_dims(b, 0),
    ),
    Wrong(
        "cross: factors in the wrong order",
        OpSpec(applied(Cross), np.cross, shapes=[((3,), (3,)), ((2, 3), (2, 3))]),
        "linalg",
        hint="the sign",
        right=applied(CrossRight),
    ),
    Wrong(
        "inv: nothing is transposed",
        OpSpec(_shifted(applied(InverseUntransposed)), _shifted(np.linalg.inv), shapes=squares(), domain=_SMALL),
        "linalg",
        "pytorch/pytorch.github.io#2135",
        right=_shifted(applied(Inverse)),
    ),
    Wrong(
        "det: the inverse is saved",
        OpSpec(_shifted(applied(DeterminantOnce)), _shifted(np.linalg.det), shapes=squares(), domain=_SMALL),
        "linalg",
        "pytorch/pytorch#192540",
        hint="saves an array made on the way",
        right=_shifted(applied(Determinant)),
    ),
    Wrong(
        "solve: nothing is transposed",
        OpSpec(_shifted(applied(SolveUntransposed)), _shifted(np.linalg.solve), shapes=_SYSTEMS, domain=_SMALL),
        "linalg",
        right=_shifted(applied(Solve)),
    ),
    Wrong(
        "trace: of a matrix that is no square",
        OpSpec(applied(Trace), np.trace, shapes=matrices()),
        "linalg",
        "pytorch/pytorch#171704",
        right=lambda x: _diagonal(x).sum(),
    ),
    Wrong(
        "diagonal: of a matrix that is no square",
        OpSpec(applied(Diagonal), np.diagonal, shapes=matrices()),
        "linalg",
        "pytorch/pytorch#4538",
        right=_diagonal,
    ),
]
