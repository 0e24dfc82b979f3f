"""Graph: a compute graph as plain data, without arrays; every drawing, collapsing and comparison starts from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import accumulate
from math import isfinite, prod
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "operation", "parameter", "input", "constant", "output", "seed", "derivative", "gradient", "folded"
]
"""The kinds of nodes. An input is where the graph starts; a constant joins operations that have other inputs. Of
backward: a seed is where it starts, a derivative is an operation's share of it, a gradient is what reaches a leaf. A
folded node stands for several operations."""

Flow: TypeAlias = Literal["tensor", "gradient", "saved"]
"""The cargo of an edge: an array, a gradient, or the arrays that an operation keeps for its derivative."""

Family: TypeAlias = Literal["product", "elementwise", "reduction", "pooling", "view", "loss", "other"]
Change: TypeAlias = Literal["", "added", "removed", "changed"]
FAMILIES: tuple[Family, ...] = get_args(Family)
LEAVES: tuple[Kind, ...] = ("parameter", "input", "constant")  # which no operation made


@dataclass(frozen=True, slots=True)
class Tensor:
    """The shape and the dtype of an array, and its bytes."""

    shape: tuple[int, ...]
    dtype: str
    bytes: int

    @property
    def size(self) -> int:
        """The count of its elements."""
        return prod(self.shape)


class Stats(NamedTuple):
    """Statistics of an array; `least`, `mean` and `largest` are of the finite ones among all `size` numbers."""

    least: float
    mean: float
    largest: float
    nan: int
    inf: int
    size: int

    @property
    def nonfinite(self) -> int:
        """The count of NaN and Inf."""
        return self.nan + self.inf


class Work(NamedTuple):
    """The measurements of one run of an operation or a derivative; None where it was not measured."""

    seconds: float | None = None
    live: int | None = None  # bytes alive afterwards of all that was computed
    stats: Stats | None = None  # of the array that an operation made; of all gradients that a derivative made


@dataclass(frozen=True, slots=True)
class Node:
    """An operation, or something that operations take or make."""

    id: str  # the kind and a number in execution order, the same in every run: "operation3"
    kind: Kind
    name: str  # of the operation, the parameter, the layer; a derivative has that of its operation
    label: tuple[str, ...] = ()  # further lines: an operation's parameters, and the names of folded operations
    tensor: Tensor | None = None  # the array that it makes or is; None where a graph keeps nothing of it
    family: Family | None = None  # an operation's, and its derivative's
    formula: str = ""  # of an operation, a Python expression of its inputs x0, x1, ...: "x0 ** 3"
    layer: str = ""  # dotted path of the layer that it belongs to; "" outside of all layers
    saved: int = 0  # bytes that an operation keeps alive for backward, without parameters, which are alive anyway
    saves: str = ""  # names of these arrays: "x, w"
    order: int = 0  # of differentiation: 0 is forward, 1 is backward
    of: str = ""  # id of the node that it is the derivative of, or of a seed's output; "" if it is no derivative
    requires_grad: bool = True
    flops: int | None = None  # floating-point operations; None if unknown
    value: str = ""  # the numbers of a small array, where they are known: "8", "[1, 2]"
    source: str = ""  # file and line of the code that applied it, "train.py:12", if it was recorded
    seconds: float | None = None  # this and the next two: see Work
    live: int | None = None
    stats: Stats | None = None
    norm: float | None = None  # of a gradient, Euclidean
    count: int = 1  # of the layers of one form that it stands for
    change: Change = ""  # where two graphs are compared


@dataclass(frozen=True, slots=True)
class Edge:
    """An array on its way: `source` made it, `target` takes it as its input number `position`.

    A gradient flows from a derivative to the derivatives of what its operation took; it is towards the input number
    `position` of that operation.
    """

    source: str
    target: str
    position: int
    tensor: Tensor | None
    flow: Flow = "tensor"
    change: Change = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in execution order, each after those it depends on, and edges by their targets' order.

    There is an edge for each input of each operation, one to each output, and those of backward.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    saved: int  # bytes kept alive for backward; an array that several operations saved counts once
    peak: int | None = None  # the most bytes that were alive at once of all that was computed, if it was recorded

    def inputs(self) -> dict[str, list[Edge]]:
        """The edges of the arrays that each node takes, by its id."""
        found: dict[str, list[Edge]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            if edge.flow == "tensor":
                found[edge.target].append(edge)
        return found

    def rebuilt(self, nodes: Sequence[Node], edges: Iterable[Edge]) -> Graph:
        """The graph with other nodes, and of the edges those between them, in their targets' order."""
        place = {node.id: i for i, node in enumerate(nodes)}
        between = [edge for edge in edges if edge.source in place and edge.target in place]
        return replace(self, nodes=tuple(nodes), edges=tuple(sorted(between, key=lambda edge: place[edge.target])))


def layer_paths(layer: str) -> Iterator[str]:
    """The layers that a layer lies in, from the outermost to itself."""
    return accumulate(layer.split("."), "{}.{}".format)


def common_change(nodes: Sequence[Node]) -> Change:
    """The change of all nodes: "changed" if they differ in it."""
    return nodes[0].change if len({node.change for node in nodes}) == 1 else "changed"


def first_nonfinite(graph: Graph) -> tuple[Node | None, set[tuple[str, str]]]:
    """The first operation or derivative, in execution order, that made a NaN or an Inf, and the path of these numbers.

    The path is the edges that carried them on, as (source, target).
    """
    measured = {node.id: node for node in graph.nodes if node.stats}
    nonfinite = [node for node in measured.values() if node.stats and node.stats.nonfinite]
    path: set[tuple[str, str]] = set()
    if not nonfinite:
        return None, path
    first, finite = nonfinite[0], measured.keys() - {node.id for node in nonfinite}
    flow, reached = "gradient" if first.of else "tensor", {first.id}
    for edge in graph.edges:  # by their targets, in execution order
        if edge.flow == flow and edge.source in reached and edge.target not in finite:
            path.add((edge.source, edge.target))
            reached.add(edge.target)
    return first, path


def to_json(graph: Graph, title: str | None = None) -> str:
    """The JSON text of `graph`, complete: the Graph can be built again from it. It ends with a line break.

    Its nodes and edges have the fields of `Node` and `Edge`, except those at their defaults. NaN and Inf, which JSON
    lacks, are the texts "nan" and "inf".
    """
    content = {"version": 2, "title": title} | {field.name: getattr(graph, field.name) for field in fields(graph)}
    text = json.dumps(content, default=_to_object, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode(errors="replace").decode()  # half a pair of UTF-16 is no text


def _to_object(item: Node | Edge | Tensor) -> dict[str, Any]:
    values = [(field.name, getattr(item, field.name), field.default) for field in fields(item)]
    return {name: _to_value(value) for name, value, default in values if value != default}


def _to_value(value: Any) -> Any:
    if isinstance(value, Stats):
        return {name: _to_value(number) for name, number in value._asdict().items()}
    return str(value) if isinstance(value, float) and not isfinite(value) else value
