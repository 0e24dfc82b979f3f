"""What a diagram says about a Function: its family, its parameters and what it calls its inputs."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from minigrad.backend import is_array
from minigrad.core.arithmetic import MatMul
from minigrad.core.function import Function
from minigrad.viz.graph import Family

_MODULES: dict[str, Family] = {
    "minigrad.core.arithmetic": "elementwise",
    "minigrad.core.reduction": "reduction",
    "minigrad.core.shaping": "view",
    "minigrad.functions.activation": "elementwise",
    "minigrad.functions.elementwise": "elementwise",
    "minigrad.functions.dropout": "elementwise",
    "minigrad.functions.reduction": "reduction",
    "minigrad.functions.shape": "view",
    "minigrad.functions.linalg": "product",
    "minigrad.functions.convolution": "product",
    "minigrad.functions.pooling": "pooling",
    "minigrad.functions.loss": "loss",
}
_LISTS = frozenset({"axis", "axes", "key"})  # their numbers are places; other tuples are lengths: 3×3
_SHOWN_ITEMS = 8
_LONGEST = 200  # characters of one value
_DEEPEST = 3


def family_of(function: Function) -> Family:
    """The family, by the module that defines the Function or the class it derives from."""
    for kind in type(function).__mro__:
        family = "product" if kind is MatMul else _MODULES.get(kind.__module__)
        if family is not None:
            return family
    return "other"


def parameters_of(function: Function) -> str:
    """The dataclass fields that are not at their defaults: "stride 2×2, pad 1"; a flag that is on is its name alone."""
    return ", ".join(_shown_fields(function))


def argument_of(function: Function, position: int) -> str:
    """What `forward` calls its input number `position`: "x", "targets"."""
    names = _arguments(type(function).forward)
    return names[min(position, len(names) - 1)] if names else ""  # further inputs belong to a last `*arrays`


def saves_of(function: Function) -> str:
    """What the Function saved for backward: "x, w", "output", "mask"."""
    names: dict[str, None] = {}
    for array, i in zip(function.saved_arrays, function.saved_sources, strict=True):
        if array is not None:
            made = {"b": "mask", "i": "indices", "u": "indices"}.get(array.dtype.kind, "numbers")
            names[argument_of(function, i) if i >= 0 else "output" if i == Function.OUTPUT else made] = None
    return ", ".join(names)


@cache
def _arguments(forward: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(forward).parameters)[1:]


def _shown_fields(function: Function) -> Iterator[str]:
    if not dataclasses.is_dataclass(function):
        return
    for field in dataclasses.fields(function):
        if not (field.init and field.repr):
            continue
        value = getattr(function, field.name)
        default = False if field.default is dataclasses.MISSING else field.default
        text = _text(value, field.name)
        # Texts are compared, not values: `==` of arrays is no answer. An absent default is like an absent flag.
        if value is not None and text != _text(default, field.name):
            yield field.name if value is True else text if _is_record(value) else f"{field.name} {text}"


def _is_record(value: Any) -> bool:
    """Whether it is a dataclass that says itself what diagrams show, such as a Window: "3×3, pad 1"."""
    return dataclasses.is_dataclass(value) and type(value).__str__ is not object.__str__


def _text(value: Any, name: str, depth: int = 0) -> str:
    """A value as diagrams show it; never its repr, which may hold an address or be endless."""
    try:
        return _shown(value, name, depth)[:_LONGEST]
    except Exception:  # noqa: BLE001 - whatever a user's object does when it is asked
        return type(value).__name__


def _shown(value: Any, name: str, depth: int) -> str:
    text = str(getattr(value, "__name__", type(value).__name__))
    if isinstance(value, (float, np.floating)):
        text = f"{value:g}"
    elif value is None or isinstance(value, (int, str, np.generic, np.dtype)) or _is_record(value):
        text = str(value)
    elif value is ...:
        text = "…"
    elif isinstance(value, slice):
        bounds = (value.start, value.stop) if value.step is None else (value.start, value.stop, value.step)
        text = ":".join(["" if bound is None else _text(bound, name, depth + 1) for bound in bounds])
    elif isinstance(value, (tuple, list)):
        text = _sequence(value, name, depth)
    elif is_array(value):
        text = f"{value.dtype} {tuple(value.shape)}"
    return text


def _sequence(items: Any, name: str, depth: int) -> str:
    if not items:
        return "scalar" if name == "shape" else "()"
    if depth == _DEEPEST:
        return "…"
    texts = [_text(item, name, depth + 1) for item in items[:_SHOWN_ITEMS]]
    if len(items) > _SHOWN_ITEMS:
        texts.append("…")
    lengths = name not in _LISTS and all(isinstance(item, int) for item in items)
    return ("×" if lengths else ", ").join(texts)
