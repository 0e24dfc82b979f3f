"""Graph: a compute graph as plain data, without arrays; what every drawing, folding or comparison starts from."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["operation", "parameter", "input", "constant", "output"]
"""What a node is. An input is where the graph starts; a constant joins operations that have other inputs."""

Family: TypeAlias = Literal["product", "elementwise", "reduction", "pooling", "normalization", "view", "loss", "other"]
"""What sort of operation a node is."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array's outside: all that a diagram says about it."""

    shape: tuple[int, ...]
    dtype: str
    bytes: int

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Node:
    """An operation, or something that operations take or make.

    Attributes:
        id: the kind and a number in execution order, the same in every run: "operation3".
        kind: what it is.
        name: what it is called: "Conv2d", "conv1.w".
        label: further lines: an operation's parameters, a scalar output's value.
        tensor: the array that it makes or is; None for a constant, of which a graph keeps nothing.
        family: an operation's family; None for everything else.
        layer: dotted path of the layer that it belongs to; "" outside of all layers.
        saved: bytes that an operation keeps alive for backward; parameters, alive anyway, are not counted.
    """

    id: str
    kind: Kind
    name: str
    label: tuple[str, ...] = ()
    tensor: Tensor | None = None
    family: Family | None = None
    layer: str = ""
    saved: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """An array on its way: `source` made it, `target` takes it as its input number `position`."""

    source: str
    target: str
    position: int
    tensor: Tensor | None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in execution order, each after those it depends on, and edges by their targets' order.

    Attributes:
        nodes: operations, what they take just before them, and the outputs at the end.
        edges: one for each input of each operation, and one to each output.
        saved: bytes kept alive for backward; an array that several operations saved counts once.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    saved: int
