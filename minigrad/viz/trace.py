"""trace: from Variables back to what they were computed from, as a Graph.

Nothing here recurses, and nothing that reaches the Graph depends on addresses or hashes: a node's number is its place
in execution order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from minigrad.backend import Array
from minigrad.core.function import Function, Spec
from minigrad.core.function import Producer as Maker
from minigrad.core.traversal import topological_order
from minigrad.core.variable import Seed, Variable, producer_of
from minigrad.viz.backward import with_backward
from minigrad.viz.graph import Edge, Graph, Kind, Node, Tensor
from minigrad.viz.labels import argument_of, family_of, parameters_of, saves_of
from minigrad.viz.measured import Measured, Work, value_of
from minigrad.viz.memory import owner_of

_UNMEASURED = Measured()


def trace(
    outputs: Iterable[Variable],
    names: Mapping[Variable, str] | None = None,
    measured: Mapping[int, Measured] | None = None,
    *,
    backward: bool | None = False,
    peak: int | None = None,
) -> Graph:
    """The graph of everything that `outputs` were computed from, as far as it was recorded.

    Args:
        outputs: Variables; one that is there twice counts once.
        names: a model's parameters with their dotted names; other leaves are inputs then. Without, all leaves are
            parameters.
        measured: what was noted of Functions, by their serial numbers.
        backward: whether each operation's derivative is in the graph too, and what flows between them; None if backward
            was run. Where `create_graph` recorded it, it is there as what it is, operations.
        peak: the most bytes that were alive at once.
    """
    distinct = dict.fromkeys(outputs)
    tracing = _Tracing(names, measured or {})
    for function in topological_order(map(producer_of, distinct)):
        tracing.add_operation(function)
    for output in distinct:
        tracing.add_output(output)
    graph = tracing.graph(peak)
    if any(node.order for node in graph.nodes):
        return graph
    if backward is None:
        backward = bool(tracing.work)
    gradients = tracing.gradients if tracing.work else {}  # else they are those of another run
    return with_backward(graph, tracing.work, gradients) if backward else graph


class _Tracing:
    """A Graph in the making."""

    def __init__(self, names: Mapping[Variable, str] | None, measured: Mapping[int, Measured]) -> None:
        self.work: dict[str, Work] = {}  # of the derivatives of operations, by their ids
        self.gradients: dict[str, Array] = {}  # of leaves, by their ids
        self._gradient_names: dict[Function, str] = {}  # who made a leaf's gradient, and the leaf's name
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._names = names
        self._measured = measured
        self._saved: dict[int, int] = {}  # by id of the array that owns the memory, which lives while we trace
        self._containers = _containers(names or {}, measured)
        self._counts: Counter[Kind] = Counter()
        self._leaves: dict[Variable, Node] = {}
        self._operations: dict[int, Node] = {}  # by serial number
        self._layers: dict[str, str] = {}  # by id of a parameter, or of a view of one
        self._tensors: dict[Spec, Tensor] = {}
        self._values: dict[str, str] = {}  # by id of an operation whose output another one saved

    def graph(self, peak: int | None) -> Graph:
        """What was added."""
        values = self._values
        nodes = [replace(node, value=values[node.id]) if node.id in values else node for node in self._nodes]
        return Graph(tuple(nodes), tuple(self._edges), sum(self._saved.values()), peak)

    def add_operation(self, function: Function) -> None:
        """Append an operation, and before it those of its inputs that have no node yet."""
        measured = self._measured.get(function.serial, _UNMEASURED)
        found = [self._node_of(maker, function.derivative_order) for maker in function.inputs]
        family, parameters, flops = family_of(function), parameters_of(function), function.flops()
        layer = measured.layer if self._names is not None else ""
        layers = [self._layers[node.id] for node in found if node is not None and node.id in self._layers]
        layer = layer or _common_path(layers)
        if not layer and not layers and function.derivative_order == 0 and family != "loss":
            layer = self._layer_before(found)
        sources = [node or self._add_constant(function, i, layer, measured) for i, node in enumerate(found)]
        node = self._add(
            "operation",
            function.name,
            label=(parameters,) if parameters else (),
            tensor=self._tensor(function.output),
            family=family,
            layer=layer,
            saved=self._saved_bytes(function),
            saves=saves_of(function),
            order=function.derivative_order,
            flops=None if flops is None else int(flops),
            value=measured.value,
            source=measured.source,
            seconds=measured.forward.seconds,
            live=measured.forward.live,
            stats=measured.forward.stats,
        )
        self._operations[function.serial] = node
        self._note_values(function, sources, node)
        if measured.backward is not None:
            self.work[node.id] = measured.backward
        if family == "view" and len(layers) == len(sources):
            self._layers[node.id] = layer  # who uses a broadcast bias uses the bias
        self._connect(sources, node)

    def add_output(self, output: Variable) -> None:
        """Append a result."""
        source = self._node_of(producer_of(output), 0)
        name = "loss" if source is not None and source.family == "loss" else "output"
        if output.creator is not None and output.creator in self._gradient_names:
            name = f"{self._gradient_names[output.creator]}.grad"
        node = self._add(
            "output",
            output.name or name,
            tensor=self._tensor(output.output),
            order=source.order if source is not None else 0,
            value=value_of(output.data),
        )
        if source is not None:
            self._connect([source], node)

    def _node_of(self, maker: Maker, order: int) -> Node | None:
        """The node of an operation or a leaf; None for a constant."""
        if maker is None:
            return None
        if isinstance(maker, Function):
            return self._operations[maker.serial]
        return self._leaves.get(maker) or self._add_leaf(maker, order)

    def _add_leaf(self, leaf: Variable, order: int) -> Node:
        kind: Kind = "parameter"
        name = leaf.name
        layer = ""
        if isinstance(leaf, Seed):
            kind = "seed"
        elif self._names is not None and leaf not in self._names:
            kind = "input"
        elif self._names is not None:
            name = self._names[leaf]
            layer = name.rpartition(".")[0]
        tensor = self._tensor(leaf.output)
        order = order if kind == "seed" else 0
        node = self._add(kind, name or kind, tensor=tensor, layer=layer, order=order, value=value_of(leaf.data))
        self._leaves[leaf] = node
        if kind == "parameter":
            self._layers[node.id] = layer
        if leaf.grad is not None:
            self.gradients[node.id] = leaf.grad.data
            if leaf.grad.creator is not None:
                self._gradient_names[leaf.grad.creator] = node.name
        return node

    def _add_constant(self, function: Function, position: int, layer: str, measured: Measured) -> Node:
        # A graph keeps nothing of a constant, so nobody can tell whether two of them are the same.
        spec = measured.inputs[position] if measured.inputs else function.input_spec(position)
        tensor = None if spec is None else self._tensor(spec)
        if function.derivative_order == 0 and not any(isinstance(maker, Function) for maker in function.inputs):
            return self._add("input", "input", tensor=tensor, requires_grad=False)
        name = argument_of(function, position)  # the single letters of formulas tell nothing
        name = name if len(name) > 1 else "constant"
        return self._add(
            "constant", name, tensor=tensor, layer=layer, order=function.derivative_order, requires_grad=False
        )

    def _add(self, kind: Kind, name: str, **attributes: Any) -> Node:
        self._counts[kind] += 1
        node = Node(f"{kind}{self._counts[kind]}", kind, name, **attributes)
        self._nodes.append(node)
        return node

    def _connect(self, sources: Sequence[Node], target: Node) -> None:
        self._edges += [Edge(node.id, target.id, i, node.tensor) for i, node in enumerate(sources)]

    def _tensor(self, spec: Spec) -> Tensor:
        if spec not in self._tensors:
            shape, dtype = spec
            self._tensors[spec] = Tensor(tuple(shape), str(dtype), prod(shape) * dtype.itemsize)
        return self._tensors[spec]

    def _layer_before(self, found: Sequence[Node | None]) -> str:
        """The layer that an operation follows, which is drawn with it: the one that made its only input."""
        inputs = {node.id: node.layer for node in found if node is not None}
        (layer,) = inputs.values() if len(inputs) == 1 else ("",)
        return "" if layer in self._containers else layer

    def _note_values(self, function: Function, sources: Sequence[Node], node: Node) -> None:
        """What an operation saved is its own output, or that of another one: so small ones are known."""
        for array, i in zip(function.saved_arrays, function.saved_sources, strict=True):
            maker = node if i == Function.OUTPUT else sources[i] if i >= 0 else None
            if array is not None and maker is not None and not maker.value:
                value = value_of(array)
                if value:
                    self._values[maker.id] = value

    def _saved_bytes(self, function: Function) -> int:
        """The memory that the operation keeps alive: what its leaves own is alive anyway."""
        alive = {id(owner_of(leaf.data)) for leaf in function.inputs if isinstance(leaf, Variable)}
        own: dict[int, int] = {}
        for array in function.saved_arrays:
            if array is None:
                continue
            owner = owner_of(array)
            if id(owner) not in alive:
                size = min(array.nbytes, owner.nbytes)  # a part counts as such, a broadcast array as what it repeats
                own[id(owner)] = max(own.get(id(owner), 0), size)
        for owner_id, size in own.items():
            self._saved[owner_id] = max(self._saved.get(owner_id, 0), size)
        return sum(own.values())


def _containers(names: Mapping[Variable, str], measured: Mapping[int, Measured]) -> set[str]:
    """The layers that have layers in them: what follows such a one is not a part of it."""
    layers = {name.rpartition(".")[0] for name in names.values()} | {known.layer for known in measured.values()}
    containers: set[str] = set()
    for layer in layers:
        outer = layer.rpartition(".")[0]
        while outer and outer not in containers:
            containers.add(outer)
            outer = outer.rpartition(".")[0]
    return containers


def _common_path(paths: Sequence[str]) -> str:
    """The dotted path that all `paths` begin with."""
    common = paths[0].split(".") if paths else []
    for path in paths[1:]:
        parts = path.split(".")
        same = [a == b for a, b in zip(common, parts, strict=False)]
        common = common[: (*same, False).index(False)]
    return ".".join(common)
