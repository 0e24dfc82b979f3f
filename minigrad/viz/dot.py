"""dot: a Graph as the text of a Graphviz file.

Everything is quoted and escaped, attributes are sorted, and nodes stand in execution order: one Graph, one text.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from math import log2

from minigrad.viz import style
from minigrad.viz.cards import Card, cards_of
from minigrad.viz.graph import Edge, Graph, Node, Tensor

_LONGEST = 48  # characters of a name or a line
_SHOWN_NODES = 8  # in one tooltip


class Markup(str):
    """Text in Graphviz's HTML-like markup."""

    __slots__ = ()


def write(graph: Graph, title: str | None = None) -> str:
    """The DOT text of `graph`; it ends with a line break."""
    return "".join([f"{line}\n" for line in _lines(graph, title)])


def clean(text: str) -> str:
    """`text` on one line of printable characters, and with an ellipsis for its middle if it is long."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join([c if c.isprintable() else "\ufffd" for c in line])
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]}…{line[-_LONGEST // 2 + 1 :]}"
    return line or "unnamed"


def quoted(text: str) -> str:
    """`text` as a quoted string of the DOT language, which also reads backslashes and HTML entities."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'


def in_units(count: int) -> str:
    """A number of bytes, as "640 B", "4.8 MiB" or "392 KiB"."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if size >= 99.95 else f"{size:.1f}".removesuffix(".0") + f" {unit}"


def times(shape: tuple[int, ...]) -> str:
    """A shape, as "50×32×28×28"."""
    return "×".join(map(str, shape)) or "scalar"


def _lines(graph: Graph, title: str | None) -> Iterator[str]:
    yield 'digraph "minigrad" {'
    yield "  graph" + _attributes(
        bgcolor=style.BACKGROUND,
        fontname="Helvetica",
        label=_heading(graph, title),
        labelloc="t",
        newrank="true",
        nodesep="0.3",
        pad="0.25",
        rankdir="TB",
        ranksep="0.32",
        splines="spline",
    )
    yield "  node" + _attributes(
        fontname="Helvetica", fontsize="11.5", penwidth="1.5", shape="box", style="rounded,filled"
    )
    yield "  edge" + _attributes(
        arrowsize="0.75", color=style.TENSOR_EDGE, fontcolor=style.FAINT_TEXT, fontname="Helvetica", fontsize="9"
    )
    cards = cards_of(graph)
    layers: dict[str, list[Card]] = {}
    for card in cards:
        if card.first.layer:
            layers.setdefault(card.first.layer, []).append(card)
    numbers = {layer: number for number, layer in enumerate(layers, 1)}
    for card in cards:
        layer = card.first.layer
        if not layer:
            yield from _card_lines(card, "  ")
        elif layer in layers:
            yield from _layer_lines(layer, numbers[layer], layers.pop(layer))
    yield from _edge_lines(graph, cards)
    yield "}"


def facts(graph: Graph) -> list[str]:
    """How many operations and parameters it has, and what is saved for backward."""
    parameters = sum(node.tensor.size for node in graph.nodes if node.kind == "parameter" and node.tensor)
    found = [_counted(sum(node.kind == "operation" for node in graph.nodes), "operation")]
    if parameters:
        found.append(_counted(parameters, "parameter"))
    if graph.saved:
        found.append(f"saved for backward {in_units(graph.saved)}")
    return found


def _heading(graph: Graph, title: str | None) -> Markup:
    rows = [_font(f"<B>{_escaped(title)}</B>", "19", style.TEXT)] if title else []
    rows.append(_font(" · ".join(facts(graph)), "10.5", style.FAINT_TEXT))
    cells = "".join([f"<TR><TD>{row}</TD></TR>" for row in rows])
    return Markup(f'<TABLE BORDER="0" CELLPADDING="2" CELLSPACING="0">{cells}<TR><TD HEIGHT="6"></TD></TR></TABLE>')


def _layer_lines(layer: str, number: int, cards: list[Card]) -> Iterator[str]:
    tensors = [n.tensor for card in cards for n in card.nodes if n.kind == "parameter" and n.tensor]
    size, count = sum(tensor.bytes for tensor in tensors), sum(tensor.size for tensor in tensors)
    name = _font(f"<B>{_escaped(layer)}</B>", "12", style.TEXT)
    facts = _font(f"&#160;&#160;{_counted(count, 'parameter')} · {in_units(size)}", "9.5", style.FAINT_TEXT)
    yield f'  subgraph "cluster_{number}" {{'
    yield "    graph" + _attributes(
        color=style.LAYER_BORDER,
        fillcolor=style.LAYER_FILL,
        label=Markup(f"{name}{facts}"),
        labeljust="l",
        margin="11",
        style="rounded,filled",
        tooltip=_read_twice(clean(layer)),
    )
    for card in cards:
        yield from _card_lines(card, "    ")
    yield "  }"


def _card_lines(card: Card, indent: str) -> Iterator[str]:
    node, colors = card.first, style.colors_of(card.first)
    attributes = {"color": colors.border, "fillcolor": colors.fill, "fontcolor": colors.text}
    attributes["tooltip"] = _read_twice("; ".join([_tooltip(n) for n in card.nodes[:_SHOWN_NODES]]))
    if node.kind == "operation":
        attributes |= {"label": _operation(node), "margin": "0.14,0.07", "width": "1.9"}
    elif node.kind == "parameter":
        lines = [_named_shape(n) + '<BR ALIGN="LEFT"/>' for n in card.nodes]
        attributes |= {"fontsize": "9.5", "label": Markup("".join(lines)), "margin": "0.1,0.06", "shape": "cylinder"}
        attributes |= {"penwidth": "1.3", "style": "filled", "width": "1.3"}
    elif node.kind == "output":
        value = "".join(f" = {_escaped(line)}" for line in node.label)
        attributes |= {"fontsize": "13", "label": Markup(f"<B>{_escaped(node.name)}{value}</B>")}
        attributes |= {"margin": "0.16,0.07"}
    else:
        times_used = Counter([_named_shape(n) for n in card.nodes])
        lines = [line if count == 1 else f"{line} ×{count}" for line, count in times_used.items()]
        attributes |= {"fontsize": "9.5", "height": "0.3", "label": Markup("<BR/>".join(lines)), "margin": "0.1,0.05"}
        attributes |= {"penwidth": "1.3", "width": "1"}
    yield indent + quoted(node.id) + _attributes(**attributes)
    if card.beside is not None:
        yield f"{indent}{{rank=same; {quoted(node.id)}; {quoted(card.beside)}}}"


def _operation(node: Node) -> Markup:
    lines = [f"<B>{_escaped(node.name)}</B>"]
    lines += [_font(_escaped(line), "9", style.FAINT_TEXT) for line in node.label]
    if node.saved:
        lines.append(_font(f"saves {in_units(node.saved)}", "9", style.TEXT))
    return Markup("<BR/>".join(lines))


def _named_shape(node: Node) -> str:
    name = node.name.removeprefix(f"{node.layer}.") if node.layer else node.name
    text = f"<B>{_escaped(name)}</B>"
    return text if node.tensor is None else f"{text}&#160; {_font(times(node.tensor.shape), '9.5', style.TEXT)}"


def _tooltip(node: Node) -> str:
    facts = [clean(text) for text in (node.name, *node.label)]
    return " · ".join(facts if node.tensor is None else [*facts, *_facts(node.tensor)])


def _read_twice(text: str) -> str:
    return text.replace("\\", "\\\\")  # Graphviz unescapes a tooltip once more than a label


def _facts(tensor: Tensor) -> list[str]:
    return [times(tensor.shape), tensor.dtype, in_units(tensor.bytes)]


def _edge_lines(graph: Graph, cards: list[Card]) -> Iterator[str]:
    nodes = {node.id: node for node in graph.nodes}
    first = {node.id: card.first.id for card in cards for node in card.nodes}
    for edge in graph.edges:
        if first[edge.source] == edge.source:  # the others of a card share its arrow
            yield f"  {quoted(edge.source)} -> {quoted(edge.target)}" + _edge_attributes(edge, nodes)


def _edge_attributes(edge: Edge, nodes: dict[str, Node]) -> str:
    source, target, tensor = nodes[edge.source], nodes[edge.target], edge.tensor
    if source.kind in ("parameter", "constant"):
        return _attributes(arrowsize="0.7", color=style.colors_of(source).border, penwidth="1.2", weight="3")
    weight = "8" if edge.position == 0 else "2"  # what flows on stands straight below; what joins it gives way
    if tensor is None:
        return _attributes(penwidth="1.2", weight=weight)
    attributes = {"penwidth": f"{_width(tensor):g}", "tooltip": " · ".join(_facts(tensor)), "weight": weight}
    if target.kind != "output" or tensor.size != 1:
        attributes["label"] = f"   {times(tensor.shape)}  {in_units(tensor.bytes)} "
    return _attributes(**attributes)


def _width(tensor: Tensor) -> float:
    """Points: 1 up to 2 KiB, and a quarter more for each doubling."""
    return min(max(1.0, round(log2(tensor.bytes + 1) / 4 - 1.75, 2)), 6.0)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _font(markup: str, size: str, color: str) -> str:
    return f'<FONT COLOR="{color}" POINT-SIZE="{size}">{markup}</FONT>'


def _escaped(text: str) -> str:
    return html.escape(clean(text)).replace("\\", "\\\\")  # backslashes mean something in markup, too


def _attributes(**attributes: str) -> str:
    pairs = [
        f"{key}=<{value}>" if isinstance(value, Markup) else f"{key}={quoted(value)}"
        for key, value in sorted(attributes.items())
    ]
    return f" [{' '.join(pairs)}];"
