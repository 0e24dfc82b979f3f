"""Cards: which nodes of a Graph are drawn as one shape, and which shape stands beside which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from minigrad.viz.graph import Change, Graph, Kind, Node


@dataclass(slots=True)
class Card:
    """One shape: a node, or several of a kind that only one and the same operation uses (its weights and biases).

    Attributes:
        nodes: what it shows, one or more; the first gives its id.
        beside: id of the operation or derivative that it stands beside; None for a place of its own in the flow.
    """

    nodes: list[Node]
    beside: str | None = None

    @property
    def first(self) -> Node:
        """The node that speaks for all."""
        return self.nodes[0]

    @property
    def change(self) -> Change:
        """How it differs: "changed" if its nodes don't agree."""
        changes = {node.change for node in self.nodes}
        return changes.pop() if len(changes) == 1 else "changed"


def cards_of(graph: Graph) -> list[Card]:
    """The cards of `graph`, in the order of their first nodes."""
    cards: list[Card] = []
    shared: dict[tuple[str, Kind], Card] = {}
    accompanied: set[tuple[str, bool]] = set()
    users = _users(graph)
    for node in graph.nodes:
        user = users.get(node.id)
        if user is None:
            cards.append(Card([node]))
        elif (user, node.kind) in shared:
            shared[user, node.kind].nodes.append(node)
        else:
            # Only one stands beside an operation: the arrow of a second one would run through the first.
            side = user, node.kind == "gradient"
            card = shared[user, node.kind] = Card([node], None if side in accompanied else user)
            accompanied.add(side)
            cards.append(card)
    return cards


def _users(graph: Graph) -> dict[str, str]:
    """For the parameters and constants that one operation uses, of their layer, which; for their gradients, whose."""
    tensors = [edge for edge in graph.edges if edge.flow == "tensor"]
    uses = Counter(edge.source for edge in tensors)
    only = {edge.source: edge.target for edge in tensors if uses[edge.source] == 1}
    layers = {node.id: node.layer for node in graph.nodes if node.kind == "operation"}
    derivatives = {node.of: node.id for node in graph.nodes if node.kind == "derivative"}
    users: dict[str, str] = {}
    for node in graph.nodes:
        user = only.get(node.of if node.kind == "gradient" else node.id)
        if node.kind in ("parameter", "constant", "gradient") and user in layers and layers[user] == node.layer:
            users[node.id] = derivatives.get(user, "") if node.kind == "gradient" else user
    return {node: user for node, user in users.items() if user}
