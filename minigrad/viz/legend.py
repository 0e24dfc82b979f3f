"""Legend: the rows that explain the colours and lines of a diagram, those that occur in it and no others."""

from __future__ import annotations

import html
from collections.abc import Sequence

from minigrad.viz import style
from minigrad.viz.dot import font
from minigrad.viz.formatting import format_bytes, format_flops, format_seconds
from minigrad.viz.graph import FAMILIES, LEAVES, Graph
from minigrad.viz.options import DrawOptions

_IN_A_ROW = 5
_NAMES = {"product": "matrix product", "elementwise": "element-wise"}
_TABLE = 'BORDER="0" CELLBORDER="0" CELLPADDING="0"'


def legend_of(graph: Graph, options: DrawOptions, *, repeated: bool) -> str:
    """The rows of a table, boxes, then lines and bars; `repeated` says whether any node is drawn again."""
    kinds, orders = {node.kind for node in graph.nodes}, {node.order for node in graph.nodes}
    families = {node.family for node in graph.nodes} if options.color == "family" else set()
    changes = {node.change for node in graph.nodes} | {edge.change for edge in graph.edges}
    nonfinite = any(node.stats and node.stats.nonfinite for node in graph.nodes)
    flows = {edge.flow for edge in graph.edges if edge.flow != "tensor" or edge.tensor is not None}
    largest, longest = options.scales(graph)
    plain = style.BACKGROUND, style.TENSOR_EDGE
    cells = [
        *((name in families, _box(_NAMES.get(name, name), *style.COLORS[name][:2])) for name in FAMILIES),
        *((kind in kinds, _box(kind, *style.COLORS[kind][:2])) for kind in LEAVES),
        (1 in orders, _box("∂ backward", *plain, ",DASHED")),
        (max(orders, default=0) > 1, _box("double border: of higher order", *plain)),
        (repeated, _box("the same, drawn again", *plain, ",DOTTED")),
        *((c in changes, _box(f"{style.SIGNS[c]} {c}", style.BACKGROUND, color)) for c, color in style.CHANGES.items()),
        (nonfinite, _box("first NaN or Inf", style.BACKGROUND, style.BAD)),
        ("tensor" in flows, _line("tensor, width = bytes", style.TENSOR_EDGE, [30], 3)),
        ("gradient" in flows, _line("gradient", style.GRADIENT, [7, 7, 7], 2)),
        ("saved" in flows, _line("saved for backward", style.SAVED, [2] * 6, 2)),
        (longest > 0, _line(f"time, full bar = {format_seconds(longest)}", style.TENSOR_EDGE, [18], 5)),
        (options.color == "time" and largest > 0, _scale(f"{format_seconds(largest)} time")),
        (options.color == "memory" and largest > 0, _scale(f"{format_bytes(int(largest))} memory")),
        (options.color == "flops" and largest > 0, _scale(format_flops(int(largest)))),
    ]
    return _rows([cell for occurs, cell in cells if occurs])


def _rows(cells: Sequence[str]) -> str:
    count = -(-len(cells) // _IN_A_ROW)
    rows = [cells[len(cells) * i // count : len(cells) * (i + 1) // count] for i in range(count)]
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
