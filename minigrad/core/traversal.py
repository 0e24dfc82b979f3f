"""The way back through the graph: the chain rule, from a gradient to the gradients of all that it was computed from.

Nothing here recurses, so a graph may be as deep as memory allows. A Function's serial number is above those of its
inputs, so that the order of the serial numbers is a topological order.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from minigrad.core.config import GradMode, Switch, grad_mode
from minigrad.core.function import Function, Producer
from minigrad.core.numpy_protocol import NumPyProtocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from minigrad.core.hooks import Backward
    from minigrad.core.variable import Variable


def backward_pass(
    start: Producer,
    seed: Variable,
    mode: GradMode,
    *,
    targets: Collection[Producer] | None = None,
    retain_all: bool = False,
) -> dict[Producer, Variable]:
    """Carry the gradient `seed` of the output of `start` back to the leaves, or to targets. No `.grad` is written.

    Args:
        start: the producer of the Variable that is differentiated.
        seed: its gradient.
        mode: how the gradients' own computation is recorded, of `mode_of_gradients`.
        targets: only what leads to one of these producers is differentiated; None for all leaves.
        retain_all: keep the gradient of every Function's output.
    Returns:
        the gradients of the leaves or targets reached and of retained outputs.
    """
    functions = topological_order([start], after=min(map(_serial, targets), default=0) if targets else 0)
    on_path = None if targets is None else path_to(targets, functions)
    wanted = None if on_path is None else on_path.union(targets or ())
    run: Backward = partial(_gradients, wanted=wanted)
    for hook in grad_mode.get().hooks:
        run = partial(hook.backward, run)
    gradients: dict[Producer, Variable] = {start: seed}
    own: set[Producer] = set()  # whose gradient is a sum, in memory that nothing else has
    in_place = not mode.enabled and not mode.hooks

    with Switch((grad_mode, lambda _: mode)):
        for node in reversed(functions):
            if node not in gradients or (on_path is not None and node not in on_path):
                continue
            keep = retain_all or node.retained or (targets is not None and node in targets)
            gy = gradients[node] if keep else gradients.pop(node)
            for producer, gx in zip(node.inputs, run(node, gy), strict=True):
                if gx is None:
                    continue
                if producer not in gradients:
                    gradients[producer] = gx
                elif producer in own:
                    gradients[producer].data += gx.data
                else:
                    gradients[producer] = gradients[producer] + gx
                    if in_place:
                        own.add(producer)
    return gradients


def mode_of_gradients(start: Producer, *, create_graph: bool) -> GradMode:
    """How gradients of the output of `start` are recorded: one order above all that it was computed from, or not."""
    mode = grad_mode.get()
    if not create_graph:
        return mode._replace(enabled=False)
    order = 1 + max((function.derivative_order for function in topological_order([start])), default=0)
    return mode._replace(enabled=True, order=order)


def topological_order(producers: Iterable[Producer], after: int = 0) -> list[Function]:
    """All Functions behind `producers`, each after those of its inputs.

    Args:
        producers: where to begin.
        after: go back no further than to serial numbers above this one.
    """
    waiting = list(producers)
    found: dict[int, Function] = {}  # by serial number: a user's Function may be unhashable
    while waiting:
        producer = waiting.pop()
        if isinstance(producer, Function) and producer.serial > after and producer.serial not in found:
            found[producer.serial] = producer
            waiting.extend(producer.inputs)
    return [found[serial] for serial in sorted(found)]


def path_to(targets: Collection[Producer], functions: Sequence[Function]) -> set[Producer]:
    """Those of `functions`, in topological order, of which an input leads back to one of `targets`."""
    on_path: set[Producer] = set()
    for function in functions:
        if any(producer in targets or producer in on_path for producer in function.inputs):
            on_path.add(function)
    return on_path


def _serial(producer: Producer) -> int:
    return producer.serial if isinstance(producer, Function) else 0


def _gradients(node: Function, gy: Variable, wanted: Collection[Producer] | None) -> tuple[Variable | None, ...]:
    """The gradients that `node` computes of its inputs from that of its output; None where none is wanted."""
    gradients: Any
    if node.backward_arrays is None or grad_mode.get().enabled:
        gradients = node.backward(gy)
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
    else:
        arrays = node.backward_arrays(gy.data)
        gradients = [None if gx is None else node.variable_of(gx) for gx in arrays]
    count = len(node.inputs)
    if len(gradients) < count or (len(gradients) > count and any(gx is not None for gx in gradients[count:])):
        raise TypeError(f"backward of {node.name} returned {len(gradients)} gradients for {count} inputs")
    return tuple(
        [
            None
            if gx is None or producer is None or (wanted is not None and producer not in wanted)
            else checked(gx, node, i, producer, gy)
            for i, (producer, gx) in enumerate(zip(node.inputs, gradients, strict=False))
        ]
    )


def checked(gx: Any, node: Function, i: int, producer: Function | Variable, gy: Variable) -> Variable:
    """`gx` with the dtype of input `i`, or an error if `backward` returned something that is not its gradient."""
    if not isinstance(gx, NumPyProtocol):
        raise TypeError(f"backward of {node.name} returned {type(gx).__name__} for input {i}, expected a Variable")
    variable: Variable = gx  # type: ignore[assignment]
    shape, dtype = producer.output
    if variable.data.shape != shape:
        raise ValueError(
            f"backward of {node.name} returned shape {variable.data.shape} for input {i}, whose shape is {shape}"
        )
    if grad_mode.get().enabled and gy.requires_grad and not variable.requires_grad:
        raise TypeError(
            f"{node.name} has no second derivative: its backward cut the gradient of input {i} off from gy "
            "(compute it with differentiable operations on gy and self.saved)"
        )
    return variable if variable.data.dtype == dtype else variable.astype(dtype)


def with_own_memory(gradient: Variable, taken: set[int], mode: GradMode) -> Variable:
    """`gradient`, copied if it is a view, a leaf, or shares its array; `taken` has the arrays given out so far."""
    is_leaf = gradient.creator is None and gradient.requires_grad
    if is_leaf or gradient.data.base is not None or id(gradient.data) in taken:
        with Switch((grad_mode, lambda _: mode)):
            gradient = gradient.astype(gradient.dtype)  # a copy
    taken.add(id(gradient.data))
    return gradient
