"""trace: the Graph of the operations and leaves that some Variables were computed from.

Nothing here recurses, and nothing that reaches the Graph depends on addresses or hashes: a node's number is its place
in execution order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import Any, Literal, Protocol

from minigrad.backend import Array, is_array
from minigrad.core.function import Function, Producer, Spec
from minigrad.core.traversal import topological_order
from minigrad.core.variable import Seed, Variable, producer_of
from minigrad.viz.derivatives import with_derivatives
from minigrad.viz.formatting import format_parameters, format_value
from minigrad.viz.formulas import argument_names, formula_of
from minigrad.viz.graph import FAMILIES, Edge, Graph, Kind, Node, Tensor, Work, layer_paths


@dataclass(slots=True)
class Measured:
    """The notes that `record` takes of a Function and its derivative."""

    inputs: tuple[Spec, ...] = ()  # of all, constants too
    layer: str = ""  # dotted path of the layer that applied it
    source: str = ""  # file and line that applied it, "train.py:12"
    value: str = ""  # the numbers of its output, if they are few
    forward: Work = Work()  # noqa: RUF009 - a tuple
    backward: Work | None = None  # None if it was not differentiated


class Model(Protocol):
    """An object with named parameters, such as an `nn.Module`."""

    def named_parameters(self) -> Iterable[tuple[str, Variable]]:
        """Dotted names, "conv1.w", and the parameters."""


def default_title(model: Model | None) -> str:
    """The title of a model's diagram."""
    return "Compute graph" if model is None else type(model).__name__


def trace(
    outputs: Iterable[Variable],
    model: Model | None = None,
    order: int | Literal["all"] = "all",
    measured: Mapping[int, Measured] | None = None,
    peak: int | None = None,
) -> Graph:
    """The graph of everything that `outputs` were computed from, as far as it was recorded.

    Args:
        outputs: Variables, one or more.
        model: names its parameters; other leaves are inputs then. Without, all leaves are parameters.
        order: the highest order of differentiation. Derivatives are operations where `create_graph` recorded them;
            else they are nodes of their own, if backward was run, or from order 1 on as it would run.
        measured: the notes of Functions, by their serial numbers.
        peak: the most bytes that were alive at once.
    """
    checked_model("draw", model)
    distinct = dict.fromkeys(_checked(outputs, order))
    named = [] if model is None else [*model.named_parameters()][::-1]
    names = {parameter: name for name, parameter in named}  # one that is shared has several names: the first serves
    tracing = _Tracing(None if model is None else names, measured or {})
    for function in topological_order(map(producer_of, distinct)):
        tracing.add_operation(function)
    tracing.add_outputs(distinct)
    graph = Graph(tuple(tracing.nodes.values()), tuple(tracing.edges), sum(tracing.saved.values()), peak)
    if not any(node.order for node in graph.nodes) and (tracing.work if order == "all" else order > 0):
        leaves = tracing.leaves if tracing.work else {}  # else their gradients are those of another run
        gradients = {node.id: leaf.grad.data for leaf, node in leaves.items() if leaf.grad is not None}
        graph = with_derivatives(graph, tracing.work, gradients)
    nodes = [node for node in graph.nodes if order == "all" or node.order <= order]
    return replace(graph.rebuilt(nodes, graph.edges), saved=min(graph.saved, sum(node.saved for node in nodes)))


def checked_model(owner: str, model: Model | None) -> Model | None:
    """Return `model`, an object with named parameters or None."""
    if model is not None and (isinstance(model, type) or not hasattr(model, "named_parameters")):
        given = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"{owner}: model must have named_parameters(), as nn.Module has, not {given}")
    return model


def _checked(outputs: Iterable[Variable], order: int | Literal["all"]) -> tuple[Variable, ...]:
    outputs = tuple(outputs)
    if not outputs:
        raise TypeError("draw: there is nothing to draw; it takes one Variable or more")
    for i, output in enumerate(outputs):
        if not isinstance(output, Variable):
            advice = "; write draw(*outputs)" if isinstance(output, (list, tuple)) else ""
            advice = "; write draw(y, model=model)" if hasattr(output, "named_parameters") else advice
            raise TypeError(f"draw: outputs[{i}] must be a Variable, not {type(output).__name__}{advice}")
    if not any(output.requires_grad for output in outputs):
        raise ValueError("draw: nothing was recorded: all outputs were made of constants only, or under no_grad()")
    if order != "all" and (not isinstance(order, int) or isinstance(order, bool) or order < 0):
        raise ValueError(f'draw: order must be 0, 1, 2, ... or "all", not {order!r}')
    return outputs


class _Tracing:
    """The parts of a Graph, collected from the Functions in execution order."""

    def __init__(self, names: Mapping[Variable, str] | None, measured: Mapping[int, Measured]) -> None:
        self.nodes: dict[str, Node] = {}  # by id
        self.edges: list[Edge] = []
        self.saved: dict[int, int] = {}  # bytes, by id of the array that owns the memory, which lives while we trace
        self.work: dict[str, Work] = {}  # of the derivatives of operations, by their ids
        self.leaves: dict[Variable, Node] = {}
        self._names, self._measured = names, measured
        self._counts: Counter[Kind] = Counter()
        self._operations: dict[int, Node] = {}  # by serial number
        self._layers: dict[str, str] = {}  # by id of a parameter, or of a view of one
        layers = {name.rpartition(".")[0] for name in (names or {}).values()} | {m.layer for m in measured.values()}
        self._containers = {path for layer in layers for path in layer_paths(layer.rpartition(".")[0])}

    def add_operation(self, function: Function) -> None:
        """Append an operation, and before it those of its inputs that have no node yet."""
        measured = self._measured.get(function.serial) or Measured()
        found = [self._node_of(producer, function.derivative_order) for producer in function.inputs]
        family = next((family for family in FAMILIES if family == function.family), "other")
        parameters, flops = format_parameters(function), function.flops()
        layers = [self._layers[node.id] for node in found if node is not None and node.id in self._layers]
        common = set.intersection(*[set(layer_paths(path)) for path in layers]) if layers else set()
        layer = measured.layer or max(common, key=len, default="")
        if not layer and not layers and function.derivative_order == 0 and family != "loss":
            layer = self._layer_before(found)
        sources = [node or self._add_constant(function, i, layer, measured) for i, node in enumerate(found)]
        saved, saves, value = self._saved_of(function, sources)
        node = self._add(
            "operation",
            function.name,
            sources,
            label=(parameters,) if parameters else (),
            tensor=_tensor(function.output),
            family=family,
            formula=formula_of(function),
            layer=layer,
            saved=saved,
            saves=saves,
            order=function.derivative_order,
            flops=None if flops is None else int(flops),
            value=measured.value or value,
            source=measured.source,
            **measured.forward._asdict(),
        )
        self._operations[function.serial] = node
        if measured.backward is not None:
            self.work[node.id] = measured.backward
        if family == "view" and len(layers) == len(sources):
            self._layers[node.id] = layer  # an operation on a broadcast bias belongs to the bias's layer

    def add_outputs(self, outputs: Iterable[Variable]) -> None:
        leaves = self.leaves.items()
        gradients = {leaf.grad.creator: f"{node.name}.grad" for leaf, node in leaves if leaf.grad is not None}
        for output in outputs:
            source = self._node_of(producer_of(output), 0)
            name = "loss" if source is not None and source.family == "loss" else "output"
            name = output.name or (gradients.get(output.creator, name) if output.creator is not None else name)
            order, sources = (source.order, [source]) if source is not None else (0, [])
            tensor, value = _tensor(output.output), format_value(output.data)
            self._add("output", name, sources, tensor=tensor, order=order, value=value)

    def _node_of(self, producer: Producer, order: int) -> Node | None:
        """The node of an operation or a leaf; None for a constant."""
        if producer is None:
            return None
        if isinstance(producer, Function):
            return self._operations[producer.serial]
        return self.leaves.get(producer) or self._add_leaf(producer, order)

    def _add_leaf(self, leaf: Variable, order: int) -> Node:
        path = (self._names or {}).get(leaf, "")
        kind: Kind = "seed" if isinstance(leaf, Seed) else "parameter" if path or self._names is None else "input"
        layer, order = path.rpartition(".")[0], order if kind == "seed" else 0
        tensor, value = _tensor(leaf.output), format_value(leaf.data)
        node = self._add(kind, path or leaf.name or kind, tensor=tensor, layer=layer, order=order, value=value)
        self.leaves[leaf] = node
        if kind == "parameter":
            self._layers[node.id] = layer
        return node

    def _add_constant(self, function: Function, position: int, layer: str, measured: Measured) -> Node:
        # A graph keeps nothing of a constant, so two of them may or may not be the same.
        spec = measured.inputs[position] if measured.inputs else function.input_spec(position)
        tensor = None if spec is None else _tensor(spec)
        if function.derivative_order == 0 and not any(isinstance(producer, Function) for producer in function.inputs):
            return self._add("input", "input", tensor=tensor, requires_grad=False)
        name = _argument_name(function, position)
        name = name if len(name) > 1 else "constant"  # the single letters of formulas tell nothing
        order = function.derivative_order
        return self._add("constant", name, tensor=tensor, layer=layer, order=order, requires_grad=False)

    def _add(self, kind: Kind, name: str, sources: Sequence[Node] = (), **attributes: Any) -> Node:
        self._counts[kind] += 1
        node = Node(f"{kind}{self._counts[kind]}", kind, name, **attributes)
        self.nodes[node.id] = node
        self.edges += [Edge(source.id, node.id, i, source.tensor) for i, source in enumerate(sources)]
        return node

    def _layer_before(self, found: Sequence[Node | None]) -> str:
        """The layer that an operation follows, which is drawn with it: the one that made its only input."""
        inputs = {node.id: node.layer for node in found if node is not None}
        (layer,) = inputs.values() if len(inputs) == 1 else ("",)
        return "" if layer in self._containers else layer  # an operation after layers in layers is no part of them

    def _saved_of(self, function: Function, sources: Sequence[Node]) -> tuple[int, str, str]:
        """The bytes that the operation keeps alive, without leaves; names, "x, w", "mask"; its output's value."""
        alive = {id(owner_of(leaf.data)) for leaf in function.inputs if isinstance(leaf, Variable)}
        own: dict[int, int] = {}
        names: dict[str, None] = {}
        value = ""
        for array, i in zip(function.saved_arrays, function.saved_sources, strict=True):
            if array is None:
                continue
            made = {"b": "mask", "i": "indices", "u": "indices"}.get(array.dtype.kind, "numbers")
            names[_argument_name(function, i) if i >= 0 else "output" if i == Function.OUTPUT else made] = None
            if i == Function.OUTPUT:
                value = format_value(array)
            elif i >= 0 and not sources[i].value:
                self.nodes[sources[i].id] = replace(sources[i], value=format_value(array))
            owner = owner_of(array)
            if id(owner) not in alive:
                size = min(array.nbytes, owner.nbytes)  # a part counts as such, a broadcast array as the one it repeats
                own[id(owner)] = max(own.get(id(owner), 0), size)
                self.saved[id(owner)] = max(self.saved.get(id(owner), 0), size)
        return sum(own.values()), ", ".join(names), value


def owner_of(array: Array) -> Array:
    """The array whose memory a view shows."""
    while is_array(array.base):
        array = array.base
    return array


@cache
def _tensor(spec: Spec) -> Tensor:
    shape, dtype = spec
    return Tensor(tuple(shape), str(dtype), prod(shape) * dtype.itemsize)


def _argument_name(function: Function, position: int) -> str:
    names = argument_names(type(function).forward)
    return names[min(position, len(names) - 1)] if names else ""  # further inputs belong to a last `*arrays`
