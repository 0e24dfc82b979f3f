"""Arrays of NumPy or CuPy, and the few things that the two do differently.

This package alone imports cupy or numba, when they are first used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend.errstate import errstate, ignore_underflow

Array: TypeAlias = Any
"""A numpy.ndarray or a cupy.ndarray."""

KERNEL_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
"""The dtypes that sums are made in, and that compiled kernels take."""

BLOCK = 16
"""The most numbers to add up one after the other in float32: each addition is off by 2⁻²⁴ at most, 15 by 10⁻⁶."""

INSTALL_CUPY = "pip install 'minigrad-nn[cuda]'"
"""What brings the library for GPUs."""

SMALL = 2**16
"""The most numbers whose sum in float64 takes less time than one of blocks."""

__all__ = [
    "BLOCK",
    "INSTALL_CUPY",
    "KERNEL_DTYPES",
    "SMALL",
    "Array",
    "accumulation_dtype",
    "as_array",
    "device_of",
    "devices",
    "errstate",
    "format_array",
    "ignore_underflow",
    "is_array",
    "is_writable",
    "may_hold",
    "may_overlap",
    "number_beside",
    "subtract_max",
    "sum_rounded",
    "sum_wide",
    "synchronize",
    "to_device",
    "to_numpy",
    "xp_of",
]


def is_array(value: object) -> bool:
    """True if `value` is an array of NumPy or CuPy."""
    if isinstance(value, np.ndarray):
        return True
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(value, cupy.ndarray)


def is_writable(array: Array) -> bool:
    """True if `array` may be changed in place; CuPy's always may."""
    return not isinstance(array, np.ndarray) or array.flags.writeable


def xp_of(array: Array) -> Any:
    """The module whose functions work on `array` (or a NumPy scalar): numpy or cupy."""
    return np if isinstance(array, (np.ndarray, np.generic)) else sys.modules["cupy"]


def number_beside(x: Any, dtypes: list[Any]) -> Any:
    """A number as an array of the dtype that NumPy gives it beside arrays; as it is where it would not fit."""
    try:
        return np.asarray(x, np.result_type(x, *dtypes)) if type(x) in {bool, int, float} else x
    except OverflowError:  # np.uint8 has no −1
        return x


def as_array(value: Any, dtype: Any = None) -> Array:
    """`value` as an array: arrays as they are, anything else as NumPy makes it; a TypeError if not of real numbers."""
    if value.__class__ is np.ndarray and dtype is None and value.dtype.kind in "fiub" and value.dtype.isnative:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("expected an array or numbers, got a masked array, whose mask would be lost")
    try:
        array = np.asarray(value) if isinstance(value, np.ndarray) or not is_array(value) else value
        if array.dtype.kind == "O" and isinstance(value, int):
            array = np.asarray(float(value))
    except (ValueError, OverflowError) as error:
        raise TypeError(f"expected an array or numbers, got {type(value).__name__}: {error}") from None
    except TypeError:
        if not isinstance(value, (list, tuple)):
            raise
        lost = "Variables in a list, whose gradients would be lost: F.stack joins them"
        raise TypeError(f"expected an array or numbers, got {lost}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"expected an array of real numbers, got {type(value).__name__} of dtype {array.dtype}")
    native = array.dtype.newbyteorder("=") if dtype is None else dtype
    return array if array.dtype == native else array.astype(native)


def accumulation_dtype(*arrays: Any) -> Any:
    """The dtype to add up arrays or dtypes of floats in: float32 at least."""
    if len(arrays) == 1 and (dtype := getattr(arrays[0], "dtype", arrays[0])) in KERNEL_DTYPES:
        return dtype
    return np.result_type(np.float32, *arrays)


def sum_wide(x: Array, axis: int | tuple[int, ...] | None, *, keepdims: bool) -> Array:
    """The sum over axes from 0 on in x's dtype, of float16 in float32; of 10⁷ numbers it is right to 10⁻⁶.

    NumPy's own sum over leading axes adds one number after the other, and loses 1 % of 10⁶ float32 numbers.
    """
    if x.dtype.kind != "f":
        return x.sum(axis, keepdims=keepdims)
    if isinstance(x, np.ndarray) and x.size > SMALL and axis != () and x.dtype != np.float16 and x.flags.aligned:
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        y = _sum_of_blocks(x, axes)
        y = y.reshape([1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else y
    else:
        y = x.sum(axis, dtype=np.float64, keepdims=keepdims)
    return xp_of(x).asarray(y, accumulation_dtype(x.dtype))


def _sum_of_blocks(x: Array, axes: Sequence[int]) -> Array:
    """The sum in float64 of sums of few numbers each in x's dtype."""
    axes = sorted(axes, key=lambda i: (x.shape[i] == 1, abs(x.strides[i])))  # the innermost in memory first
    together = 1  # those of the axes that are one in memory
    for inner, outer in pairwise(axes):
        if x.strides[outer] != x.strides[inner] * x.shape[inner]:
            break
        together += 1
    group, kept = axes[:together][::-1], [i for i in range(x.ndim) if i not in axes[:together]]
    shape, step = [x.shape[i] for i in kept], abs(x.strides[axes[0]])
    if 0 < step < min((abs(x.strides[i]) for i in kept if x.shape[i] > 1), default=step + 1):
        y = x.transpose(*kept, *group).reshape(*shape, -1).sum(-1)  # NumPy adds up pairwise along the innermost axis
    else:
        rows = x.transpose(*group, *kept).reshape(-1, *shape)
        whole = len(rows) // BLOCK * BLOCK
        y = rows[whole:].sum(0, dtype=np.float64)
        if whole:
            y = y + rows[:whole].reshape(BLOCK, -1, *shape).sum(0).sum(0, dtype=np.float64)
    rest = [kept.index(i) for i in axes[together:]]
    return _sum_of_blocks(y.astype(np.float64, copy=False), rest) if rest else y


def sum_rounded(x: Array, axis: int | tuple[int, ...] | None, *, keepdims: bool) -> Array:
    """`sum_wide`, rounded to x's dtype."""
    y = sum_wide(x, axis, keepdims=keepdims)
    return y.astype(np.float16) if x.dtype == np.float16 else y


@errstate(over="ignore")  # a difference beyond the largest float is −inf, whose exponential is 0
def subtract_max(x: Array, axis: int | tuple[int, ...]) -> Array:
    """x less its maximum: 0 or negative, so that no exponential overflows."""
    return x - x.max(axis, keepdims=True)


def format_array(array: Array) -> str:
    """Shape and dtype, as error messages give them: `(2, 3) float32`."""
    return f"{tuple(array.shape)} {array.dtype}"


def may_overlap(a: Array, b: Array) -> bool:
    """False if two arrays, also of two devices, have no memory in common; True if they lie in one range of it."""
    return isinstance(a, np.ndarray) == isinstance(b, np.ndarray) and bool(xp_of(a).may_share_memory(a, b))


def may_hold(mask: Array) -> bool:
    """False if no element of the mask holds; on a GPU True without a look, which would have to wait for it."""
    return not isinstance(mask, (np.ndarray, np.generic)) or bool(mask.any())


def device_of(array: Array) -> str:
    """The device of `array`: "cpu" or "cuda:0"."""
    return "cpu" if isinstance(array, np.ndarray) else f"cuda:{array.device.id}"


def devices() -> list[str]:
    """The devices of this machine: "cpu", and "cuda:0", ... where CuPy and a GPU are there."""
    try:
        import cupy  # noqa: PLC0415
    except ImportError:
        return ["cpu"]
    count = cupy.cuda.runtime.getDeviceCount() if cupy.cuda.is_available() else 0
    return ["cpu", *(f"cuda:{i}" for i in range(count))]


def synchronize(array: Array) -> None:
    """Wait until the array is computed: Python does not wait for a GPU."""
    if not isinstance(array, (np.ndarray, np.generic)):
        array.device.synchronize()


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """`array` in the computer's own memory, without a copy if it is there."""
    return array if isinstance(array, np.ndarray) else array.get()


def to_device(array: Array, device: str) -> Array:
    """`array` on `device` ("cpu", "cuda" or "cuda:1"), without a copy if it is there.

    Raises:
        TypeError: device is no string.
        ValueError: there is no such device.
        ImportError: a GPU is asked for and CuPy is not installed.
    """
    if device == "cpu":
        return to_numpy(array)
    if not isinstance(device, str):
        raise TypeError(f'to: device must be "cpu" or "cuda", not {device!r}; a dtype is changed by x.astype(dtype)')
    kind, _, number = device.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise ValueError(f'to: device must be "cpu", "cuda" or "cuda:N", not {device!r}')
    try:
        import cupy  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(f"to: device {device!r} needs CuPy ({error}): {INSTALL_CUPY}") from None
    count = len(devices()) - 1
    if not count:
        raise ValueError(f"to: device {device!r} does not exist: CuPy finds no GPU here; `minigrad doctor` says more")
    if int(number or 0) >= count:
        raise ValueError(f"to: device {device!r} does not exist; there are {', '.join(devices())}")
    with cupy.cuda.Device(int(number or 0)):
        return cupy.asarray(array)
