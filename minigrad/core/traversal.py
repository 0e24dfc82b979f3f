"""The way back through the graph, from a gradient to the gradients of everything it was computed from.

Nothing here recurses, so a graph may be as deep as memory allows. A Function's serial number is above those of its
inputs, hence the highest among the Functions reached is one whose gradient is complete.
"""

from __future__ import annotations

from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from minigrad.core.anomaly import check_backward, check_saved
from minigrad.core.config import FORWARD, GradMode, Switch, anomaly_detection, grad_mode
from minigrad.core.function import Function, Producer
from minigrad.core.numpy_protocol import ArrayLike

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from minigrad.core.variable import Variable


def backward_pass(  # noqa: C901, PLR0912 - the one loop that everything else serves
    start: Producer,
    seed: Variable,
    *,
    mode: GradMode | None,
    within: Collection[Producer] | None = None,
    keep: Collection[Producer] = (),
    keep_all: bool = False,
) -> dict[Producer, Variable]:
    """Carry the gradient `seed` of what `start` made back to the leaves. No `.grad` is written.

    Args:
        start: who made the Variable that is differentiated.
        seed: its gradient.
        mode: how the computation of the gradients is recorded, `mode_of_gradients`.
        within: Functions to differentiate; None for all.
        keep: producers whose gradient is wanted although they are not in `within`, or are no leaves.
        keep_all: keep the gradient of every Function's output.
    Returns:
        the gradients of the leaves reached and of kept Functions' outputs.
    """
    anomaly = anomaly_detection.get()
    current = grad_mode.get()
    watch = None if current is None else current.watch
    pending: dict[Producer, Variable] = {start: seed}  # an intermediate gradient is dropped as soon as it is consumed
    finished: dict[Producer, Variable] = {}
    summed: set[Producer] = set()  # whose gradient is a sum that nobody else has
    usual = seed.__class__  # of most gradients; one of another class may have no array yet
    queue: list[tuple[int, Function]] = []
    if isinstance(start, Function):
        queue.append((-start.serial, start))
    else:
        finished[start] = seed

    with Switch((grad_mode, mode), (anomaly_detection, False)):  # here check_backward finds and names them
        while queue:
            _, node = heappop(queue)
            gy = pending.pop(node)
            if keep_all or node.retained or node in keep:
                finished[node] = gy
            if within is not None and node not in within:
                continue
            if anomaly:
                check_saved(node)
            for i, (producer, gx) in enumerate(
                zip(  # noqa: B905 - `_gradients` counted them
                    node.inputs, _gradients(node, gy) if watch is None else watch.backward(node, gy, run=_gradients)
                )
            ):
                if producer is None or gx is None:
                    continue
                if within is not None and producer not in within and producer not in keep:
                    continue
                if gx.__class__ is not usual or mode is not None or (gx.data.shape, gx.data.dtype) != producer.output:
                    gx = checked(gx, node, i, producer, gy)  # noqa: PLW2901
                known = pending if isinstance(producer, Function) else finished
                if producer not in known:
                    if isinstance(producer, Function):
                        heappush(queue, (-producer.serial, producer))
                    known[producer] = gx
                elif producer in summed:
                    known[producer].data += gx.data
                else:
                    known[producer] = known[producer] + gx
                    if mode is None:
                        summed.add(producer)
                if anomaly:
                    check_backward(node, i, known[producer].data)
    return finished


def mode_of_gradients(start: Producer, *, create_graph: bool) -> GradMode | None:
    """How the gradients of what `start` made are recorded: one order above all that it was computed from, or not."""
    if not create_graph:
        return None
    order = 1 + max((function.derivative_order for function in topological_order([start])), default=0)
    return (grad_mode.get() or FORWARD)._replace(order=order)


def topological_order(makers: Iterable[Producer]) -> list[Function]:
    """All Functions that can be reached from `makers`, in execution order."""
    waiting = list(makers)
    found: dict[int, Function] = {}  # by serial number: a user's Function may be unhashable
    while waiting:
        maker = waiting.pop()
        if isinstance(maker, Function) and maker.serial not in found:
            found[maker.serial] = maker
            waiting.extend(maker.inputs)
    return [found[serial] for serial in sorted(found)]


def path_to(start: Producer, targets: Collection[Producer]) -> set[Producer]:
    """The Functions on the paths from `start` back to any of `targets`."""
    oldest = min((producer.serial if isinstance(producer, Function) else 0 for producer in targets), default=0)
    reached: set[Producer] = {start}
    stack = [start]
    functions = []
    while stack:
        node = stack.pop()
        if isinstance(node, Function) and node.serial > oldest:
            functions.append(node)
            new = [producer for producer in node.inputs if producer is not None and producer not in reached]
            reached.update(new)
            stack.extend(new)
    functions.sort(key=attrgetter("serial"))
    on_path: set[Producer] = set()
    for node in functions:
        if any(producer in targets or producer in on_path for producer in node.inputs):
            on_path.add(node)
    return on_path


def _gradients(node: Function, gy: Variable) -> tuple[Any, ...]:
    gradients = node.backward(gy)
    if gradients.__class__ is not tuple and not isinstance(gradients, tuple):
        gradients = (gradients,)
    if len(gradients) != len(node.inputs):
        raise TypeError(f"backward of {node.name} returned {len(gradients)} gradients for {len(node.inputs)} inputs")
    return gradients


def checked(gx: Any, node: Function, i: int, producer: Function | Variable, gy: Variable) -> Variable:
    """`gx` with the dtype of input `i`, or an error if `backward` returned something that is not its gradient."""
    if not isinstance(gx, ArrayLike):
        raise TypeError(f"backward of {node.name} returned {type(gx).__name__} for input {i}, expected a Variable")
    variable: Variable = gx  # type: ignore[assignment]
    (shape, dtype), found = producer.output, variable.output
    if found[0] != shape:
        raise ValueError(f"backward of {node.name} returned shape {found[0]} for input {i}, whose shape is {shape}")
    if gy.requires_grad and not variable.requires_grad and grad_mode.get():
        raise TypeError(
            f"{node.name} has no second derivative: its backward cut the gradient of input {i} off from gy "
            "(compute it with differentiable operations on gy and self.saved)"
        )
    return variable if found[1] == dtype else variable.astype(dtype)
