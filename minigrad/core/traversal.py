"""The backward pass: the chain rule, from the gradient of a result to the gradients of all that it was computed from.

A Function's serial number is above those of its inputs' producers: serial numbers give the topological order. Nothing
here recurses, so a graph may be as deep as memory allows.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import format_array, ignore_underflow, is_array, may_overlap
from minigrad.core.anomaly import EditedArrayError
from minigrad.core.config import NOT_RECORDED, disabled
from minigrad.core.function import Function, Producer, serials
from minigrad.core.hooks import wrap
from minigrad.core.numpy_protocol import NumPyProtocol
from minigrad.settings import GradMode, settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from minigrad.backend import Array
    from minigrad.core.hooks import Backward, Hook
    from minigrad.core.variable import Variable


@ignore_underflow  # small gradients become 0
def backward_pass(
    start: Producer, seed: Variable, *, targets: Collection[Producer] | None = None, retain_all: bool = False
) -> dict[Producer, Variable]:  # fmt: skip
    """Carry the gradient `seed` of the output of `start` back to the leaves, or to the producers `targets` alone.

    The result maps each leaf or target reached to its gradient, and each Function of which the output's gradient is
    retained (all of them, with `retain_all`). The gradients' own computation is recorded as `grad_mode` says.
    """
    mode = settings.get().grad_mode
    # Nothing older than the oldest target leads to it; leaves count as older than all Functions.
    after = min((target.serial if isinstance(target, Function) else 0 for target in targets or ()), default=0)
    nodes = topological_order([start], after)
    wanted = None if targets is None else path_to(targets, nodes)
    check_edits(start, nodes, wanted)
    plain = mode is NOT_RECORDED  # neither recorded nor hooked: the gradients are arrays on the way
    run: Any = gradient_arrays_of if plain else run_hooked(mode.hooks) if mode.hooks else gradients_of
    gradients: dict[Producer, Any] = {start: seed._data if plain else seed}
    summed: set[Producer] = set()  # their gradients were added up here: nobody else has the array, more is added to it

    for node in reversed(nodes):
        keep = retain_all or node.retained or (targets is not None and node in targets)
        gy = gradients.get(node) if keep else gradients.pop(node, None)
        if gy is None or (wanted is not None and wanted.isdisjoint(node.inputs)):
            continue
        for i, (producer, gx) in enumerate(zip(node.inputs, run(node, gy))):  # noqa: B905 - equally many
            if producer is None or gx is None or (wanted is not None and producer not in wanted):
                continue
            shape, dtype = producer.output
            if not plain:
                gx = checked(gx, node, i, producer, gy)  # noqa: PLW2901
            elif gx.__class__ is not np.ndarray or gx.shape != shape or gx.dtype is not dtype:
                gx = checked_array(gx, node, i, producer)  # noqa: PLW2901
            if producer not in gradients:
                gradients[producer] = gx
            elif producer in summed:
                gradients[producer] += gx
            else:
                gradients[producer] = sum_of(gradients[producer], gx)
                if plain:  # a recorded sum is never edited, and hooks see each addition
                    summed.add(producer)
    return {producer: seed._constant(gx) for producer, gx in gradients.items()} if plain else gradients


def sum_of(a: Any, b: Any) -> Any:
    """The sum of two gradients, Variables or arrays; an array also where NumPy makes a scalar of it."""
    total = a + b
    return np.asarray(total) if isinstance(total, np.generic) else total


def mode_of_gradients(start: Producer, *, create_graph: bool) -> GradMode:
    """The mode to compute gradients in: not recorded, or one order above all that the output of `start` came from."""
    mode = settings.get().grad_mode
    if not create_graph:
        return disabled(mode)
    order = 1 + max((function.derivative_order for function in topological_order([start])), default=0)
    return mode._replace(enabled=True, order=order)


def topological_order(producers: Iterable[Producer], after: int = 0) -> list[Function]:
    """All Functions behind `producers` with serial numbers above `after`, each after those of its inputs."""
    starts = [producer for producer in producers if isinstance(producer, Function)]
    found = {function.serial: function for function in starts if function.serial > after}
    waiting = list(found.values())
    while waiting:
        for producer in waiting.pop().inputs:
            if isinstance(producer, Function) and (serial := producer.serial) > after and serial not in found:
                found[serial] = producer
                waiting.append(producer)
    return [found[serial] for serial in sorted(found)]


def check_edits(start: Producer, nodes: Sequence[Function], wanted: set[Producer] | None) -> None:
    """Raise EditedArrayError if an array was changed in place after one of the sorted `nodes` saved it.

    Only those with an input among `wanted` count. What they saved may be a view of an array from before all of them.
    """
    if not nodes or serials.last_edit < nodes[0].serial:
        return  # none since then
    used = [node for node in nodes if wanted is None or not wanted.isdisjoint(node.inputs)]
    graph = nodes if wanted is None else topological_order([start])
    producers = [start, *chain.from_iterable(node.inputs for node in graph)]
    edited = {p: p.edits for p in producers if p is not None and p.edits and p.edits[-1].serial > nodes[0].serial}
    for producer, edit in [(producer, edit) for producer, edits in edited.items() for edit in edits]:
        if (changed := edit.array()) is None:
            continue  # no operation saved it
        for node in used:
            arrays = [array for array in node.saved_arrays if array is not None] if edit.serial > node.serial else ()
            if any(may_overlap(array, changed) for array in arrays):
                if isinstance(producer, Function):
                    what = f"the output of {producer.name}"
                else:
                    what = f"the leaf {producer.name}" if producer.name else f"a leaf {format_array(producer.data)}"
                raise EditedArrayError(
                    f"backward of {node.name}: {edit.by} changed {what} in place, after {node.name} saved it; "
                    "call backward before, or apply the operation again"
                )


def path_to(targets: Collection[Producer], functions: Sequence[Function]) -> set[Producer]:
    """The targets, and those of `functions`, in topological order, of which an input leads back to one of them."""
    path = set(targets)
    for function in functions:
        if not path.isdisjoint(function.inputs):
            path.add(function)
    return path


def gradients_of(node: Function, gy: Variable) -> Sequence[Variable | None]:
    """The gradients of `node`'s inputs from that of its output, by `backward_arrays` where nothing is recorded."""
    if node.backward_arrays is None or settings.get().grad_mode.enabled:
        return one_per_input(node.backward(gy), node)
    found = one_per_input(node.backward_arrays(gy._data), node)
    return [node.variable_of(gx) if is_array(gx) or isinstance(gx, np.generic) else gx for gx in found]


def gradient_arrays_of(node: Function, gy: Array) -> Sequence[Array | None]:
    """The gradients of `node`'s inputs as arrays, for a pass that records nothing and has no hooks."""
    if node.backward_arrays is not None:
        return one_per_input(node.backward_arrays(gy), node)
    gradients: list[Any] = []
    for i, gx in enumerate(one_per_input(node.backward(node.variable_of(gy)), node)):
        if gx is not None and node.inputs[i] is not None:
            array = as_variable(gx, node, i)._data
            gx = array.copy() if gx._leaf_requires_grad or is_saved(array, node) else array  # noqa: PLW2901
        gradients.append(gx)
    return gradients


def one_per_input(found: Any, node: Function) -> tuple[Any, ...]:
    """The gradients that a backward returned, without those of last operands that are None."""
    gradients, n = found if isinstance(found, tuple) else (found,), len(node.inputs)
    if len(gradients) == n:
        return gradients
    if len(gradients) < n or any(gx is not None for gx in gradients[n:]):
        raise TypeError(f"backward of {node.name} returned {len(gradients)} gradients for {n} inputs")
    return gradients[:n]


def run_hooked(hooks: Sequence[Hook]) -> Backward:
    """`gradients_of` with the hooks around it."""
    run: Backward = wrap(gradients_of, hooks, "backward")

    def run_and_check(node: Function, gy: Variable) -> Sequence[Variable | None]:
        gradients = run(node, gy)
        if not isinstance(gradients, (tuple, list)):
            found = f"a hook's backward returned {type(gradients).__name__} for {node.name}"
            raise TypeError(f"{found}, expected a tuple: a gradient, or None for zero, for each input")
        return one_per_input(tuple(gradients), node)

    return run_and_check


def checked(gx: Any, node: Function, i: int, producer: Function | Variable, gy: Variable) -> Variable:
    """`gx` with the dtype of input `i`, or an error if `backward` returned something that is not its gradient."""
    variable = as_variable(gx, node, i)
    check_shape(variable._data, node, i, producer)
    if not variable.requires_grad and gy.requires_grad and settings.get().grad_mode.enabled:
        raise TypeError(
            f"{node.name} has no second derivative: its backward cut the gradient of input {i} off from gy "
            "(compute it with differentiable operations on gy and self.saved)"
        )
    dtype = producer.output[1]
    return variable.astype(dtype) if variable.dtype != dtype or is_saved(variable._data, node) else variable


def checked_array(gx: Any, node: Function, i: int, producer: Function | Variable) -> Array:
    """`gx`, an array, with the dtype of input `i`, or an error likewise."""
    if not (is_array(gx) or isinstance(gx, np.generic)):
        raise TypeError(f"backward of {node.name} returned {type(gx).__name__} for input {i}, expected an array")
    check_shape(gx, node, i, producer)
    return (np.asarray(gx) if isinstance(gx, np.generic) else gx).astype(producer.output[1], copy=False)


def as_variable(gx: Any, node: Function, i: int) -> Variable:
    """`gx`, or a TypeError if it is no Variable, which this file can't import."""
    if not isinstance(gx, NumPyProtocol):
        raise TypeError(f"backward of {node.name} returned {type(gx).__name__} for input {i}, expected a Variable")
    return gx  # type: ignore[return-value]


def is_saved(array: Array, node: Function) -> bool:
    """True if `node` saved this array itself: as a gradient it must be copied, as those may be edited."""
    for saved in node.saved_arrays:  # noqa: SIM110 - any() takes four times as long
        if saved is array:
            return True
    return False


def check_shape(gx: Array, node: Function, i: int, producer: Function | Variable) -> None:
    """Raise ValueError if the gradient of input `i` has another shape than the input."""
    found, shape = gx.shape, producer.output[0]
    if found != shape:
        reason = "" if isinstance(producer, Function) else f"; was its .data replaced after {node.name} was applied?"
        raise ValueError(
            f"backward of {node.name} returned shape {found} for input {i}, whose shape is {shape}{reason}"
        )


def with_own_memory(gradient: Variable, taken: set[int]) -> Variable:
    """`gradient`, or a copy where an edit of it, to clip it for example, would change another array.

    It does so if it is a view, a leaf or one of `taken`, the arrays that were given out so far.
    """
    is_leaf = gradient.creator is None and gradient.requires_grad
    if is_leaf or gradient.data.base is not None or id(gradient.data) in taken:
        gradient = gradient.astype(gradient.dtype)  # a copy that can be differentiated
    taken.add(id(gradient.data))
    return gradient
