"""Products of vectors and matrices, and what is solved with them."""

import numpy as np

import minigrad.functions as F
from minigrad.core.arithmetic import MatMul
from minigrad.core.function import Function
from minigrad.core.variable import apply
from minigrad.functions.linalg import Linear
from tests.bench.draws import matrices, products, squares
from tests.bench.wrong import applied, wrong

_MATRIX_AND_VECTOR = matrices().map(lambda shape: (shape, shape[1:]))


@wrong(
    "linalg",
    np.matmul,
    shapes=_MATRIX_AND_VECTOR,
    right=F.matmul,
    source="harvard-edge/cs249r_book#1781",
    forward=lambda a, b: a @ b,
)
def mat_vec(self, gy, a, b):
    """matmul: a vector's gradient is no outer product. A matrix times a vector; gy · b is no outer product."""
    return gy * b, gy @ a


class MatMulOfBoth(MatMul):
    """A matrix product that keeps both factors."""

    def forward(self, a, b):
        self.save(a, b)
        return a @ b


@wrong(
    "linalg",
    np.matmul,
    of=MatMulOfBoth,
    right=F.matmul,
    shapes=products(stacks=[(), (1,), (2,), (3,)]),
    hint="not summed over the broadcast axis 0",
    source="flashlight/flashlight#760",
)
def mat_mul_of_stack(self, gy, a, b):
    """matmul: a broadcast matrix is not summed.
    A stack of matrices times one matrix, whose gradient remains a stack."""
    return gy @ b.T, a.swapaxes(-1, -2) @ gy


@wrong("linalg", np.matmul, of=MatMulOfBoth, shapes=products(), source="apache/mxnet#4498")
def mat_mul_untransposed(self, gy, a, b):
    """matmul: nothing is transposed. Forgets to transpose: square matrices hide that the shapes do not fit."""
    return gy @ b, a @ gy


@wrong(
    "linalg",
    np.matmul,
    of=MatMulOfBoth,
    shapes=products(),
    hint="cut off from the graph",
    source="chainer/chainer#4393",
)
def mat_mul_once(self, gy, a, b):
    """matmul: factors out of the graph. The first derivative is right; it takes the factors out of the graph."""
    return gy @ b.data.T, a.data.T @ gy


@wrong("linalg", np.matmul, shapes=products(), hint="transposed")
class LinearTransposed(Linear):
    """linear: the weights' gradient is transposed. Hands back the weights' gradient as (out, in)."""

    def forward(self, x, w, *_):
        self.save(x, w)
        return x @ w

    def backward(self, gy):
        x, w = self.saved
        return gy @ w.T, gy.T @ x


_TRANSPOSED = matrices().map(lambda shape: (shape, shape[::-1]))


@wrong(
    "linalg",
    lambda a, b: np.sum(a * b.T),
    shapes=_TRANSPOSED,
    right=lambda a, b: (a * b.T).sum(),
    hint="transposed",
    source="HIPS/autograd#466",
    forward=lambda a, b: np.asarray(np.einsum("ij,ji->", a, b, dtype=a.dtype)),
)
def trace_of_product(self, gy, a, b):
    """einsum: axes are paired in the wrong order.
    Σ a[i, j] · b[j, i], whose gradients pair the axes in the wrong order."""
    return gy * b, gy * a


_TWO_VECTORS = matrices().map(lambda shape: ((shape[0],), (shape[1],)))


@wrong(
    "linalg",
    np.outer,
    shapes=_TWO_VECTORS,
    right=lambda a, b: F.expand_dims(a, 1) * F.expand_dims(b, 0),
    forward=np.outer,
)
def outer(self, gy, a, b):
    """outer: gy for its transpose, a square hides it.
    The outer product of two vectors; towards b it multiplies by the rows, a square hides it."""
    return gy @ b, gy @ a


class Cross(Function):
    """The cross product of two vectors."""

    def forward(self, a, b):
        self.save(a, b)
        return np.cross(a, b)

    def backward(self, gy):
        a, b = self.saved
        return apply(Cross(), b, gy), apply(Cross(), gy, a)


@wrong("linalg", np.cross, of=Cross, shapes=[((3,), (3,)), ((2, 3), (2, 3))], hint="the sign")
def cross_exchanged(self, gy, a, b):
    """cross: factors in the wrong order. Towards a, the factors stand in the wrong order."""
    return apply(Cross(), gy, b), apply(Cross(), gy, a)


class Inverse(Function):
    """The inverse of a matrix."""

    def forward(self, x):
        y = _in_double(np.linalg.inv, x)
        self.save(y)
        return y

    def backward(self, gy):
        (y,) = self.saved
        return -(y.T @ gy @ y.T)


def _shifted(function):
    """A function of a matrix that is far from singular: x + 5 on its diagonal."""

    def op(x, *others):
        return function(x + 5 * np.eye(x.shape[0], dtype=x.dtype), *others)

    op.__name__ = getattr(function, "__name__", "op")
    return op


_SMALL = (-1.0, 1.0)


@wrong(
    "linalg",
    _shifted(np.linalg.inv),
    of=Inverse,
    shapes=squares(),
    domain=_SMALL,
    op=lambda kind: _shifted(applied(kind)),
    source="pytorch/pytorch.github.io#2135",
)
def inverse_untransposed(self, gy, y):
    """inv: nothing is transposed. Forgets to transpose."""
    return -(y @ gy @ y)


class Determinant(Function):
    """The determinant."""

    def forward(self, x):
        self.save(x)
        return _in_double(np.linalg.det, x)

    def backward(self, gy):
        (x,) = self.saved
        return gy * apply(Determinant(), x) * apply(Inverse(), x).T


@wrong(
    "linalg",
    _shifted(np.linalg.det),
    shapes=squares(),
    domain=_SMALL,
    op=lambda kind: _shifted(applied(kind)),
    hint="saves an array made on the way",
    source="pytorch/pytorch#192540",
)
class DeterminantOnce(Determinant):
    """det: the inverse is saved. Saves the inverse, a constant to backward."""

    def forward(self, x):
        y = _in_double(np.linalg.det, x)
        self.save(y, _in_double(np.linalg.inv, x))
        return y

    def backward(self, gy):
        y, inverse = self.saved
        return gy * y * inverse.T


class Solve(Function):
    """The solution y of a @ y = b."""

    def forward(self, a, b):
        y = np.linalg.solve(a.astype(np.float64), b.astype(np.float64)).astype(b.dtype)
        self.save(a, y)
        return y

    def backward(self, gy):
        a, y = self.saved
        gb = apply(Solve(), a.T, gy)
        return -F.expand_dims(gb, 1) * F.expand_dims(y, 0), gb


_SYSTEMS = squares().map(lambda shape: (shape, shape[1:]))


@wrong(
    "linalg",
    _shifted(np.linalg.solve),
    of=Solve,
    shapes=_SYSTEMS,
    domain=_SMALL,
    op=lambda kind: _shifted(applied(kind)),
)
def solve_untransposed(self, gy, a, y):
    """solve: nothing is transposed. Solves with the same matrix for gy, not with the transposed one."""
    gb = apply(Solve(), a, gy)
    return -F.expand_dims(gb, 1) * F.expand_dims(y, 0), gb


@wrong("linalg", np.trace, shapes=matrices(), right=lambda x: _diagonal(x).sum(), source="pytorch/pytorch#171704")
class Trace(Function):
    """trace: of a matrix that is no square.
    The sum of the diagonal; steps through memory by rows, not by columns, which a square hides."""

    def forward(self, x):
        self.shape = x.shape
        return np.asarray(np.trace(x, dtype=x.dtype))

    def backward(self, gy):
        diagonal = np.zeros(self.shape)
        diagonal.flat[:: self.shape[0] + 1] = 1
        return gy * diagonal


def _diagonal(x):
    places = np.arange(min(x.shape))
    return x[places, places]


@wrong("linalg", np.diagonal, shapes=matrices(), right=_diagonal, source="pytorch/pytorch#4538")
class Diagonal(Function):
    """diagonal: of a matrix that is no square. The diagonal of a matrix, whose gradient is a square."""

    def forward(self, x):
        return np.diagonal(x).copy()

    def backward(self, gy):
        return F.expand_dims(gy, 0) * np.eye(gy.shape[0])


def _in_double(function, x):
    """LAPACK knows no float16."""
    return np.asarray(function(x.astype(np.float64)).astype(x.dtype))
