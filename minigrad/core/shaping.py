"""The Functions that move numbers and leave them as they are: shapes, places, types and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import format_array, to_device, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.backend.scattering import scatter_add
from minigrad.core.function import Function, Gradients

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.core.variable import Variable


class View(Function):
    """An operation that moves or copies numbers and computes none."""

    family = "view"
    flops_per_element = 0


@dataclass(eq=False)
class BroadcastTo(View):
    """x repeated to a larger shape, as NumPy broadcasts it (a view)."""

    shape: tuple[int, ...]
    formula = "x"

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        return xp_of(x).broadcast_to(x, self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy.sum_to(self.source)


@dataclass(eq=False)
class Reshape(View):
    """The same numbers, in row-major order, in another shape."""

    shape: tuple[int, ...]
    formula = "x"

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        return kernels_of(x).reshape(x, self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.source)


@dataclass(eq=False)
class Transpose(View):
    """Axis axes[i] of x becomes axis i."""

    axes: tuple[int, ...]
    formula = "transpose(x, axes)"

    def forward(self, x: Array) -> Array:
        return x.transpose(self.axes)

    def backward(self, gy: Variable) -> Gradients:
        return gy.transpose(tuple(sorted(range(len(self.axes)), key=self.axes.__getitem__)))


@dataclass(eq=False)
class GetItem(View):
    """x[key], by any of NumPy's ways of indexing."""

    key: Any
    formula = "x[key]"

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        try:
            return x[self.key]
        except IndexError as error:
            raise IndexError(f"getitem: {error}; x {format_array(x)}") from None

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(self.key, self.shape)


@dataclass(eq=False)
class ScatterAdd(View):
    """Zeros with the values of x added at `key`: the adjoint of GetItem."""

    key: Any
    shape: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        parts = self.key if isinstance(self.key, tuple) else (self.key,)
        is_mask = getattr(self.key, "dtype", np.dtype(int)).kind == "b"
        if is_mask or all(part is None or part is ... or type(part) in (int, slice) for part in parts):
            y = xp_of(x).zeros(self.shape, x.dtype)
            y[self.key] = x  # a mask, and basic indexing, reach no position twice
            return y
        return scatter_add(x, self.key, self.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy[self.key]

    def flops(self) -> int:
        return self.input_size(0)


@dataclass(eq=False)
class Cast(View):
    """x in another float type; the traversal gives each gradient its variable's dtype, so it is cast back there."""

    dtype: Any
    formula = "x"

    def forward(self, x: Array) -> Array:
        return x.astype(self.dtype)

    def backward(self, gy: Variable) -> Gradients:
        return gy


@dataclass(eq=False)
class ToDevice(View):
    """A copy of x on another device."""

    device: str
    source: str
    formula = "x"

    def forward(self, x: Array) -> Array:
        return to_device(x, self.device)

    def backward(self, gy: Variable) -> Gradients:
        return gy.to(self.source)
