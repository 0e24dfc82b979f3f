"""dot: the language of Graphviz files, quoted and escaped, and the parts that both views have in common."""

from __future__ import annotations

import html
from collections.abc import Iterable

from minigrad.viz import style
from minigrad.viz.formatting import LONGEST, one_line


class Markup(str):
    """Text in Graphviz's HTML-like markup."""

    __slots__ = ()


def quoted(text: str) -> str:
    """`text` as a quoted string of the DOT language, which also reads backslashes and HTML entities."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'


def escaped(text: str, longest: int = LONGEST) -> str:
    """`text`, cleaned, as a part of some markup, in which backslashes mean something, too."""
    return html.escape(one_line(text, longest)).replace("\\", "\\\\")


def font(markup: str, size: str, color: str = style.TEXT) -> str:
    """Markup in a font size, in points, and a colour."""
    return f'<FONT COLOR="{color}" POINT-SIZE="{size}">{markup}</FONT>'


def stacked(lines: Iterable[str], align: str = "CENTER") -> Markup:
    """Lines of markup below each other, with room for what hangs below a line."""
    rows = "".join([f'<TR><TD ALIGN="{align}">{line}</TD></TR>' for line in lines])
    return Markup(f'<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1" CELLSPACING="0">{rows}</TABLE>')


def attributes(**values: str) -> str:
    """A list of attributes, sorted."""
    pairs = []
    for key, value in sorted(values.items()):
        text = value.replace("\\", "\\\\") if key == "tooltip" else value  # which Graphviz unescapes once more
        pairs.append(f"{key}=<{text}>" if isinstance(value, Markup) else f"{key}={quoted(text)}")
    return f" [{' '.join(pairs)}]"


def node(id_: str, colors: style.Colors, values: dict[str, str]) -> str:
    """The statement of a node; its colours may be among the values as well."""
    colored = {"color": colors.border, "fillcolor": colors.fill, "fontcolor": colors.text}
    return f"    {quoted(id_)}{attributes(**(colored | values))};"


def edge(source: str, target: str, **values: str) -> str:
    """The statement of an edge."""
    return f"  {quoted(source)} -> {quoted(target)}{attributes(**values)};"


def frame(name: int, label: str, statements: Iterable[str], **values: str) -> list[str]:
    """Statements inside a frame with a label."""
    values |= {"fillcolor": style.LAYER_FILL, "label": Markup(label), "labeljust": "l", "style": "rounded,filled"}
    return [f'  subgraph "cluster_{name}" {{', f"    graph{attributes(**values)};", *statements, "  }"]


def digraph(heading: Markup, body: Iterable[str], *, direction: str, nodesep: str, ranksep: str) -> str:
    """A whole file, which ends with a line break: a heading, and the statements of a body."""
    graph = {"bgcolor": style.BACKGROUND, "fontname": "Helvetica", "label": heading, "labelloc": "t", "pad": "0.25"}
    graph |= {"newrank": "true", "nodesep": nodesep, "rankdir": direction, "ranksep": ranksep, "splines": "spline"}
    nodes = {"fontname": "Helvetica", "fontsize": "11.5", "penwidth": "1.5", "shape": "box", "style": "rounded,filled"}
    edges = {"arrowsize": "0.75", "color": style.TENSOR_EDGE, "fontcolor": style.FAINT_TEXT}
    edges |= {"fontname": "Helvetica", "fontsize": "9"}
    kinds = (("graph", graph), ("node", nodes), ("edge", edges))
    defaults = [f"  {kind}{attributes(**values)};" for kind, values in kinds]
    return "".join([f"{line}\n" for line in ('digraph "minigrad" {', *defaults, *body, "}")])


def heading(title: str | None, facts: Iterable[str], legend: str = "") -> Markup:
    """The head of a diagram: a title, facts in a line, and the rows of a legend."""
    rows = [font(f"<B>{escaped(title, 100)}</B>", "19")] if title else []
    line = " · ".join(map(html.escape, filter(None, facts)))
    rows += [font(line, "10.5", style.FAINT_TEXT)] if line else []
    cells = "".join([f"<TR><TD>{row}</TD></TR>" for row in rows])
    end = '<TR><TD HEIGHT="6"></TD></TR>'
    return Markup(f'<TABLE BORDER="0" CELLPADDING="2" CELLSPACING="0">{cells}{legend}{end}</TABLE>')
