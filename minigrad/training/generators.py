"""Random generators: those that a training draws from, wherever they are kept, and their states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.backend import is_array
from minigrad.core.variable import Variable

MOST_ITEMS = 10_000
"""A longer list or dict holds data."""

SEALED = (str, bytes, int, float, complex, type(None), type, ModuleType, BuiltinFunctionType, Variable, np.generic)
"""In these there is no generator."""


def find(roots: Mapping[str, Any]) -> dict[str, np.random.Generator]:
    """The generators in some objects by the paths to them: in attributes, lists, tuples, dicts, closures of functions.

    >>> from minigrad import nn
    >>> list(find({"model": nn.Sequential(nn.Dropout(rng=np.random.default_rng(0)))}))
    ['model.layers.0.rng']
    """
    found: dict[str, np.random.Generator] = {}
    seen: dict[int, Any] = {}  # with the objects, lest another one gets the id of one that is gone
    stack: list[tuple[str, Any]] = list(reversed([*roots.items()]))
    while stack:
        path, each = stack.pop()
        if isinstance(each, SEALED) or is_array(each) or id(each) in seen:
            continue
        seen[id(each)] = each
        if isinstance(each, np.random.Generator):
            found[path] = each
        else:
            stack += reversed([(f"{path}.{name}", part) for name, part in _parts(each)])
    return found


def _parts(each: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(each, (dict, list, tuple)):
        if len(each) <= MOST_ITEMS:
            yield from each.items() if isinstance(each, dict) else enumerate(each)
    elif isinstance(each, FunctionType):
        for name, cell in zip(each.__code__.co_freevars, each.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # nothing is in it yet
                continue
        yield "defaults", each.__defaults__
    elif isinstance(each, MethodType):
        yield "self", each.__self__
    elif isinstance(each, partial):
        yield from (("function", each.func), ("args", each.args), ("keywords", each.keywords))
    else:
        yield from getattr(each, "__dict__", {}).items()
        for kind in type(each).__mro__:
            slots = vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                yield name, getattr(each, name, None)


def states(generators: Mapping[str, np.random.Generator]) -> dict[str, Any]:
    """Each generator's state, as plain dicts, lists, numbers and texts."""
    return {name: _plain(generator.bit_generator.state) for name, generator in generators.items()}


def restore(generators: Mapping[str, np.random.Generator], saved: Any) -> None:
    """Put the generators into such states, all of them or none; a ValueError says what does not fit."""
    if not isinstance(saved, Mapping):
        raise TypeError("the generators' states must be a dict")
    if set(saved) != set(generators):
        only = sorted(map(repr, set(saved) ^ set(generators)))[:5]
        raise ValueError(
            f"the training's generators are {list(generators)}, with other states there: {', '.join(only)}"
        )
    before = {name: generator.bit_generator.state for name, generator in generators.items()}
    after = {name: _like(name, saved[name], state) for name, state in before.items()}
    for name, generator in generators.items():
        generator.bit_generator.state = after[name]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _like(path: str, value: Any, like: Any) -> Any:
    """The plain value with the types of `like`, a state of the same kind of generator."""
    if isinstance(like, Mapping):
        if not isinstance(value, Mapping) or set(value) != set(like):
            raise ValueError(f"generator {path}: its state must have {', '.join(like)}")
        return {name: _like(f"{path}.{name}", value[name], part) for name, part in like.items()}
    if isinstance(like, np.ndarray):
        if not isinstance(value, list) or len(value) != len(like):
            raise ValueError(f"generator {path} must be a list of {len(like)} ints")
        return np.array([_unsigned(path, number, like.itemsize) for number in value], like.dtype)
    if isinstance(like, str):
        if value != like:
            raise ValueError(f"generator {path} is {like}, the state is of another kind")
        return like
    return _unsigned(path, value, 16)


def _unsigned(path: str, value: Any, size: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2 ** (8 * size):
        raise ValueError(f"generator {path} must be an int of {size} bytes")
    return value
