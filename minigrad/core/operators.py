"""Operators: the operators and methods of a Variable, each of which applies a Function."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

import numpy as np

from minigrad import backend, checks
from minigrad.backend import Array, format_array
from minigrad.backend.placement import beside, one_device, own_key
from minigrad.core import arithmetic as A
from minigrad.core import reduction, shaping
from minigrad.core.axes import Axis, as_shape, broadcasts, infer_shape, normalize_axes
from minigrad.core.config import NOT_RECORDED
from minigrad.core.numpy_protocol import NumPyProtocol, implements
from minigrad.settings import settings
from minigrad.spelling import advised

if TYPE_CHECKING:
    from minigrad.core.function import Function
    from minigrad.core.variable import Variable

Operand: TypeAlias = Union["Variable", Array, float]
"""A Variable; an array or a number is a constant."""


def infix(
    kind: type[Function],
    with_number: Callable[[float], Function],
    on_arrays: Callable[[Array, Array], Array] | None = None,
) -> Callable[[Any, Operand], Variable]:
    """The method of an operator, which applies `kind`, or `with_number(c)` if the right operand is a number c.

    Where nothing is recorded and there is no hook, `on_arrays` computes the same, and no Function is made.
    """

    def method(self: Operators, other: Any) -> Variable:
        if isinstance(other, Operators):  # a Variable, which this file can't import
            if self._data.shape == other._data.shape:
                plain = settings.get().grad_mode is NOT_RECORDED
                if plain and on_arrays is not None and self._data.__class__ is other._data.__class__:
                    return self._constant(on_arrays(self._data, other._data))
                return self._apply(kind(), self, other)
        elif isinstance(other, (int, float)):
            return self._apply(with_number(_plain(other)), self)
        elif other.__class__ is np.ndarray and self._data.shape == other.shape and self._data.dtype == other.dtype:
            return self._apply(kind(), self, other)
        return binary(kind, self, other)

    return method


def comparison(ufunc: np.ufunc, compare: Callable[[Any, Any], Array]) -> Callable[[Any, Any], Array]:
    """The method of a comparison, which gives a plain array; NumPy's function for it does the same."""

    def method(a: Any, b: Any) -> Array:
        x, y = (x._data if isinstance(x, Operators) else x for x in (a, b))
        if x.__class__ is not y.__class__ and backend.is_array(x) and backend.is_array(y):
            x, y = one_device(ufunc.__name__, x, y)
        return compare(x, y)

    return implements(ufunc)(method)


class Operators(NumPyProtocol):
    """The operators and methods of a Variable; Variable brings `_apply`, which computes and records."""

    _apply: Callable[..., Variable]
    _constant: Callable[[Array], Variable]

    @property
    def T(self) -> Variable:  # noqa: N802 - NumPy's name
        """All axes reversed."""
        return self.transpose()

    __add__ = __radd__ = infix(A.Add, A.AddScalar, operator.add)
    __sub__ = infix(A.Sub, lambda c: A.AddScalar(-c), operator.sub)
    __mul__ = __rmul__ = infix(A.Mul, A.MulScalar, operator.mul)
    __truediv__ = infix(A.Div, A.DivScalar)
    __pow__ = infix(A.Power, A.PowScalar)

    def __rsub__(self, other: Operand) -> Variable:
        return -self + other if isinstance(other, (int, float)) else binary(A.Sub, other, self)

    def __rtruediv__(self, other: Operand) -> Variable:
        return binary(A.Div, other, self)

    def __rpow__(self, other: Operand) -> Variable:
        return binary(A.Power, other, self)

    def __matmul__(self, other: Operand) -> Variable:
        return matmul(self, other)

    def __rmatmul__(self, other: Operand) -> Variable:
        return matmul(other, self)

    def __neg__(self) -> Variable:
        return self._apply(A.Neg(), self)

    def __pos__(self) -> Variable:
        return cast("Variable", self)

    def __abs__(self) -> Variable:
        return self._apply(A.Abs(), self)

    __hash__ = object.__hash__  # by identity: a Variable can be a key, although == compares elements
    __eq__ = comparison(np.equal, operator.eq)
    __ne__ = comparison(np.not_equal, operator.ne)
    __lt__ = comparison(np.less, operator.lt)
    __le__ = comparison(np.less_equal, operator.le)
    __gt__ = comparison(np.greater, operator.gt)
    __ge__ = comparison(np.greater_equal, operator.ge)

    def __len__(self) -> int:
        return len(self.data)

    __contains__ = None  # `x in variable` could only mean identity: an error is better

    def __getitem__(self, key: Any) -> Variable:
        parts = tuple([_index(part) for part in (key if isinstance(key, tuple) else (key,))])
        plain = own_key(parts, self._data)
        return self._apply(shaping.GetItem(plain if isinstance(key, tuple) or len(plain) > 1 else plain[0]), self)

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self.data)))

    def to(self, device: str) -> Variable:
        """This Variable on `device` ("cpu", "cuda", "cuda:1"): itself if it is there, else a differentiable copy."""
        source = backend.device_of(self.data)
        if device == source:
            return cast("Variable", self)
        return self._apply(shaping.ToDevice(device, source), self)

    def astype(self, dtype: Any) -> Variable:
        """This Variable in another float type; the gradient comes back in this one's.

        Raises:
            TypeError: dtype is no float type, and this Variable requires a gradient.
        """
        if np.dtype(dtype).kind != "f" and self.requires_grad:
            raise TypeError(f"astype: only floats have gradients, not {np.dtype(dtype)}; use .data.astype")
        return self._apply(shaping.Cast(np.dtype(dtype)), self)

    def reshape(self, *shape: int | Sequence[int]) -> Variable:
        """The same numbers, in row-major order, in another shape; one length may be -1."""
        wanted = as_shape(shape)
        full = infer_shape(wanted, self.data.size)
        if full is None:
            raise ValueError(f"reshape: {format_array(self.data)} cannot become {wanted}")
        return self._apply(shaping.Reshape(full), self)

    def transpose(self, *axes: int | Sequence[int] | None) -> Variable:
        """The axes in another order: axis axes[i] becomes axis i; all reversed by default."""
        ndim = self.data.ndim
        order = range(ndim)[::-1] if not axes or axes[0] is None else as_shape(axes)
        if len(order) != ndim:
            raise ValueError(f"transpose: axes {tuple(order)} must name every axis of {format_array(self.data)}")
        return self._apply(shaping.Transpose(normalize_axes("transpose", order, ndim, "axes")), self)

    def swapaxes(self, i: int, j: int) -> Variable:
        """Axes i and j exchanged."""
        axes = list(range(self.data.ndim))
        (i,), (j,) = normalize_axes("swapaxes", i, len(axes)), normalize_axes("swapaxes", j, len(axes))
        axes[i], axes[j] = axes[j], axes[i]
        return self._apply(shaping.Transpose(tuple(axes)), self)

    def broadcast_to(self, shape: Sequence[int]) -> Variable:
        """Repeated to a larger shape, as NumPy broadcasts it."""
        shape = tuple(as_shape((shape,)))
        if shape == self.data.shape:
            return cast("Variable", self)
        if not broadcasts(self.data.shape, shape):
            raise ValueError(f"broadcast_to: {format_array(self.data)} does not broadcast to {shape}")
        return self._apply(shaping.BroadcastTo(shape), self)

    def sum_to(self, shape: Sequence[int]) -> Variable:
        """Summed to a smaller shape: the adjoint of broadcast_to."""
        shape = tuple(shape)
        if shape == self.data.shape:
            return cast("Variable", self)
        if not broadcasts(shape, self.data.shape):
            raise ValueError(f"sum_to: {format_array(self.data)} is no broadcast form of {shape}")
        return self._apply(reduction.SumTo(shape), self)

    def scatter_add(self, key: Any, shape: Sequence[int]) -> Variable:
        """Zeros of `shape` with these values added at `[key]`: the adjoint of indexing."""
        return self._apply(shaping.ScatterAdd(key, tuple(shape)), self)

    @advised
    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Variable:
        """The sum over `axis` (all by default)."""
        return self._reduce(reduction.Sum, axis, keepdims)

    @advised
    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Variable:
        """The mean over `axis` (all by default)."""
        return self._reduce(reduction.Mean, axis, keepdims)

    @advised
    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Variable:
        """The maximum over `axis` (all by default); ties share the gradient equally."""
        return self._reduce(reduction.Max, axis, keepdims, of_none=False)

    @advised
    def min(self, axis: Axis = None, *, keepdims: bool = False) -> Variable:
        """The minimum over `axis` (all by default); ties share the gradient equally."""
        return self._reduce(reduction.Min, axis, keepdims, of_none=False)

    def _reduce(self, kind: type[reduction.Reduction], axis: Axis, keepdims: bool, *, of_none: bool = True) -> Variable:
        # of_none: the reduction has a value over an axis of length 0
        name, x = kind.__name__.lower(), self.data
        keepdims = checks.boolean(name, "keepdims", keepdims)
        axes = tuple(sorted(normalize_axes(name, axis, x.ndim)))
        if not of_none and any(x.shape[i] == 0 for i in axes):
            raise ValueError(f"{name}: there is none over axis {axis} of the empty {format_array(x)}")
        return self._apply(kind(axes, keepdims), self)


def binary(kind: type[Function], a: Any, b: Any) -> Variable:
    """Apply an elementwise Function of two inputs, at least one a Variable, broadcast against each other."""
    a, b = operand(a, b), operand(b, a)
    if a is None or b is None:
        return NotImplemented  # type: ignore[no-any-return]
    apply: Callable[..., Variable] = (a if isinstance(a, Operators) else b)._apply
    return apply(kind(), *broadcast(kind.__name__.lower(), a, b))


def broadcast(function: str, *operands: Any) -> list[Any]:
    """The Variables among `operands` broadcast to the shape of all; arrays stay as they are."""
    shapes = [x.shape for x in operands]
    if shapes.count(shapes[0]) == len(shapes):
        return list(operands)
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        found = " and ".join(format_array(x) for x in operands)
        raise ValueError(f"{function}: shapes do not broadcast; {found}") from None
    return [x.broadcast_to(shape) if isinstance(x, Operators) else x for x in operands]


def matmul(a: Any, b: Any) -> Variable:
    """The matrix product a @ b of two operands, at least one a Variable: see `functions.matmul`."""
    a, b = operand(a, b), operand(b, a)
    if a is None or b is None:
        return NotImplemented  # type: ignore[no-any-return]
    apply: Callable[..., Variable] = (a if isinstance(a, Operators) else b)._apply
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"matmul: a's last axis must match b's last but one; {format_array(a)} and {format_array(b)}")
    lead, rows, columns = a.shape[:-2], a.shape[-2:-1], b.shape[-1:] if b.ndim > 1 else ()
    a = a if rows else a.reshape(1, *a.shape)  # (K,) -> (1, K)
    b = b if columns else b.reshape(*b.shape, 1)  # (K,) -> (K, 1)
    if b.ndim == 2:
        flat = a if a.ndim == 2 else a.reshape(math.prod(a.shape[:-1]), a.shape[-1])  # (..., M, K) -> (... · M, K)
        y = apply(A.MatMul(), flat, b)
    else:
        try:
            lead = np.broadcast_shapes(lead, b.shape[:-2])
        except ValueError:
            raise ValueError(f"matmul: stacks do not broadcast; {format_array(a)} and {format_array(b)}") from None
        stacks = [x.broadcast_to(lead + x.data.shape[-2:]) if isinstance(x, Operators) else x for x in (a, b)]
        y = apply(A.MatMul(), *stacks)
    shape = lead + rows + columns
    return y if y.shape == shape else y.reshape(shape)


def _index(part: Any) -> Any:
    """A part of a key, an array of what is a list or a Variable."""
    if isinstance(part, list):
        return np.array(part, dtype=None if part else int)
    return part._data if isinstance(part, Operators) else part


def operand(value: Any, other: Any) -> Any:
    """A Variable as it is, a constant as an array of the other operand's float type; None for anything else."""
    if isinstance(value, Operators):
        return value
    if not (backend.is_array(value) or isinstance(value, (int, float, np.generic))):
        return None
    return beside(backend.as_array(value, other.dtype if other.dtype.kind == "f" else None), other._data)


def _plain(number: float) -> float:
    """A number without a dtype of its own: numpy.float64 is a float, but would make float64 of float32."""
    return number if number.__class__ is int else float(number)


for _ufunc, _kind in ((np.add, A.Add), (np.subtract, A.Sub), (np.multiply, A.Mul), (np.divide, A.Div)):
    implements(_ufunc)(partial(binary, _kind))
implements(np.negative)(lambda x: -x)
implements(np.positive)(lambda x: x)
implements(np.matmul)(matmul)
implements(np.shape)(lambda x: x.shape)
implements(np.ndim)(lambda x: x.ndim)
implements(np.size)(lambda x, axis=None: x.size if axis is None else x.shape[axis])
