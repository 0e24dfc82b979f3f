"""Cards: which nodes of a Graph are drawn as one shape, and which shape stands beside which."""

from __future__ import annotations

from dataclasses import dataclass

from minigrad.viz.graph import Change, Graph, Kind, Node


@dataclass(slots=True)
class Card:
    """One shape: a node, or several of a kind and a layer that the same operations use (their weights and biases).

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
    shared: dict[tuple[Kind, str, tuple[str, ...]], Card] = {}
    accompanied: set[tuple[str, bool]] = set()
    users = _users(graph)
    operations = {node.id: node for node in graph.nodes if node.kind == "operation"}
    derivatives = {node.of: node.id for node in graph.nodes if node.kind == "derivative"}
    for node in graph.nodes:
        of_backward = node.kind == "gradient"
        used_by = users.get(node.of if of_backward else node.id, ())
        if node.kind not in ("parameter", "constant", "gradient") or not used_by:
            cards.append(Card([node]))
            continue
        key = node.kind, node.layer, used_by
        if key in shared:
            shared[key].nodes.append(node)
            continue
        card = shared[key] = Card([node])
        cards.append(card)
        user = operations.get(used_by[0]) if len(used_by) == 1 else None
        # Only one stands beside an operation: the arrow of a second one would run through the first.
        if user is not None and user.layer == node.layer and (user.id, of_backward) not in accompanied:
            card.beside = derivatives.get(user.id) if of_backward else user.id
            accompanied.add((user.id, of_backward))
    return cards


def _users(graph: Graph) -> dict[str, tuple[str, ...]]:
    """What takes each node's array."""
    users: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.flow == "tensor":
            users.setdefault(edge.source, []).append(edge.target)
    return {node: tuple(targets) for node, targets in users.items()}
