"""Layers without parameters that move numbers, or call a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import minigrad.functions as F
from minigrad import checks
from minigrad.backend import format_array
from minigrad.core.axes import infer_shape
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.nn.module import Module


class Identity(Module):
    """The input as it is: what stands where a layer may be left out."""

    def forward(self, x: Any) -> Any:
        return x


class Lambda(Module):
    """A function as a layer.

    Args:
        function: what is called with the layer's inputs. It has no parameters of its own: for those write a Module.

    Raises:
        TypeError: function can't be called, or is a Module, whose parameters would not be found.

    >>> from minigrad import nn
    >>> nn.Lambda(F.square)(3.0)
    Variable(9.)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function) or isinstance(function, (Module, type)):
            raise TypeError(f"Lambda: function must be a function, not {function!r}; a Module is a layer as it is")
        self.function = function

    def forward(self, *inputs: Any, **options: Any) -> Any:
        return self.function(*inputs, **options)

    def extra_repr(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)


class Reshape(Module):
    """Each example in another shape: (N, ...) -> (N, *shape), in row-major order.

    Args:
        shape: without the batch axis, several ints or one tuple of them; one length may be -1.

    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.Reshape(1, 28, 28)(np.ones((5, 784))).shape
    (5, 1, 28, 28)
    """

    def __init__(self, *shape: int | Sequence[int]) -> None:
        lengths: Any = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        self.shape = tuple(checks.integer("Reshape", f"shape[{i}]", n, least=-1) for i, n in enumerate(lengths))

    def forward(self, x: Operand) -> Variable:
        x = as_variable(x)
        full = infer_shape(self.shape, math.prod(x.shape[1:])) if x.ndim else None
        if full is None:
            raise ValueError(f"Reshape: the examples of x {format_array(x)} cannot become {self.shape}")
        return x.reshape(x.shape[0], *full)

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.shape))


class Flatten(Module):
    """Each example as one row: (N, ...) -> (N, product of the others), in row-major order."""

    def forward(self, x: Operand) -> Variable:
        return F.flatten(x)
