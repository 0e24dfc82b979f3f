"""trace: from Variables back to what they were computed from, as a Graph.

Nothing here recurses, and nothing that reaches the Graph depends on addresses or hashes: a node's number is its place
in execution order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

from minigrad.backend import Array, is_array
from minigrad.function import Edge as Maker
from minigrad.function import Function, Spec
from minigrad.traversal import functions_behind
from minigrad.variable import Variable
from minigrad.viz.graph import Edge, Graph, Kind, Node, Tensor
from minigrad.viz.labels import argument_of, family_of, parameters_of


def trace(outputs: Iterable[Variable], names: Mapping[Variable, str] | None = None) -> Graph:
    """The graph of everything that `outputs` were computed from, as far as it was recorded.

    Args:
        outputs: Variables; one that is there twice counts once.
        names: a model's parameters with their dotted names; other leaves are inputs then. Without, all leaves are
            parameters.
    """
    distinct = dict.fromkeys(outputs)
    tracing = _Tracing(names)
    for function in functions_behind(map(_maker_of, distinct)):
        tracing.add_operation(function)
    for output in distinct:
        tracing.add_output(output)
    return Graph(tuple(tracing.nodes), tuple(tracing.edges), sum(tracing.saved.values()))


def _maker_of(output: Variable) -> Maker:
    if output.creator is not None:
        return output.creator
    return output if output.requires_grad else None


class _Tracing:
    """A Graph in the making."""

    def __init__(self, names: Mapping[Variable, str] | None) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.saved: dict[int, int] = {}  # by id of the array that owns the memory, which lives while we trace
        self._names = names
        self._counts: Counter[Kind] = Counter()
        self._leaves: dict[Variable, Node] = {}
        self._operations: dict[int, Node] = {}  # by serial number
        self._layers: dict[str, str] = {}  # by id of a parameter, or of a view of one
        self._tensors: dict[Spec, Tensor] = {}

    def add_operation(self, function: Function) -> None:
        """Append an operation, and before it those of its inputs that have no node yet."""
        found = [self._node_of(maker) for maker in function.inputs]
        layers = [self._layers[node.id] for node in found if node is not None and node.id in self._layers]
        layer = _common_path(layers)
        sources = [node or self._add_constant(function, i, layer) for i, node in enumerate(found)]
        family, parameters = family_of(function), parameters_of(function)
        node = self._add(
            "operation",
            function.name,
            label=(parameters,) if parameters else (),
            tensor=self._tensor(function.output),
            family=family,
            layer=layer,
            saved=self._saved_bytes(function),
        )
        self._operations[function.serial] = node
        if family == "view" and len(layers) == len(sources):
            self._layers[node.id] = layer  # who uses a broadcast bias uses the bias
        self._connect(sources, node)

    def add_output(self, output: Variable) -> None:
        """Append a result."""
        source = self._node_of(_maker_of(output))
        name = "loss" if source is not None and source.family == "loss" else "output"
        value = (f"{output.data.item():.5g}",) if output.size == 1 else ()
        node = self._add("output", output.name or name, label=value, tensor=self._tensor(output.output))
        if source is not None:
            self._connect([source], node)

    def _node_of(self, maker: Maker) -> Node | None:
        """The node of an operation or a leaf; None for a constant."""
        if maker is None:
            return None
        if isinstance(maker, Function):
            return self._operations[maker.serial]
        return self._leaves.get(maker) or self._add_leaf(maker)

    def _add_leaf(self, leaf: Variable) -> Node:
        kind: Kind = "parameter"
        name = leaf.name
        layer = ""
        if self._names is not None and leaf not in self._names:
            kind = "input"
        elif self._names is not None:
            name = self._names[leaf]
            layer = name.rpartition(".")[0]
        node = self._leaves[leaf] = self._add(kind, name or kind, tensor=self._tensor(leaf.output), layer=layer)
        if kind == "parameter":
            self._layers[node.id] = layer
        return node

    def _add_constant(self, function: Function, position: int, layer: str) -> Node:
        # A graph keeps nothing of a constant, so nobody can tell whether two of them are the same.
        if not any(isinstance(maker, Function) for maker in function.inputs):
            return self._add("input", "input")
        return self._add("constant", argument_of(function, position) or "constant", layer=layer)

    def _add(self, kind: Kind, name: str, **attributes: Any) -> Node:
        self._counts[kind] += 1
        node = Node(f"{kind}{self._counts[kind]}", kind, name, **attributes)
        self.nodes.append(node)
        return node

    def _connect(self, sources: Sequence[Node], target: Node) -> None:
        self.edges += [Edge(node.id, target.id, i, node.tensor) for i, node in enumerate(sources)]

    def _tensor(self, spec: Spec) -> Tensor:
        if spec not in self._tensors:
            shape, dtype = spec
            self._tensors[spec] = Tensor(tuple(shape), str(dtype), prod(shape) * dtype.itemsize)
        return self._tensors[spec]

    def _saved_bytes(self, function: Function) -> int:
        """The memory that the operation keeps alive: what its leaves own is alive anyway."""
        alive = {id(_owner_of(leaf.data)) for leaf in function.inputs if isinstance(leaf, Variable)}
        own: dict[int, int] = {}
        for array in function.saved_arrays:
            if array is None:
                continue
            owner = _owner_of(array)
            if id(owner) not in alive:
                size = min(array.nbytes, owner.nbytes)  # a part counts as such, a broadcast array as what it repeats
                own[id(owner)] = max(own.get(id(owner), 0), size)
        for owner_id, size in own.items():
            self.saved[owner_id] = max(self.saved.get(owner_id, 0), size)
        return sum(own.values())


def _owner_of(array: Array) -> Array:
    """The array whose memory a view shows."""
    while is_array(array.base):
        array = array.base
    return array


def _common_path(paths: Sequence[str]) -> str:
    """The dotted path that all `paths` begin with."""
    common = paths[0].split(".") if paths else []
    for path in paths[1:]:
        parts = path.split(".")
        same = [a == b for a, b in zip(common, parts, strict=False)]
        common = common[: (*same, False).index(False)]
    return ".".join(common)
