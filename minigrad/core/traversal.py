"""The way back through the graph: the chain rule, from a gradient to the gradients of all that it was computed from.

Nothing here recurses, so a graph may be as deep as memory allows. A Function's serial number is above those of its
inputs, so that the order of the serial numbers is a topological order.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from minigrad.core.config import NOT_RECORDED, GradMode, Switch, disabled, grad_mode
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
    run: Backward = gradients_of
    for hook in grad_mode.get().hooks:
        run = partial(hook.backward, run)
    gradients: dict[Producer, Variable] = {start: seed}
    recorded, usual = mode.enabled, seed.__class__
    own: set[Producer] = set()  # whose gradient is a sum, in memory that nothing else has

    with Switch((grad_mode, lambda _: mode)):
        for node in reversed(functions):
            if node not in gradients or (on_path is not None and node not in on_path):
                continue
            keep = retain_all or node.retained or (targets is not None and node in targets)
            gy = gradients[node] if keep else gradients.pop(node)
            for i, (producer, gx) in enumerate(zip(node.inputs, run(node, gy))):  # noqa: B905 - equally many, counted
                if producer is None or gx is None or (wanted is not None and producer not in wanted):
                    continue
                if recorded or gx.__class__ is not usual or (gx.data.shape, gx.data.dtype) != producer.output:
                    gx = checked(gx, node, i, producer, gy)  # noqa: PLW2901
                if producer not in gradients:
                    gradients[producer] = gx
                elif producer in own:
                    gradients[producer].data += gx.data
                else:
                    gradients[producer] = gradients[producer] + gx
                    if mode is NOT_RECORDED:
                        own.add(producer)
    return gradients


def mode_of_gradients(start: Producer, *, create_graph: bool) -> GradMode:
    """How gradients of the output of `start` are recorded: one order above all that it was computed from, or not."""
    mode = grad_mode.get()
    if not create_graph:
        return disabled(mode)
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


def gradients_of(node: Function, gy: Variable) -> Sequence[Variable | None]:
    """The gradients of `node`'s inputs from that of its output, by `backward_arrays` where nothing is recorded."""
    if node.backward_arrays is None or grad_mode.get().enabled:
        gradients: Any = node.backward(gy)
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
    else:
        gradients = [None if gx is None else node.variable_of(gx) for gx in node.backward_arrays(gy.data)]
    count = len(node.inputs)
    if len(gradients) != count and (len(gradients) < count or any(gx is not None for gx in gradients[count:])):
        raise TypeError(f"backward of {node.name} returned {len(gradients)} gradients for {count} inputs")
    return gradients  # type: ignore[no-any-return]


def checked(gx: Any, node: Function, i: int, producer: Function | Variable, gy: Variable) -> Variable:
    """`gx` with the dtype of input `i`, or an error if `backward` returned something that is not its gradient."""
    if not isinstance(gx, NumPyProtocol):
        raise TypeError(f"backward of {node.name} returned {type(gx).__name__} for input {i}, expected a Variable")
    variable: Variable = gx  # type: ignore[assignment]
    shape, dtype = producer.output
    data = variable.data
    if data.shape != shape:
        raise ValueError(f"backward of {node.name} returned shape {data.shape} for input {i}, whose shape is {shape}")
    if not variable.requires_grad and gy.requires_grad and grad_mode.get().enabled:
        raise TypeError(
            f"{node.name} has no second derivative: its backward cut the gradient of input {i} off from gy "
            "(compute it with differentiable operations on gy and self.saved)"
        )
    return variable if data.dtype is dtype or data.dtype == dtype else variable.astype(dtype)


def with_own_memory(gradient: Variable, taken: set[int], mode: GradMode) -> Variable:
    """`gradient`, copied if it is a view, a leaf, or shares its array; `taken` has the arrays given out so far."""
    is_leaf = gradient.creator is None and gradient.requires_grad
    if is_leaf or gradient.data.base is not None or id(gradient.data) in taken:
        with Switch((grad_mode, lambda _: mode)):
            gradient = gradient.astype(gradient.dtype)  # a copy
    taken.add(id(gradient.data))
    return gradient
