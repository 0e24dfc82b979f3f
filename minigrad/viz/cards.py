"""Cards: which nodes of a Graph are drawn as one shape, and which shape stands beside which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from minigrad.viz.graph import Graph, Node


@dataclass(slots=True)
class Card:
    """One shape: a node, or several of a kind that only one and the same operation uses (its weights and biases).

    Attributes:
        nodes: what it shows, one or more; the first gives its id.
        beside: id of the operation that it stands beside; None for a place of its own in the flow.
    """

    nodes: list[Node]
    beside: str | None = None

    @property
    def first(self) -> Node:
        """The node that speaks for all."""
        return self.nodes[0]


def cards_of(graph: Graph) -> list[Card]:
    """The cards of `graph`, in the order of their first nodes."""
    uses = Counter(edge.source for edge in graph.edges)
    users = {edge.source: edge.target for edge in graph.edges if uses[edge.source] == 1}
    layers = {node.id: node.layer for node in graph.nodes if node.kind == "operation"}
    cards: list[Card] = []
    shared: dict[tuple[str, str], Card] = {}
    accompanied: set[str] = set()
    for node in graph.nodes:
        user = users.get(node.id)
        if node.kind not in ("parameter", "constant") or user is None or layers.get(user) != node.layer:
            cards.append(Card([node]))
        elif (user, node.kind) in shared:
            shared[user, node.kind].nodes.append(node)
        else:
            # Only one stands beside an operation: the arrow of a second one would run through the first.
            card = shared[user, node.kind] = Card([node], None if user in accompanied else user)
            accompanied.add(user)
            cards.append(card)
    return cards
