"""Cards: which nodes of a Graph are drawn as one shape, and which shape stands beside which."""

from __future__ import annotations

from dataclasses import dataclass

from minigrad.viz.graph import Change, Graph, Kind, Node

_FEW = 3  # arrows that may leave one shape; a weight of more operations is drawn again beside each


@dataclass(slots=True)
class Card:
    """One shape: a node, or several of a kind and a layer that the same operations use (their weights and biases).

    Attributes:
        nodes: what it shows, one or more.
        layer: the layer in which it stands.
        beside: id of the operation or derivative that it stands beside; None for a place of its own in the flow.
        user: id of the only node that its arrow leads to, or comes from, where there are several such cards; else "".
        again: whether it is drawn again. The gradient that is drawn last is the sum of all.
    """

    nodes: list[Node]
    layer: str
    beside: str | None = None
    user: str = ""
    again: bool = False

    @property
    def first(self) -> Node:
        """The node that speaks for all."""
        return self.nodes[0]

    @property
    def id(self) -> str:
        """The first node's id, and which user it is for if there are several cards of it."""
        return f"{self.first.id} at {self.user}" if self.user else self.first.id

    @property
    def change(self) -> Change:
        """How it differs: "changed" if its nodes don't agree."""
        changes = {node.change for node in self.nodes}
        return changes.pop() if len(changes) == 1 else "changed"


def cards_of(graph: Graph) -> list[Card]:
    """The cards of `graph`, in the order of their first nodes."""
    cards: list[Card] = []
    shared: dict[tuple[Kind, str, tuple[str, ...]], list[Card]] = {}
    accompanied: set[str] = set()
    users, nodes = _users(graph), {node.id: node for node in graph.nodes}
    for node in graph.nodes:
        used_by = users.get(node.id, ())
        if node.kind not in ("parameter", "constant", "gradient") or not used_by:
            cards.append(Card([node], node.layer))
            continue
        key = node.kind, node.layer, used_by
        if key in shared:
            for card in shared[key]:
                card.nodes.append(node)
            continue
        copies = [Card([node], node.layer)]
        if len(used_by) > _FEW:
            copies = [Card([node], nodes[user].layer, user=user, again=i > 0) for i, user in enumerate(used_by)]
        for card, user in zip(copies, used_by, strict=False):
            # Only one stands beside an operation: the arrow of a second one would run through the first.
            alone = card.user or len(used_by) == 1
            if alone and nodes[user].family and nodes[user].layer == card.layer and user not in accompanied:
                card.beside = user
                accompanied.add(user)
        shared[key] = copies
        cards += copies
    return cards


def _users(graph: Graph) -> dict[str, tuple[str, ...]]:
    """What takes each node's array, or makes a part of a gradient, in the order of forward."""
    users: dict[str, dict[str, None]] = {}
    for edge in graph.edges:
        if edge.flow == "tensor":
            users.setdefault(edge.source, {})[edge.target] = None
        elif edge.flow == "gradient":
            users.setdefault(edge.target, {})[edge.source] = None
    kinds = {node.id: node.kind for node in graph.nodes}
    return {node: tuple(reversed(of) if kinds[node] == "gradient" else of) for node, of in users.items()}
