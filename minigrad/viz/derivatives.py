"""Derivatives: backward as nodes of a Graph beside its operations, whether or not it was run yet.

Each operation has one derivative, which takes the gradient of its output and makes those of its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minigrad.backend import Array, to_numpy
from minigrad.viz.graph import LEAVES, Edge, Graph, Node, Work

_OPERANDS = 2  # of a product; a bias after them is added


def with_derivatives(graph: Graph, work: Mapping[str, Work], gradients: Mapping[str, Array]) -> Graph:
    """The graph with the derivatives of its operations, the gradients of its leaves, and the edges between.

    Args:
        graph: of forward alone.
        work: of derivatives, by the ids of their operations; if any is known, the other operations have none.
        gradients: accumulated gradients, by the ids of the leaves.
    """
    operations = [node for node in graph.nodes if node.kind == "operation" and (node.id in work or not work)]
    inputs = graph.inputs()
    asked = {node.id for node in graph.nodes if node.requires_grad}
    made: dict[str, Node] = {}  # by the ids of operations, leaves and outputs
    reached = {node.id for node in operations}
    outputs = [n for n in graph.nodes if n.kind == "output" and any(edge.source in reached for edge in inputs[n.id])]
    for number, output in enumerate(outputs, 1):
        made[output.id] = Node(f"seed{number}", "seed", "backward()", tensor=output.tensor, order=1, of=output.id)
    for number, node in enumerate(reversed(operations), 1):
        # A product is computed once more for each operand that has a gradient; elsewhere it is as much as forward.
        times = sum([edge.source in asked for edge in inputs[node.id]][:_OPERANDS]) if node.family == "product" else 1
        made[node.id] = Node(
            f"derivative{number}",
            "derivative",
            node.name,
            family=node.family,
            layer=node.layer,
            order=1,
            of=node.id,
            flops=node.flops and node.flops * times,
            source=node.source,
            **work.get(node.id, Work())._asdict(),
        )
    used = {edge.source for node in operations for edge in inputs[node.id]}
    leaves = [node for node in graph.nodes if node.kind in LEAVES and node.requires_grad and node.id in used]
    for number, node in enumerate(leaves, 1):
        gradient = gradients.get(node.id)
        norm = None if gradient is None else float(np.linalg.norm(to_numpy(gradient).astype(np.float64)))
        id_, tensor, layer = f"gradient{number}", node.tensor, node.layer
        made[node.id] = Node(id_, "gradient", node.name, tensor=tensor, layer=layer, order=1, of=node.id, norm=norm)
    edges = [Edge(seed.of, seed.id, 0, seed.tensor, "gradient") for seed in made.values() if seed.kind == "seed"]
    for edge in reversed(graph.edges):
        if edge.source in made and edge.target in made:
            source, target = made[edge.target].id, made[edge.source].id
            edges.append(Edge(source, target, edge.position, edge.tensor, "gradient"))
    edges += [Edge(node.id, made[node.id].id, 0, None, "saved") for node in operations if node.saves]
    return graph.rebuilt([*graph.nodes, *made.values()], [*graph.edges, *edges])
