"""Look: what a diagram shows of a Graph, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minigrad.viz.graph import Node

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
        amounts = {"time": node.seconds, "memory": node.tensor.bytes if node.tensor else node.live, "flops": node.flops}
        return float(amounts.get(self.color) or 0)


def choose(argument: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless an argument of `draw` is one of its choices."""
    if value not in choices:
        raise ValueError(f"draw: {argument} must be one of {', '.join(map(repr, choices))}, not {value!r}")
