"""Whether a function lets go of its inputs: an array that nobody saved is freed when its Variable is."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.core.traversal import topological_order
from minigrad.core.variable import Variable
from minigrad.testing.arrays import Floats
from minigrad.testing.derivatives import recorded
from minigrad.testing.findings import ContractViolation


def inputs_are_let_go(f: Callable[..., Any], arrays: Sequence[Floats], names: Sequence[str]) -> None:
    """Raise ContractViolation if f keeps an input otherwise than by `save`, or beyond its graph."""
    leaves = [Variable(x) for x in arrays]
    xs = [leaf + 0 for leaf in leaves]
    alive = [weakref.ref(x.data) for x in xs]
    ys = recorded(f, xs)
    del xs
    functions = topological_order(y.creator for y in ys)
    held = [array for function in functions for array in function.saved_arrays if array is not None]
    held += [y.data for y in ys]
    for i, (name, ref) in enumerate(zip(names, alive, strict=True)):
        array = ref()
        if array is not None and not any(_stands_on(other, array) for other in held):
            raise ContractViolation(
                f"keeps input {i} ({name}) although it does not save it",
                "an attribute, a closure or a cache holds the array for as long as the graph lives",
                hint="self.save(x) is the way to keep an input; backward finds it, differentiable, in self.saved",
            )
        del array
    del functions, held, ys
    for i, (name, ref) in enumerate(zip(names, alive, strict=True)):
        if ref() is not None:
            raise ContractViolation(
                f"keeps input {i} ({name}) after its graph is gone",
                "a global, a cache or a reference cycle holds the array",
            )


def _stands_on(view: Any, array: Floats) -> bool:
    """Whether `view` is the array, or a view of it, however many views lie between."""
    while view is not None and view is not array:
        view = getattr(view, "base", None)
    return view is array
