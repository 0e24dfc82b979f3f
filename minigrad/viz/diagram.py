"""Diagram: a Graph that is ready to be looked at or written to a file."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

from minigrad.files import atomic_write
from minigrad.viz import flow, lanes, to_json
from minigrad.viz.engines import engine_of
from minigrad.viz.fold import fold_layers, fold_repeats, fold_to
from minigrad.viz.graph import Graph
from minigrad.viz.look import SHOWN, Look, choose
from minigrad.viz.theme import THEMES, with_theme
from minigrad.viz.trouble import trouble_of
from minigrad.viz.words import clean, facts

_SUFFIXES = (".svg", ".png", ".pdf", ".html", ".dot", ".json")
VIEWS = ("auto", "teach", "ops", "layers", "model")
FOLDS = ("auto", "repeats", "never")
_WIDEST = 20_000  # pixels
_FEW_OPERATIONS, _FEW_NUMBERS = 24, 16  # what a view for teaching still shows well
_FEW_OF_HIGHER_ORDER = 60


class Diagram:
    """A drawn compute graph; `draw`, `record` and `diff` make it.

    Args:
        graph: what to draw.
        title: what stands above it.
        options: those of `draw`.
    """

    def __init__(
        self,
        graph: Graph,
        title: str | None = None,
        *,
        view: str = "auto",
        show: str = " ".join(SHOWN),
        color: str = "family",
        fold: str | Callable[[str], bool] = "auto",
        direction: str = "auto",
        theme: str = "auto",
        legend: bool = True,
        max_nodes: int = 400,
        engine: str = "auto",
    ) -> None:
        choose("view", view, VIEWS)
        choose("theme", theme, THEMES)
        if not callable(fold):
            choose("fold", fold, FOLDS)
        for argument, value in (("title", title or ""), ("show", show)):
            if not isinstance(value, str):
                raise TypeError(f"draw: {argument} must be text, not {type(value).__name__}")
        if not isinstance(max_nodes, int) or max_nodes < 1:
            raise ValueError(f"draw: max_nodes must be 1, 2, 3, ..., not {max_nodes!r}")
        self.graph = graph
        self.title = title
        self.view = _view_of(graph) if view == "auto" else view
        direction = {"teach": "LR"}.get(self.view, "TB") if direction == "auto" else direction
        self._look = Look(frozenset(show.split()), color, direction, legend)
        self._fold = fold
        self._max_nodes = max_nodes
        self._theme = theme
        self._engine = engine

    @cached_property
    def dot(self) -> str:
        """The text of a Graphviz file; `dot -Tsvg` makes a picture of it."""
        if self.view == "teach":
            return lanes.write(self.graph, self.title, self._look, facts(self.graph))
        folded, words = self._folded()
        return flow.write(folded, self.title, self._look, [*facts(self.graph), *([words] if words else [])])

    def _folded(self) -> tuple[Graph, str]:
        """The graph as it is drawn, and what was folded, in words."""
        graph, words = self.graph, ""
        chosen = self._chosen()
        if chosen is not None:
            graph, words = fold_layers(graph, chosen), "folded by layer"
        elif self._fold == "repeats":
            graph = fold_repeats(graph)
        if self._fold == "auto" and len(graph.nodes) > self._max_nodes:
            return fold_to(self.graph, self._max_nodes)
        return graph, words

    def _chosen(self) -> Callable[[str], bool] | None:
        """Which layers become a card, by the view and by who decides; None where neither says."""
        innermost = {node.layer for node in self.graph.nodes if node.kind == "operation"}
        views: dict[str, Callable[[str], bool]] = {
            "layers": innermost.__contains__,
            "model": {_own(layer) for layer in innermost}.__contains__,
        }
        by_view = views.get(self.view)
        if not callable(self._fold):
            return by_view
        decide = self._fold
        return lambda path: bool(decide(path)) or (by_view is not None and by_view(path))

    def json(self) -> str:
        """The graph as JSON text, complete; see `viz.to_json`."""
        return to_json.write(self.graph, self.title)

    def svg(self) -> str:
        """The picture as SVG text.

        Raises:
            EngineError: there is no engine, or it failed.
        """
        drawn = engine_of(self._engine).render(self.dot, "svg").decode()
        return with_theme(drawn, self._theme)

    def png(self, *, width: int = 1600) -> bytes:
        """The picture as the content of a PNG file, light, so many pixels wide.

        Raises:
            ValueError: width is below 16 or above 20,000.
            EngineError: there is no engine, or it failed.
        """
        if not isinstance(width, int) or not 16 <= width <= _WIDEST:
            raise ValueError(f"png: width must be 16 to {_WIDEST:,} pixels, not {width!r}")
        engine = engine_of(self._engine)
        drawn = engine.render(self.dot, "svg").decode()
        found = re.search(r'<svg width="([\d.]+)pt"', drawn)
        points = float(found[1]) if found else 72.0
        return engine.render(self.dot, "png", f"-Gdpi={72 * width / points:.4f}")

    def pdf(self) -> bytes:
        """The picture as the content of a PDF file; graphviz-pure makes none, the system's dot does.

        Raises:
            EngineError: there is no engine, or it failed.
        """
        return engine_of(self._engine).render(self.dot, "pdf")

    def html(self) -> str:
        """A page that stands alone, with the picture in it.

        Raises:
            EngineError: there is no engine, or it failed.
        """
        title = html.escape(clean(self.title or "Compute graph"))
        picture = self.svg()
        picture = picture[picture.index("<svg") :]
        scheme = {"auto": "light dark", "light": "light", "dark": "dark"}[self._theme]
        head = f'<meta charset="utf-8">\n<meta name="color-scheme" content="{scheme}">\n<title>{title}</title>'
        sheet = "<style>body{margin:1em;text-align:center}svg{max-width:100%;height:auto}</style>"
        return f'<!doctype html>\n<html lang="en">\n{head}\n{sheet}\n{picture}</html>\n'

    def summary(self) -> str:
        """The graph in a line of words: how many operations and parameters, and what is saved for backward."""
        return f"{clean(self.title or 'Compute graph')}: {', '.join(facts(self.graph))}"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the diagram to a file; the format is that of the suffix.

        Args:
            path: a name that ends with .svg, .png, .pdf, .html, .dot or .json; what stands there is replaced.
        Raises:
            ValueError: there is no such format.
            EngineError: there is no engine, or it failed; then nothing has changed.
            OSError: the file cannot be written; then nothing has changed.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in _SUFFIXES:
            raise ValueError(f"save: {path.name!r} must end with one of the formats' suffixes: {', '.join(_SUFFIXES)}")
        content = self.dot if suffix == ".dot" else getattr(self, suffix[1:])()
        with atomic_write(path) as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 - IPython's
        """What a notebook shows: the picture, or words where there can't be one. It never raises."""
        try:
            return {"image/svg+xml": self.svg(), "text/plain": self.summary()}
        except Exception as error:  # noqa: BLE001 - a notebook would show a traceback in place of the value
            return {"text/plain": f"{self.summary()} (no picture: {error})"}


def _own(layer: str) -> str:
    """The model's own layer that a layer is or lies in: its path's first name, with the numbers of lists behind it."""
    first, *others = layer.split(".")
    return ".".join([first, *takewhile(str.isdecimal, others)])


def _view_of(graph: Graph) -> str:
    """The view that serves if nobody says: one for teaching where every Variable can be shown."""
    operations = [node for node in graph.nodes if node.kind == "operation"]
    if any(node.kind == "derivative" or node.layer for node in graph.nodes):
        return "ops"
    if any(node.order for node in operations):
        return "teach" if len(operations) <= _FEW_OF_HIGHER_ORDER else "ops"
    if trouble_of(graph) is not None:
        return "ops"  # where it is marked
    small = all(node.tensor is None or node.tensor.size <= _FEW_NUMBERS for node in graph.nodes)
    return "teach" if small and len(operations) <= _FEW_OPERATIONS else "ops"
