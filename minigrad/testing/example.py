"""Example: one call of a function, with the memory orders of its arrays and the seed of its cotangents."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Floats: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""An array of floats, or of what a comparison of them gives: proofs run on NumPy, in float64."""

MOST_NUMBERS = 4096
"""The most numbers in the inputs of an example read from a text."""

LONGEST = 2**20
"""The most characters of an example, written down."""


def _strided(x: Floats) -> Floats:
    """Every other element of a larger array."""
    larger = np.full([2 * n for n in x.shape], np.nan, x.dtype)
    every_other = (slice(None, None, 2),) * x.ndim
    larger[every_other] = x
    return np.asarray(larger[every_other])


def _transposed(x: Floats) -> Floats:
    """The first axis is the innermost in memory, as after a transposition."""
    return np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0) if x.ndim else x.copy()


def _repeated(x: Floats) -> Floats:
    """The first part along axis 0 stands for all: a stride of 0."""
    return np.broadcast_to(x[:1].copy(), x.shape) if x.ndim else x.copy()


LAYOUTS: dict[str, Callable[[Floats], Floats]] = {
    "C-order": lambda x: x.copy(order="C"),
    "F-order": lambda x: x.copy(order="F"),
    "strided": _strided,
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "transposed": _transposed,
    "stride 0": _repeated,
}


def laid_out(x: Floats, layout: str) -> Floats:
    """The numbers of x (for "stride 0" those of x[0], again and again) in memory of their own, in this order."""
    return LAYOUTS[layout](x)


@dataclass(frozen=True, eq=False)
class Example:
    """One call.

    Attributes:
        arrays: the inputs, float64.
        kwargs: the parameters.
        layouts: the memory order of each input, and of gy; C-order where none is given.
        repeated: the first input also stands for the second.
        seed: draws the cotangents.
        gradient: towards the first input, for a gy of ones; None where differences decide.
    """

    arrays: tuple[Floats, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    layouts: tuple[str, ...] = ()
    repeated: bool = False
    seed: int = 0
    gradient: Floats | None = None

    def encoded(self) -> str:
        """A text that `decoded` reads; "" if it would be too long, or a parameter can't be written down."""
        parts = [list(self.arrays), dict(self.kwargs), list(self.layouts), self.repeated, self.seed, self.gradient]
        try:
            text = json.dumps(_packed(parts), separators=(",", ":"))
        except TypeError:
            return ""
        if len(text) > LONGEST:
            return ""
        return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()


def case(*arrays: Any, gradient: Any = None, **kwargs: Any) -> Example:
    """An example to run always: arrays, lists or numbers, and the function's parameters.

    `gradient` is what the first input must get for a gy of ones: at a kink, the convention.
    """
    declared = None if gradient is None else np.array(gradient, np.float64)
    return Example(tuple(np.array(x, np.float64) for x in arrays), kwargs, gradient=declared)


def decoded(text: str) -> Example:
    """The example that `encoded` wrote; ValueError if the text was cut short, or comes from elsewhere."""
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(base64.urlsafe_b64decode(text), LONGEST)
        arrays, kwargs, layouts, repeated, seed, gradient = _unpacked(json.loads(data))
        example = Example(tuple(arrays), kwargs, tuple(layouts), bool(repeated), int(seed), gradient)
        _check(example)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, zlib.error) as error:
        raise ValueError(f"reproduce: this is no example, or was cut short: {error}") from None
    return example


def _check(example: Example) -> None:
    """Raise ValueError where it is none that could have been drawn."""
    arrays = [*example.arrays, *([] if example.gradient is None else [example.gradient])]
    if not arrays or not all(isinstance(x, np.ndarray) and x.dtype == np.float64 for x in arrays):
        raise ValueError("its inputs are no float64 arrays")
    if sum(x.size for x in arrays) > MOST_NUMBERS:
        raise ValueError("its inputs are too large")
    if not isinstance(example.kwargs, dict) or not all(isinstance(key, str) for key in example.kwargs):
        raise ValueError("its parameters have no names")
    if set(example.layouts) - set(LAYOUTS) or len(example.layouts) not in (0, len(example.arrays) + 1):
        raise ValueError("its memory orders are none")
    if not 0 <= example.seed < 2**32 or (example.repeated and len(example.arrays) < 2):
        raise ValueError("its seed, or what it repeats, is none")


def _packed(value: Any) -> Any:  # noqa: PLR0911 - one for each kind
    """JSON of it; what JSON lacks becomes {kind: ...}."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return _packed(value.item())
    if isinstance(value, np.ndarray):
        return {"array": [value.dtype.str, list(value.shape), value.ravel().tolist()]}
    if isinstance(value, tuple):
        return {"tuple": [_packed(part) for part in value]}
    if isinstance(value, list):
        return [_packed(part) for part in value]
    if isinstance(value, dict):
        return {"dict": [[_packed(key), _packed(part)] for key, part in value.items()]}
    if isinstance(value, slice):
        return {"slice": [_packed(part) for part in (value.start, value.stop, value.step)]}
    if value is ...:
        return {"ellipsis": []}
    raise TypeError(f"{type(value).__name__} can't be written down")


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    makers: dict[str, Any] = {
        "array": lambda parts: _array(*parts),
        "tuple": tuple,
        "dict": lambda pairs: {key: part for key, part in pairs},  # noqa: C416 - pairs are lists
        "slice": lambda bounds: slice(*bounds),
        "ellipsis": lambda _: ...,
    }
    return makers[kind](_unpacked(content))


def _array(dtype: str, shape: list[int], elements: list[Any]) -> Floats:
    kind = np.dtype(dtype)
    if kind.kind not in "fiub":
        raise ValueError(f"no array of {kind}")
    return np.array(elements, kind).reshape(shape)
