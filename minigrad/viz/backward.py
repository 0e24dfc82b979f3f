"""Backward: what a Graph's operations do when it is differentiated, as nodes beside theirs.

Each operation has one derivative, which takes the gradient of its output and makes those of its inputs: that is what
the traversal does, whether or not it was run yet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.backend import Array, to_numpy
from minigrad.viz.graph import Edge, Graph, Node
from minigrad.viz.measured import Work

_OPERANDS = 2  # of a product; what comes after them, a bias, is added


class Backward:
    """What is known of the derivatives of a Graph's nodes.

    Attributes:
        work: by id of an operation what its derivative took, if that is known.
        gradients: by id of a leaf what it has accumulated.
    """

    def __init__(self) -> None:
        self.work: dict[str, Work | None] = {}
        self.gradients: dict[str, Array] = {}

    @property
    def ran(self) -> bool:
        """Whether it is known that anything was differentiated; gradients may be those of an earlier step."""
        return any(work is not None for work in self.work.values())

    def added_to(self, graph: Graph) -> Graph:
        """The graph with the derivatives of its operations, the gradients of its leaves, and the edges between."""
        operations = [node for node in graph.nodes if node.kind == "operation"]
        if self.ran:
            operations = [node for node in operations if self.work.get(node.id) is not None]
        made: dict[str, Node] = {}  # by id of what they are the derivatives of
        sources: dict[str, list[Edge]] = {}
        for edge in graph.edges:
            sources.setdefault(edge.target, []).append(edge)
        differentiable = {node.id: node for node in graph.nodes if node.requires_grad}
        for number, node in enumerate(reversed(operations), 1):
            made[node.id] = self._derivative(number, node, sources[node.id], differentiable)
        used = {edge.source for edge in graph.edges if edge.target in made}
        leaves = [node for node in graph.nodes if node.kind in ("parameter", "input") and node.requires_grad]
        leaves = [leaf for leaf in leaves if leaf.id in used]
        for number, node in enumerate(leaves, 1):
            made[node.id] = self._gradient(number, node)
        seeds: list[Node] = []
        for output in (node for node in graph.nodes if node.kind == "output"):
            if any(edge.source in made for edge in sources.get(output.id, ())):
                made[output.id] = Node(
                    f"seed{len(seeds) + 1}", "seed", "backward()", tensor=output.tensor, order=1, of=output.id
                )
                seeds.append(made[output.id])
        nodes = [*seeds, *(node for node in made.values() if node.kind != "seed")]
        edges = [*_starts(seeds), *_gradient_edges(graph, made), *_saved_edges(operations, made)]
        return Graph((*graph.nodes, *nodes), (*graph.edges, *edges), graph.saved, graph.peak)

    def _derivative(self, number: int, node: Node, edges: list[Edge], differentiable: dict[str, Node]) -> Node:
        work = self.work.get(node.id) or Work()
        return Node(
            f"derivative{number}",
            "derivative",
            node.name,
            family=node.family,
            layer=node.layer,
            order=1,
            of=node.id,
            flops=_flops(node, [edge.source in differentiable for edge in edges]),
            source=node.source,
            seconds=work.seconds,
            live=work.live,
            stats=work.stats,
        )

    def _gradient(self, number: int, leaf: Node) -> Node:
        gradient = self.gradients.get(leaf.id)
        norm = None if gradient is None else float(np.linalg.norm(to_numpy(gradient).astype(np.float64)))
        name, tensor, layer = leaf.name, leaf.tensor, leaf.layer
        return Node(f"gradient{number}", "gradient", name, tensor=tensor, layer=layer, order=1, of=leaf.id, norm=norm)


def _flops(node: Node, asked: list[bool]) -> int | None:
    """A product is computed once more for each operand that has a gradient; elsewhere it is as much as forward."""
    if node.flops is None or node.family != "product":
        return node.flops
    return node.flops * sum(asked[:_OPERANDS])


def _starts(seeds: list[Node]) -> Iterator[Edge]:
    for seed in seeds:
        yield Edge(seed.of, seed.id, 0, seed.tensor, "gradient")


def _gradient_edges(graph: Graph, made: dict[str, Node]) -> Iterator[Edge]:
    """For each edge of forward, from the last to the first, one the other way round."""
    for edge in reversed(graph.edges):
        if edge.source in made and edge.target in made:
            yield Edge(made[edge.target].id, made[edge.source].id, edge.position, edge.tensor, "gradient")


def _saved_edges(operations: list[Node], made: dict[str, Node]) -> Iterator[Edge]:
    for node in operations:
        if node.saves:
            yield Edge(node.id, made[node.id].id, 0, None, "saved")
