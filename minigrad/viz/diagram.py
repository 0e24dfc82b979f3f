"""Diagram: a Graph that is ready to be looked at or written to a file; and draw, from Variables to a Diagram."""

from __future__ import annotations

import html
import math
import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from minigrad import checks
from minigrad.core.variable import Variable
from minigrad.files import atomic_write
from minigrad.viz import operations_view, teaching_view
from minigrad.viz.collapse import collapse_layers, collapse_repeats, collapse_to
from minigrad.viz.engines import engine_of
from minigrad.viz.formatting import graph_facts, one_line
from minigrad.viz.graph import Graph, first_nonfinite, to_json
from minigrad.viz.options import DrawOptions
from minigrad.viz.style import with_theme
from minigrad.viz.trace import Model, default_title, trace

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

_OWN_LAYER = re.compile(r"^[^.]*(?:[.]\d+(?![^.]))*")  # the model's: a first name, with the numbers of lists behind it
_SUFFIXES = (".svg", ".png", ".pdf", ".html", ".dot", ".json")
_WIDE, _WIDEST, _LARGEST = 1600, 20_000, 40e6  # pixels
_FEW_OPERATIONS, _FEW_NUMBERS = 24, 16  # that a view for teaching still shows well
_FEW_OF_HIGHER_ORDER = 60


def draw(
    *outputs: Variable, model: Model | None = None, order: int | Literal["all"] = "all", **options: Any
) -> Diagram:
    """Draw the graph that computed some Variables.

    Args:
        outputs: Variables, such as a loss.
        model: gives the parameters their names, and frames the nodes of each layer.
        order: the highest order of differentiation that is drawn: 0 is forward, 1 is backward too, as it would run;
            "all" is all that was recorded, by `record` or `create_graph`.
        **options: title, view, show, color, fold, direction, theme, legend, max_nodes, engine: see `DrawOptions`.
    Raises:
        TypeError, ValueError: an argument is of the wrong type, or there is no such option or choice.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0, name="x")
    >>> diagram = draw(x * x + 1)
    >>> [node.name for node in diagram.graph.nodes]
    ['x', 'Mul', 'AddScalar', 'output']
    >>> diagram.summary()
    'Compute graph: 2 operations, 1 parameter'
    >>> diagram.save("graph.svg")  # doctest: +SKIP
    """
    return Diagram(trace(outputs, model, order), DrawOptions.of(default_title(model), options))


class Diagram:
    """A drawn compute graph; `draw`, `record` and `diff` make it.

    Each picture raises EngineError if there is no engine, or it fails; .dot and .json need none.
    """

    def __init__(self, graph: Graph, options: DrawOptions = DrawOptions()) -> None:  # noqa: B008 - frozen
        self.graph = graph
        self.title = options.title
        self.view = _default_view(graph) if options.view == "auto" else options.view
        self._options = options

    def __repr__(self) -> str:
        return f"<{self.summary()}>"

    @cached_property
    def dot(self) -> str:
        """The text of a Graphviz file; `dot -Tsvg` makes a picture of it."""
        if self.view == "teach":
            return teaching_view.write(self.graph, self._options, graph_facts(self.graph))
        collapsed, words = self._collapsed()
        return operations_view.write(collapsed, self._options, [*graph_facts(self.graph), words])

    def _collapsed(self) -> tuple[Graph, str]:
        """The graph as it is drawn, and in words how it was folded."""
        graph, words, fold, most = self.graph, "", self._options.fold, self._options.max_nodes
        innermost = {node.layer for node in graph.nodes if node.kind == "operation"}
        own = {_OWN_LAYER.findall(layer)[0] for layer in innermost}
        cards = {"layers": innermost, "model": own}.get(self.view, set())
        if cards or callable(fold):
            graph = collapse_layers(graph, lambda path: (callable(fold) and bool(fold(path))) or path in cards)
            words = "folded by layer"
        elif fold == "repeats":
            graph = collapse_repeats(graph)
        return collapse_to(self.graph, most) if fold == "auto" and len(graph.nodes) > most else (graph, words)

    def json(self) -> str:
        """The graph as JSON text, complete; see `graph.to_json`."""
        return to_json(self.graph, self.title)

    def _render(self, kind: str, *arguments: str) -> bytes:
        return engine_of(self._options.engine).render(self.dot, kind, *arguments)

    def svg(self) -> str:
        """The picture as SVG text."""
        return with_theme(self._render("svg").decode(), self._options.theme)

    def png(self, *, width: int | None = None) -> bytes:
        """The picture as the content of a PNG file, light; by default 1,600 pixels wide, or more, to read the text.

        Raises:
            TypeError: width is no int.
            ValueError: it is below 16 or above 20,000.
        """
        if width is not None and not 16 <= checks.integer("png", "width", width, least=None) <= _WIDEST:
            raise ValueError(f"png: width must be 16 to {_WIDEST:,} pixels, not {width!r}")
        found = re.search(r'<svg width="([\d.]+)pt"\s+height="([\d.]+)pt"', self._render("svg").decode())
        w, h = (float(found[i]) / 72 if found else 1.0 for i in (1, 2))  # inches
        legible = min(96, _WIDEST / max(w, h), math.sqrt(_LARGEST / (w * h)))
        return self._render("png", f"-Gdpi={max(_WIDE / w, legible) if width is None else width / w:.4f}")

    def pdf(self) -> bytes:
        """The picture as the content of a PDF file; graphviz-pure makes none, the system's dot does."""
        return self._render("pdf")

    def html(self) -> str:
        """A page that stands alone, with the picture in it."""
        title = html.escape(one_line(self.title or "Compute graph"))
        _, tag, picture = self.svg().partition("<svg")
        scheme = {"auto": "light dark", "light": "light", "dark": "dark"}[self._options.theme]
        head = f'<meta charset="utf-8">\n<meta name="color-scheme" content="{scheme}">\n<title>{title}</title>'
        sheet = "<style>body{margin:1em;text-align:center}svg{max-width:100%;height:auto}</style>"
        return f'<!doctype html>\n<html lang="en">\n{head}\n{sheet}\n{tag}{picture}</html>\n'

    def to_graphviz(self) -> graphviz.Source:
        """The text as an object of the package graphviz, which renders it, and which notebooks show.

        Raises:
            ImportError: the package is not installed.
        """
        try:
            import graphviz  # noqa: PLC0415 - of the extra viz
        except ImportError as error:
            raise ImportError("to_graphviz needs the package graphviz: pip install 'minigrad-nn[viz]'") from error
        return graphviz.Source(self.dot)

    def summary(self) -> str:
        """The graph in a line of words: how many operations and parameters, and what is saved for backward."""
        return f"{one_line(self.title or 'Compute graph')}: {', '.join(graph_facts(self.graph))}"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the diagram to a file in the format of its suffix: .svg, .png, .pdf, .html, .dot or .json.

        Raises:
            TypeError: path is no path.
            ValueError: there is no such format.
            EngineError, OSError: there is no picture, or the file cannot be written; then nothing has changed.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f'save: path must be the name of a file, such as "graph.svg", not {path!r}')
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in _SUFFIXES:
            raise ValueError(f"save: {path.name!r} must end with one of the formats' suffixes: {', '.join(_SUFFIXES)}")
        content = self.dot if suffix == ".dot" else getattr(self, suffix[1:])()
        with atomic_write(path) as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 - IPython's
        """The picture for a notebook, or words where there can't be one. It never raises."""
        try:
            return {"image/svg+xml": self.svg(), "text/plain": self.summary()}
        except Exception as error:  # noqa: BLE001 - a notebook would show a traceback in place of the value
            return {"text/plain": f"{self.summary()} (no picture: {error})"}


def _default_view(graph: Graph) -> str:
    """The view of a graph for "auto": one for teaching where every Variable can be shown, and nothing else matters."""
    operations = [node for node in graph.nodes if node.kind == "operation"]
    if any(node.order for node in operations):
        few = len(operations) <= _FEW_OF_HIGHER_ORDER
    else:
        small = all(node.tensor is None or node.tensor.size <= _FEW_NUMBERS for node in graph.nodes)
        few = small and len(operations) <= _FEW_OPERATIONS and first_nonfinite(graph)[0] is None
    layers = any(node.kind == "derivative" or node.layer for node in graph.nodes)
    return "teach" if few and not layers else "ops"
