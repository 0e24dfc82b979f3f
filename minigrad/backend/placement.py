"""Arrays of several devices in one operation: numbers and indices come to the arrays, other arrays are an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, device_of, format_array, is_array, to_device, xp_of


def beside(constant: Array, *others: Array) -> Array:
    """A number (a host array of no axes) as one on the GPU where the `others` are, if one is; other arrays as they are.

    NumPy computes a number of no axes with anything, CuPy takes no array of NumPy's at all.
    """
    if constant.ndim == 0 and isinstance(constant, np.ndarray):
        for other in others:
            if not isinstance(other, np.ndarray):
                with other.device:
                    return xp_of(other).full((), constant.item(), constant.dtype)  # a launch, and no copy from the host
    return constant


def one_device(what: str, *arrays: Array, names: Sequence[str] = ("a", "b"), fixed: Sequence[bool] = ()) -> list[Array]:
    """The arrays, of which numbers come to where the others are, except those that are `fixed`.

    Raises:
        ValueError: they are still on several devices.
    """
    kept = fixed or [False] * len(arrays)
    placed = [array if keep else beside(array, *arrays) for array, keep in zip(arrays, kept, strict=True)]
    if len({array.__class__ for array in placed}) > 1:
        raise ValueError(f"{what}: {on_devices(names, placed)}")
    return placed


def on_devices(names: Sequence[str], arrays: Sequence[Array]) -> str:
    """The error's text about arrays on several devices: which is where, and how they come together."""
    found = ", ".join(
        f"{name} {format_array(array)} on {device_of(array)}" for name, array in zip(names, arrays, strict=False)
    )
    gpu = next(device for array in arrays if (device := device_of(array)) != "cpu")
    return (
        f'all must be on one device; {found}; move one by .to("{gpu.removesuffix(":0")}") or .to("cpu"), '
        "a plain array as Variable(array, requires_grad=False)"
    )


def own_key(key: tuple[Any, ...], x: Array) -> tuple[Any, ...]:
    """The parts of a key of `x`, their arrays copied to where x is, so that nobody else can edit them.

    A GPU wraps what is out of range, and would have to be waited for to know the number of True in a mask: indices and
    masks that come from the host are checked there, and a mask becomes indices.

    Raises:
        IndexError: an index from the host is out of range, for a GPU; NumPy finds its own.
        ValueError: an index is on another device than x.
    """
    if not any([hasattr(part, "dtype") for part in key]):  # noqa: C419 - a list takes half the time
        return key
    if isinstance(x, np.ndarray):
        return tuple([_own(part, x) for part in key])
    parts: list[Any] = []
    axis = 0
    for i, part in enumerate(key):
        if part is ...:
            axis = x.ndim - sum(map(axes_of, key[i + 1 :]))
        if isinstance(part, (np.ndarray, np.generic)):
            parts += _indices(part, x, axis)
        else:
            parts.append(part.copy() if is_array(part) else part)
        axis += axes_of(part)
    return tuple(parts)


def _own(part: Any, x: Array) -> Any:
    if isinstance(part, (np.ndarray, np.generic)):
        return np.array(part)
    if is_array(part):
        raise ValueError(f"getitem: {on_devices(['x', 'the index'], [x, part])}")
    return part


def axes_of(part: Any) -> int:
    """The number of axes that a part of a key stands for."""
    if part is None or part is ...:
        return 0
    return part.ndim if getattr(part, "dtype", None) == np.bool_ else 1


def _indices(part: Any, x: Array, axis: int) -> list[Any]:
    """A host array in a key as indices on the device of x."""
    lengths = x.shape[axis : axis + axes_of(part)]
    if part.dtype == np.bool_:
        if part.shape != lengths:
            raise IndexError(f"getitem: a mask {part.shape} does not fit the axes {lengths}; x {format_array(x)}")
        return [to_device(indices, device_of(x)) for indices in np.nonzero(part)] if part.ndim else [bool(part)]
    check_range("getitem", part, lengths[0] if lengths else 0, x, axis)
    return [to_device(part, device_of(x)) if part.ndim else int(part)]


def check_range(function: str, indices: Any, length: int, x: Any, axis: int) -> None:
    """Raise an IndexError if an index is none of an axis of `length` numbers; those on a GPU are not read."""
    if is_array(indices) and not isinstance(indices, np.ndarray):
        return
    outside = indices[(indices < -length) | (indices >= length)]
    if outside.size:
        where = f"axis {axis} of x {format_array(x)}"
        raise IndexError(f"{function}: index {outside.flat[0]} is out of range for {where}")
