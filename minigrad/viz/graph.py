"""Graph: a compute graph as plain data, without arrays; what every drawing, folding or comparison starts from."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal[
    "operation", "parameter", "input", "constant", "output", "seed", "derivative", "gradient", "folded"
]
"""What a node is. An input is where the graph starts; a constant joins operations that have other inputs. Of backward:
a seed is where it starts, a derivative is an operation's share of it, a gradient is what reaches a parameter. What is
folded stands for several operations."""

Flow: TypeAlias = Literal["tensor", "gradient", "saved"]
"""What an edge carries: an array, a gradient, or what an operation keeps for its derivative."""

Family: TypeAlias = Literal["product", "elementwise", "reduction", "pooling", "view", "loss", "other"]
"""What sort of operation a node is."""

Change: TypeAlias = Literal["", "added", "removed", "changed"]
"""How a node or an edge differs between two graphs."""


LEAVES: tuple[Kind, ...] = ("parameter", "input", "constant")
"""What operations take and no operation made."""


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


class Stats(NamedTuple):
    """An array's numbers in brief; `least`, `mean` and `largest` are of the finite ones among all `size`."""

    least: float
    mean: float
    largest: float
    nan: int
    inf: int
    size: int


@dataclass(frozen=True, slots=True)
class Node:
    """An operation, or something that operations take or make.

    Attributes:
        id: the kind and a number in execution order, the same in every run: "operation3".
        kind: what it is.
        name: what it is called: "Conv2d", "conv1.w"; a derivative's is its operation's.
        label: further lines: an operation's parameters, and what was folded.
        tensor: the array that it makes or is; None where a graph keeps nothing of it.
        family: an operation's family, and its derivative's; None for everything else.
        layer: dotted path of the layer that it belongs to; "" outside of all layers.
        saved: bytes that an operation keeps alive for backward; parameters, alive anyway, are not counted.
        saves: what these are: "x, w".
        order: of differentiation: 0 is forward, 1 is backward.
        of: id of what it is the derivative of, or of the output that a seed is for; "" for what is no derivative.
        requires_grad: whether a gradient is asked for.
        flops: floating-point operations; None where nobody knows.
        value: the numbers of a small array, where they are known: "8", "[1, 2]".
        source: file and line of the code that applied it, "train.py:12", if it was recorded.
        seconds: what it took, if it was recorded.
        live: bytes alive of all that was computed, when it was done, if it was recorded.
        stats: of its array, or of all gradients that a derivative makes, if they were recorded.
        norm: the Euclidean norm of a gradient.
        count: how many layers of one form it stands for.
        change: how it differs, where two graphs are compared.
    """

    id: str
    kind: Kind
    name: str
    label: tuple[str, ...] = ()
    tensor: Tensor | None = None
    family: Family | None = None
    layer: str = ""
    saved: int = 0
    saves: str = ""
    order: int = 0
    of: str = ""
    requires_grad: bool = True
    flops: int | None = None
    value: str = ""
    source: str = ""
    seconds: float | None = None
    live: int | None = None
    stats: Stats | None = None
    norm: float | None = None
    count: int = 1
    change: Change = ""


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

    Attributes:
        nodes: operations, what they take just before them, the outputs, and then what backward does.
        edges: one for each input of each operation, one to each output, and those of backward.
        saved: bytes kept alive for backward; an array that several operations saved counts once.
        peak: the most bytes that were alive at once of what was computed, if it was recorded.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    saved: int
    peak: int | None = None
