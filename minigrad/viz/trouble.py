"""Trouble: where in a Graph the first number that is not finite was made, and what it reached from there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from minigrad.viz.graph import Edge, Graph, Node


@dataclass(frozen=True)
class Trouble:
    """The first NaN or Inf.

    Attributes:
        node: what made it.
        path: edges that carried it on, as (source, target).
    """

    node: Node
    path: Collection[tuple[str, str]]


def trouble_of(graph: Graph) -> Trouble | None:
    """The first operation or derivative, in execution order, that made a NaN or an Inf; None if none did."""
    nodes = {node.id: node for node in graph.nodes}
    bad = [node for node in graph.nodes if node.stats is not None and node.stats.nan + node.stats.inf]
    if not bad:
        return None
    leaving: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.flow == ("gradient" if bad[0].of else "tensor"):
            leaving.setdefault(edge.source, []).append(edge)
    infected = {node.id for node in bad}
    path: dict[tuple[str, str], None] = {}
    waiting, reached = [bad[0].id], {bad[0].id}
    while waiting:
        for edge in leaving.get(waiting.pop(), ()):
            if nodes[edge.target].stats is not None and edge.target not in infected:
                continue
            path[edge.source, edge.target] = None
            if edge.target not in reached:
                reached.add(edge.target)
                waiting.append(edge.target)
    return Trouble(bad[0], path.keys())
