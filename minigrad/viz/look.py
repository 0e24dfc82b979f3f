"""Look: what a diagram shows of a Graph, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minigrad.viz.graph import Graph, Node

SHOWN = ("shape", "dtype", "bytes", "flops", "attrs", "saved", "time", "norm")
COLORS = ("family", "time", "memory", "flops")
DIRECTIONS = ("TB", "LR")


@dataclass(frozen=True)
class Look:
    """What a diagram shows.

    Args:
        show: words of SHOWN.
        color: one of COLORS: what the cards' colours say.
        direction: "TB" from top to bottom, "LR" from left to right.
        legend: whether the signs that occur are explained.
    Raises:
        ValueError: there is no such word, colour or direction.
    """

    show: frozenset[str] = frozenset(SHOWN)
    color: str = "family"
    direction: str = "TB"
    legend: bool = True

    def __post_init__(self) -> None:
        for word in sorted(self.show):
            if word not in SHOWN:
                raise ValueError(f"draw: show must be words out of {' '.join(SHOWN)}; {word!r} is none")
        choose("color", self.color, COLORS)
        choose("direction", self.direction, DIRECTIONS)

    def amount(self, node: Node) -> float:
        """How much of what the colours say a node has; 0 where nobody knows."""
        memory = node.saved + (node.tensor.bytes if node.tensor and node.family else 0)
        amounts = {"time": node.seconds, "memory": memory, "flops": node.flops}
        return float(amounts.get(self.color) or 0)

    def most(self, graph: Graph) -> float:
        """The most of it that any node has: the end of the scale."""
        return max([self.amount(node) for node in graph.nodes], default=0.0)

    def slowest(self, graph: Graph) -> float:
        """The seconds of a full bar; 0 where no bars are shown."""
        return max([node.seconds or 0.0 for node in graph.nodes], default=0.0) if "time" in self.show else 0.0


def choose(argument: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless an argument of `draw` is one of its choices."""
    if value not in choices:
        raise ValueError(f"draw: {argument} must be one of {', '.join(map(repr, choices))}, not {value!r}")
