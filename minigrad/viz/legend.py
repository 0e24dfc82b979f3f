"""Legend: the rows that explain a diagram's colours and lines, those that occur in it and no others."""

from __future__ import annotations

import html
from collections.abc import Sequence

from minigrad.viz import style
from minigrad.viz.dot import font
from minigrad.viz.graph import LEAVES, Graph
from minigrad.viz.look import Look
from minigrad.viz.words import in_bytes, in_flops, in_seconds

_IN_A_ROW = 5
_NAMES = {"product": "matrix product", "elementwise": "element-wise"}
_TABLE = 'BORDER="0" CELLBORDER="0" CELLPADDING="0"'


def legend_of(graph: Graph, look: Look, *, again: bool, trouble: bool) -> str:
    """The rows of a table: boxes, then lines and bars.

    Args:
        graph: what is drawn.
        look: what is shown of it.
        again: whether anything is drawn again.
        trouble: whether a number that is not finite is marked.
    """
    kinds = {node.kind for node in graph.nodes}
    families = {node.family for node in graph.nodes if node.family is not None}
    boxes = []
    if look.color == "family":
        boxes = [_box(_NAMES.get(f, f), *style.colors_of_kind(f)[:2]) for f in style.FAMILIES if f in families]
    for kind in LEAVES:
        if kind in kinds:
            boxes.append(_box(kind, *style.colors_of_kind(kind)[:2]))
    orders = {node.order for node in graph.nodes}
    if 1 in orders:
        boxes.append(_box("∂ backward", style.BACKGROUND, style.TENSOR_EDGE, ",DASHED"))
    if max(orders, default=0) > 1:
        boxes.append(_box("double border: of higher order", style.BACKGROUND, style.TENSOR_EDGE))
    if again:
        boxes.append(_box("the same, drawn again", style.BACKGROUND, style.TENSOR_EDGE, ",DOTTED"))
    changes = {node.change for node in graph.nodes} | {edge.change for edge in graph.edges}
    for change, sign in style.SIGNS.items():
        if change in changes:
            boxes.append(_box(f"{sign} {change}", style.BACKGROUND, style.CHANGES[change]))
    if trouble:
        boxes.append(_box("first NaN or Inf", style.BACKGROUND, style.BAD))
    return _rows([*boxes, *_lines(graph, look)])


def _lines(graph: Graph, look: Look) -> list[str]:
    lines = []
    if any(edge.flow == "tensor" and edge.tensor is not None for edge in graph.edges):
        lines.append(_line("tensor, width = bytes", style.TENSOR_EDGE, [30], 3))
    if any(edge.flow == "gradient" for edge in graph.edges):
        lines.append(_line("gradient", style.GRADIENT, [7, 7, 7], 2))
    if any(edge.flow == "saved" for edge in graph.edges):
        lines.append(_line("saved for backward", style.SAVED, [2] * 6, 2))
    slowest = look.slowest(graph)
    if slowest:
        lines.append(_line(f"time, full bar = {in_seconds(slowest)}", style.TENSOR_EDGE, [18], 5))
    most = look.most(graph)
    if look.color != "family" and most:
        words = {"time": in_seconds(most), "memory": in_bytes(int(most)), "flops": in_flops(int(most))}[look.color]
        lines.append(_scale(words if look.color == "flops" else f"{words} {look.color}"))
    return lines


def _rows(cells: Sequence[str]) -> str:
    count = max(1, -(-len(cells) // _IN_A_ROW))
    rows = [cells[len(cells) * i // count : len(cells) * (i + 1) // count] for i in range(count)] if cells else []
    return "".join(f'<TR><TD><TABLE {_TABLE} CELLSPACING="5"><TR>{"".join(row)}</TR></TABLE></TD></TR>' for row in rows)


def _box(words: str, fill: str, border: str, more: str = "") -> str:
    text = font(f"&#160;{words}&#160;", "9", style.TEXT)
    table = f'BGCOLOR="{fill}" BORDER="1" CELLBORDER="0" CELLPADDING="2" CELLSPACING="0" COLOR="{border}"'
    return f'<TD><TABLE {table} STYLE="ROUNDED{more}"><TR><TD>{text}</TD></TR></TABLE></TD>'


def _line(words: str, color: str, dashes: Sequence[int], height: int) -> str:
    gap = f'<TD FIXEDSIZE="TRUE" HEIGHT="{height}" WIDTH="3"></TD>'
    cell = f'BGCOLOR="{color}" FIXEDSIZE="TRUE" HEIGHT="{height}"'
    inner = gap.join(f'<TD {cell} WIDTH="{width}"></TD>' for width in dashes)
    sample = f'<TABLE {_TABLE} CELLSPACING="0"><TR>{inner}</TR></TABLE>'
    return _explained(f'<TD FIXEDSIZE="TRUE" HEIGHT="9" WIDTH="32">{sample}</TD>', words)


def _scale(words: str) -> str:
    swatches = "".join(f'<TD BGCOLOR="{color}" FIXEDSIZE="TRUE" HEIGHT="9" WIDTH="13"></TD>' for color in style.HEAT)
    table = f'BORDER="1" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" COLOR="{style.HEAT_BORDER}"'
    zero = f"<TD>{font('0&#160;', '9', style.TEXT)}</TD>"
    return _explained(f"{zero}<TD><TABLE {table}><TR>{swatches}</TR></TABLE></TD>", words)


def _explained(sample: str, words: str) -> str:
    """A sample, in cells of its own, and words at its right."""
    text = f'<TD ALIGN="LEFT">{font(f"&#160;{html.escape(words)}&#160;", "9", style.TEXT)}</TD>'
    return f'<TD><TABLE {_TABLE} CELLSPACING="0"><TR>{sample}{text}</TR></TABLE></TD>'
