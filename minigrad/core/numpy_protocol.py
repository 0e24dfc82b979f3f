"""NumPy's functions and ufuncs of Variables: differentiated where minigrad implements them, or plain, else an error."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from minigrad.backend import Array, to_numpy, xp_of
from minigrad.settings import settings
from minigrad.spelling import advised

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])

_implementations: dict[Any, Callable[..., Any]] = {}


def implements(*numpy_functions: Any) -> Callable[[AnyCallable], AnyCallable]:
    """Register a function as the implementation of NumPy's functions for Variables, and advise on its keywords.

    Source: NEP 18.
    """

    def register(function: AnyCallable) -> AnyCallable:
        _implementations.update(dict.fromkeys(numpy_functions, function))
        return advised(function)

    return register


class NumPyProtocol:
    """The methods that NumPy calls of an object that it is given."""

    data: Array
    _data: Array
    requires_grad: Any
    __array_priority__ = 1000  # NumPy and CuPy leave `array + variable` to Variable

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.requires_grad:
            raise TypeError(
                "this Variable would lose its gradient as a NumPy array: F.stack joins several, .numpy() gives numbers"
            )
        return np.array(to_numpy(self.data), dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and set(options) == {"out"} and all(isinstance(x, np.ndarray) for x in options["out"]):
            plain = [x.data if isinstance(x, NumPyProtocol) else x for x in inputs]  # w.data -= 0.1 * w.grad
            differentiable = any(isinstance(x, NumPyProtocol) and x.requires_grad for x in inputs)
            if not (differentiable and settings.get().grad_mode.enabled):
                return ufunc(*plain, **options)
        if method != "__call__" or options or ufunc not in _implementations:
            call = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
            chosen = f" with {', '.join(options)}" if options else ""
            raise TypeError(f"numpy.{call}{chosen} is not differentiable by minigrad; use .numpy() for plain numbers")
        return _implementations[ufunc](*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in _implementations:
            name = f"{function.__module__}.{function.__name__}"
            raise TypeError(f"{name} is not differentiable by minigrad; use .numpy() for plain numbers")
        implementation = _implementations[function]
        try:
            return implementation(*args, **kwargs)
        except TypeError:
            signature = inspect.signature(implementation)
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                here = f"{implementation.__name__}({', '.join(signature.parameters)})"
                raise TypeError(f"numpy.{function.__name__} of a Variable is minigrad's {here}: {error}") from None
            raise


def reads(numpy_function: Any) -> None:
    """Let a function of NumPy's read the numbers of Variables; its result is plain, without a gradient."""

    def read(*args: Any, **options: Any) -> Any:
        arrays = [x.data for x in (*args, *options.values()) if isinstance(x, NumPyProtocol)]
        read_arrays = getattr(xp_of(arrays[0]), numpy_function.__name__)
        return read_arrays(*map(_plain, args), **{name: _plain(value) for name, value in options.items()})

    implements(numpy_function)(read)


def _plain(value: Any) -> Any:
    return value.data if isinstance(value, NumPyProtocol) else value


for _function in (np.isnan, np.isfinite, np.isinf, np.allclose, np.array_equal, np.zeros_like, np.ones_like):
    reads(_function)
