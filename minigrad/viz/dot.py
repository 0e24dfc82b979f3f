"""dot: the language of Graphviz files, quoted and escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from minigrad.viz import style
from minigrad.viz.words import LONGEST, clean

_LONGEST_TITLE = 100  # characters


class Markup(str):
    """Text in Graphviz's HTML-like markup."""

    __slots__ = ()


def quoted(text: str) -> str:
    """`text` as a quoted string of the DOT language, which also reads backslashes and HTML entities."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'


def escaped(text: str, longest: int = LONGEST) -> str:
    """`text`, cleaned, as a part of some markup, in which backslashes mean something, too."""
    return html.escape(clean(text, longest)).replace("\\", "\\\\")


def read_twice(text: str) -> str:
    """`text` for a tooltip, which Graphviz unescapes once more than a label."""
    return text.replace("\\", "\\\\")


def font(markup: str, size: str, color: str) -> str:
    """Markup in a font size, in points, and a colour."""
    return f'<FONT COLOR="{color}" POINT-SIZE="{size}">{markup}</FONT>'


def stacked(lines: Iterable[str], align: str = "CENTER") -> Markup:
    """Lines of markup below each other, with room for what hangs below a line."""
    rows = "".join([f'<TR><TD ALIGN="{align}">{line}</TD></TR>' for line in lines])
    return Markup(f'<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="1" CELLSPACING="0">{rows}</TABLE>')


def attributes(**values: str) -> str:
    """A list of attributes, sorted; the end of a statement."""
    pairs = [
        f"{key}=<{value}>" if isinstance(value, Markup) else f"{key}={quoted(value)}"
        for key, value in sorted(values.items())
    ]
    return f" [{' '.join(pairs)}];"


def digraph(heading: Markup, body: Iterable[str], *, direction: str, nodesep: str, ranksep: str) -> str:
    """A whole file, which ends with a line break: a heading, and the statements of a body."""
    return "".join([f"{line}\n" for line in _lines(heading, body, direction, nodesep, ranksep)])


def _lines(heading: Markup, body: Iterable[str], direction: str, nodesep: str, ranksep: str) -> Iterator[str]:
    yield 'digraph "minigrad" {'
    yield "  graph" + attributes(
        bgcolor=style.BACKGROUND,
        fontname="Helvetica",
        label=heading,
        labelloc="t",
        newrank="true",
        nodesep=nodesep,
        pad="0.25",
        rankdir=direction,
        ranksep=ranksep,
        splines="spline",
    )
    yield "  node" + attributes(
        fontname="Helvetica", fontsize="11.5", penwidth="1.5", shape="box", style="rounded,filled"
    )
    yield "  edge" + attributes(
        arrowsize="0.75", color=style.TENSOR_EDGE, fontcolor=style.FAINT_TEXT, fontname="Helvetica", fontsize="9"
    )
    yield from body
    yield "}"


def heading(title: str | None, facts: Iterable[str], legend: str = "") -> Markup:
    """What stands above a diagram: a title, facts in a line, and the rows of a legend."""
    rows = [font(f"<B>{escaped(title, _LONGEST_TITLE)}</B>", "19", style.TEXT)] if title else []
    line = " · ".join(map(html.escape, facts))
    rows += [font(line, "10.5", style.FAINT_TEXT)] if line else []
    cells = "".join([f"<TR><TD>{row}</TD></TR>" for row in rows])
    return Markup(
        f'<TABLE BORDER="0" CELLPADDING="2" CELLSPACING="0">{cells}{legend}<TR><TD HEIGHT="6"></TD></TR></TABLE>'
    )
