"""ArrayLike: what a Variable has in common with its array, and how NumPy meets it. No graph here."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from minigrad import backend
from minigrad.backend import Array, format_array
from minigrad.core.function import Spec

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])

_equivalents: dict[Any, Callable[..., Any]] = {}


def implements(*numpy_functions: Any) -> Callable[[AnyCallable], AnyCallable]:
    """Register a function as what NumPy's function of that meaning does with Variables."""

    def register(function: AnyCallable) -> AnyCallable:
        _equivalents.update(dict.fromkeys(numpy_functions, function))
        return function

    return register


class ArrayLike:
    """An array and a name."""

    data: Array
    name: str | None = None
    __array_priority__ = 1000  # NumPy and CuPy leave `array + variable` to Variable

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """The array's dtype."""
        return self.data.dtype

    @property
    def output(self) -> Spec:
        """Shape and dtype, under the name that a Function has for them."""
        return self.data.shape, self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size  # type: ignore[no-any-return]

    @property
    def device(self) -> str:
        """Where the array lives: "cpu" or "cuda:0"."""
        return backend.device_of(self.data)

    @property
    def xp(self) -> Any:
        """The array's module, numpy or cupy."""
        return backend.xp_of(self.data)

    def item(self) -> float:
        """The only element, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: only one element can become a number, this is {format_array(self.data)}")
        return self.data.item()  # type: ignore[no-any-return]

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array, in the computer's own memory."""
        return backend.to_numpy(self.data)

    # == is identity, so that Variables can be keys; the other comparisons give plain arrays.
    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Array:
        return self.data < _array(other)

    def __le__(self, other: Any) -> Array:
        return self.data <= _array(other)

    def __gt__(self, other: Any) -> Array:
        return self.data > _array(other)

    def __ge__(self, other: Any) -> Array:
        return self.data >= _array(other)

    def __len__(self) -> int:
        return len(self.data)

    __contains__ = None  # `x in variable` could only mean identity: an error is better

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        label = type(self).__name__ + (f"({self.name}: " if self.name else "(")
        return label + np.array2string(self.numpy(), prefix=label, threshold=100) + ")"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if getattr(self, "requires_grad", False):
            raise TypeError("this Variable would lose its gradient as a NumPy array: use .numpy() where that is meant")
        return np.array(self.numpy(), dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options or ufunc not in _equivalents:
            call = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
            chosen = f" with {', '.join(options)}" if options else ""
            raise TypeError(f"numpy.{call}{chosen} is not differentiable by minigrad; use .numpy() for plain numbers")
        return _equivalents[ufunc](*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in _equivalents:
            name = f"{function.__module__}.{function.__name__}"
            raise TypeError(f"{name} is not differentiable by minigrad; use .numpy() for plain numbers")
        equivalent = _equivalents[function]
        try:
            return equivalent(*args, **kwargs)
        except TypeError:
            signature = inspect.signature(equivalent)
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                here = f"{equivalent.__name__}({', '.join(signature.parameters)})"
                raise TypeError(f"numpy.{function.__name__} of a Variable is minigrad's {here}: {error}") from None
            raise


def _array(operand: Any) -> Any:
    return operand.data if isinstance(operand, ArrayLike) else operand


implements(np.shape)(lambda x: x.shape)
implements(np.ndim)(lambda x: x.ndim)
implements(np.size)(lambda x, axis=None: x.size if axis is None else x.shape[axis])
implements(np.equal)(operator.is_)
implements(np.not_equal)(operator.is_not)
implements(np.less)(lambda a, b: _array(a) < _array(b))
implements(np.less_equal)(lambda a, b: _array(a) <= _array(b))
implements(np.greater)(lambda a, b: _array(a) > _array(b))
implements(np.greater_equal)(lambda a, b: _array(a) >= _array(b))
