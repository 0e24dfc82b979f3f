"""DrawOptions: the options of a diagram, which `draw`, `Recorder.draw`, `diff` and the command line share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from minigrad import checks
from minigrad.viz.graph import Graph, Node

SHOWN = ("shape", "dtype", "bytes", "flops", "attrs", "saved", "time", "norm")

CHOICES = {
    "view": ("auto", "teach", "ops", "layers", "model"),
    "color": ("family", "time", "memory", "flops"),
    "fold": ("auto", "repeats", "never"),
    "direction": ("auto", "TB", "LR"),
    "theme": ("auto", "light", "dark"),
}


@dataclass(frozen=True)
class DrawOptions:
    """The keywords of `draw`, `Recorder.draw` and `diff`.

    Args:
        title: the first line of the picture; by default the model's class, or "Compute graph".
        view: "ops": operations as cards, backward beside forward; "layers": each layer as one card; "model": each of
            the model's own layers as one card; "teach": Variables as nodes too, with their values, and a lane for each
            order of differentiation that was recorded; "auto": "teach" for a small graph of few numbers, else "ops".
        show: words out of "shape dtype bytes flops attrs saved time norm"; this and the next two do not concern the
            view "teach".
        color: the meaning of colours: "family" of the operation; or, as heat, its "time", the "memory" that it makes
            and saves, or its "flops".
        fold: "auto" folds a graph of more than max_nodes until it has no more; "repeats" folds, in the view "ops",
            layers of one form that follow each other; "never"; or a function that is asked for each layer's path
            whether it is to be folded.
        direction: "TB", from top to bottom, or "LR", from left to right; "auto" is "LR" for "teach" of short lanes.
        theme: of the SVG: "auto" follows the reader's screen, "light", or "dark".
        legend: whether the colours and lines that occur are explained.
        max_nodes: the most nodes that fold="auto" leaves.
        engine: the program that lays it out: "auto", "graphviz-pure", "dot", or the path of one.
    Raises:
        TypeError: an option does not exist, or is of another type.
        ValueError: there is no such view, word, colour, folding, direction or theme; max_nodes is below 1.
    """

    title: str | None = None
    view: str = "auto"
    show: str = " ".join(SHOWN)
    color: str = "family"
    fold: str | Callable[[str], bool] = "auto"
    direction: str = "auto"
    theme: str = "auto"
    legend: bool = True
    max_nodes: int = 400
    engine: str = "auto"

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices and not (name == "fold" and callable(value)):
                raise ValueError(f"draw: {name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
        for name, value in (("title", self.title or ""), ("show", self.show), ("engine", self.engine)):
            if not isinstance(value, str):
                raise TypeError(f"draw: {name} must be text, not {value!r}")
        checks.boolean("draw", "legend", self.legend)
        for word in self.show.split():
            if word not in SHOWN:
                raise ValueError(f"draw: show must be words out of {' '.join(SHOWN)}; {word!r} is none")
        checks.integer("draw", "max_nodes", self.max_nodes)

    @classmethod
    def of(cls, default_title: str, options: dict[str, Any]) -> Self:
        """The options that were given as keywords, with a title for those that have none."""
        names = [field.name for field in fields(cls)]
        if unknown := [name for name in options if name not in names]:
            raise TypeError(f"draw: there is no option {unknown[0]!r}; there are {', '.join(names)}")
        given = cls(**options)
        return replace(given, title=default_title) if given.title is None else given

    def shows(self, word: str) -> bool:
        """True if `show` has the word."""
        return word in self.show.split()

    def heat(self, node: Node) -> float:
        """The amount of a node that its colour tells: seconds, bytes or operations; 0 where it is unknown."""
        memory = node.saved + (node.tensor.bytes if node.tensor and node.family else 0)
        amounts = {"time": node.seconds, "memory": memory, "flops": node.flops}
        return float(amounts.get(self.color) or 0)

    def scales(self, graph: Graph) -> tuple[float, float]:
        """The largest heat, and the seconds of a full bar; 0 where none is shown."""
        seconds = [node.seconds or 0.0 for node in graph.nodes] if self.shows("time") else []
        heats = list(map(self.heat, graph.nodes)) if self.color != "family" else []
        return max(heats, default=0.0), max(seconds, default=0.0)
