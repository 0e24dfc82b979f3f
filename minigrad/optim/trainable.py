"""What can be trained: the parameters that optimizers, clipping and averages are given, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from minigrad.core.variable import Variable
from minigrad.nn.module import Module, Parameters

Trainable: TypeAlias = Iterable[Variable] | Iterable[tuple[str, Variable]] | Iterable[Mapping[str, Any]]
"""Parameters, pairs of a name and a parameter, or groups of an optimizer."""


def named_leaves(owner: str, parameters: Any, *, prefix: str = "") -> dict[str, Variable]:
    """The parameters, each once, by their names: those of pairs, of the model, or their places after the prefix."""
    if isinstance(parameters, Module):
        raise TypeError(f"{owner}: parameters is a {type(parameters).__name__}; pass model.parameters()")
    if isinstance(parameters, Variable) or not isinstance(parameters, Iterable):
        raise TypeError(f"{owner}: parameters must be a list of parameters, not one {type(parameters).__name__}")
    names = {}
    if isinstance(parameters, Parameters):
        names = {id(p): name for name, p in parameters.module.named_parameters()}
    distinct: dict[int, tuple[str, Variable]] = {}
    for i, each in enumerate(parameters):
        pair = isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str)
        name, p = each if pair else (prefix + names.get(id(each), str(i)), each)
        if not isinstance(p, Variable):
            raise TypeError(f"{owner}: parameters[{i}] must be a Parameter, not {type(p).__name__}")
        if p.creator is not None:
            raise ValueError(f"{owner}: parameters[{i}] was computed by {p.creator.name}; only leaves can be trained")
        distinct.setdefault(id(p), (name, p))
    found = [name for name, _ in distinct.values()]
    if not found:
        raise ValueError(f"{owner}: there are no parameters; does the model keep its layers as attributes?")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise ValueError(f"{owner}: two parameters are called {twice!r}")
    return dict(distinct.values())
