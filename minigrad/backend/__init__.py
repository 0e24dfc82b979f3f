"""Arrays of NumPy or CuPy, and the few things that the two do differently.

This package alone imports cupy or numba, when they are first used.
"""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A numpy.ndarray or a cupy.ndarray."""

KERNEL_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
"""The dtypes that sums are made in, and that compiled kernels take."""

__all__ = [
    "KERNEL_DTYPES",
    "Array",
    "accumulation_dtype",
    "as_array",
    "device_of",
    "devices",
    "format_array",
    "is_array",
    "is_writable",
    "scatter_add",
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
    """The sum in x's dtype; of float16 in float32."""
    return x.sum(axis, dtype=np.float32 if x.dtype == np.float16 else None, keepdims=keepdims)


def sum_rounded(x: Array, axis: int | tuple[int, ...] | None, *, keepdims: bool) -> Array:
    """The sum in x's dtype, rounded to it once."""
    y = sum_wide(x, axis, keepdims=keepdims)
    return y.astype(np.float16) if x.dtype == np.float16 else y


def format_array(array: Array) -> str:
    """Shape and dtype, as error messages give them: `(2, 3) float32`."""
    return f"{tuple(array.shape)} {array.dtype}"


def scatter_add(array: Array, key: Any, values: Array) -> None:
    """Add `values` at `array[key]` in place; positions that repeat in `key` add up."""
    if isinstance(array, np.ndarray):
        np.add.at(array, key, values)
    else:
        import cupyx  # noqa: PLC0415

        cupyx.scatter_add(array, key, values)


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
        ValueError: there is no such device.
        ImportError: a GPU is asked for and CuPy is not installed.
    """
    if device == "cpu":
        return to_numpy(array)
    kind, _, number = device.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise ValueError(f'to: device must be "cpu", "cuda" or "cuda:N", not {device!r}')
    try:
        import cupy  # noqa: PLC0415
    except ImportError:
        raise ImportError(
            "to: device 'cuda' needs CuPy: pip install cupy-cuda13x (or cupy-cuda12x, by the driver's version)"
        ) from None
    count = len(devices()) - 1
    if int(number or 0) >= count:
        raise ValueError(f"to: device {device!r} does not exist; this machine has {count} CUDA devices")
    with cupy.cuda.Device(int(number or 0)):
        return cupy.asarray(array)
