"""flow: a Graph as the text of a Graphviz file, in which operations are cards, and arrays flow between them.

Forward runs down, and backward up beside it. Nodes stand in execution order: one Graph, one text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import log2

from minigrad.viz import dot, style
from minigrad.viz.bands import framed
from minigrad.viz.cards import Card, cards_of
from minigrad.viz.dot import Markup, attributes, escaped, font, quoted, read_twice, stacked
from minigrad.viz.graph import Edge, Graph, Node, Tensor
from minigrad.viz.legend import legend_of
from minigrad.viz.look import Look
from minigrad.viz.trouble import trouble_of
from minigrad.viz.words import described, in_bytes, in_flops, in_seconds, not_finite, times, tooltip

_SHOWN_NODES = 8  # in one tooltip
_BAR = 126  # points
_FLOWING = ("operation", "folded", "input")
_BACKWARD = ("derivative", "seed")


def write(graph: Graph, title: str | None = None, look: Look = Look(), facts: Sequence[str] = ()) -> str:  # noqa: B008 - frozen
    """The DOT text of `graph`; it ends with a line break.

    Args:
        graph: what to draw.
        title: what stands above.
        look: what is shown.
        facts: what stands below the title.
    """
    drawing = _Drawing(graph, look)
    heading = dot.heading(title, facts, drawing.legend() if look.legend else "")
    return dot.digraph(heading, drawing.lines(), direction=look.direction, nodesep="0.3", ranksep="0.32")


class _Drawing:
    """The statements of one file."""

    def __init__(self, graph: Graph, look: Look) -> None:
        self._graph = graph
        self._look = look
        self._cards = cards_of(graph)
        self._nodes = {node.id: node for node in graph.nodes}
        layers = [node.layer for node in graph.nodes if node.kind == "operation" and node.layer]
        runs = [layer for layer, _ in groupby(layers)]
        self._straight = len(runs) == len(set(runs))  # Graphviz can't keep columns where a layer is called again
        self._trouble = trouble_of(graph)
        self._path = self._trouble.path if self._trouble else ()
        self._slowest = look.slowest(graph)
        self._most = look.most(graph)
        self._saves = not any(edge.flow == "saved" for edge in graph.edges)
        places = {node.id: place for place, node in enumerate(graph.nodes)}
        flowing = [edge for edge in graph.edges if edge.flow == "tensor" and edge.change != "removed"]
        flowing = [edge for edge in flowing if self._nodes[edge.source].kind in _FLOWING]
        self._latest: dict[str, str] = {}  # of what each node takes, what was made last
        for edge in sorted(flowing, key=lambda edge: places[edge.source]):
            self._latest[edge.target] = edge.source
        self._common = Counter(edge.tensor.dtype for edge in graph.edges if edge.tensor).most_common(1)

    def legend(self) -> str:
        """The rows that explain it."""
        again = any(card.again for card in self._cards)
        return legend_of(self._graph, self._look, again=again, trouble=self._trouble is not None)

    def lines(self) -> Iterator[str]:
        """The statements."""
        yield from framed(self._cards, self._card)
        yield from self._ranks()
        yield from self._arrows()

    def _ranks(self) -> Iterator[str]:
        """Side by side: what only one operation uses, the operation, its derivative, the gradients of what it uses."""
        rows: dict[str, list[str]] = {}
        for node in self._graph.nodes:
            if node.of in self._nodes and node.kind != "gradient":
                rows[node.of] = [node.of, node.id]
        row_of = {node.id: node.of for node in self._graph.nodes if node.of and node.kind != "gradient"}
        for card in self._cards:
            if card.beside is not None:
                row = rows.setdefault(row_of.get(card.beside, card.beside), [card.beside])
                row.insert(len(row) if card.first.kind == "gradient" else 0, card.id)
        for row in rows.values():
            yield f"  {{rank=same; {'; '.join(map(quoted, row))}}}"

    def _card(self, card: Card) -> str:
        node = card.first
        colors = style.colors_of(node)
        values = {"color": colors.border, "fillcolor": colors.fill, "fontcolor": colors.text}
        values["tooltip"] = read_twice("; ".join([tooltip(n) for n in card.nodes[:_SHOWN_NODES]]))
        if node.kind in ("operation", "derivative", "folded"):
            values |= self._operation(node)
        elif node.kind in ("parameter", "gradient"):
            values |= self._cylinder(card)
        elif node.kind in ("output", "seed"):
            values |= self._end(node)
        else:
            values |= self._box(card)
        if card.change:
            values |= {"color": style.CHANGES[card.change], "penwidth": "3"}
        if self._trouble is not None and node.id == self._trouble.node.id:
            values |= {"color": style.BAD, "penwidth": "4"}
        if self._straight and (node.kind in _FLOWING or node.kind in _BACKWARD):
            values["group"] = "forward" if node.order == 0 else "backward"
        return f"    {quoted(card.id)}" + attributes(**values)

    def _operation(self, node: Node) -> dict[str, str]:
        if self._look.color != "family" and self._most:
            colors = style.heat(self._look.amount(node) / self._most)
        else:
            colors = style.colors_of(node)
        name = f"∂{escaped(node.name)}" if node.kind == "derivative" else escaped(node.name)
        name = f"∂{name}" if node.kind == "folded" and node.order and not name.startswith("∂") else name
        times_folded = f" ×{node.count}" if node.count > 1 else ""
        rows = [f"<B>{_signed(node, name)}{times_folded}</B>", *self._rows(node)]
        if node.seconds is not None and self._slowest:
            rows.append(self._bar(node))
        values = {"fillcolor": colors.fill, "fontcolor": colors.text, "label": stacked(rows)}
        values |= {"margin": "0.14,0.07", "width": "2.1"}
        if node.order:
            values["style"] = "rounded,filled,dashed" if node.order == 1 else "rounded,filled"
            values["peripheries"] = "1" if node.order == 1 else "2"
        elif node.kind == "folded":
            values["penwidth"] = "2.6"
        return values

    def _rows(self, node: Node) -> Iterator[str]:
        """What stands below an operation's name."""
        show = self._look.show
        faint = style.FAINT_TEXT if self._look.color == "family" else style.TEXT
        if "attrs" in show:
            yield from [font(escaped(line), "9", faint) for line in node.label]
        costs = []
        if node.flops and "flops" in show:
            costs.append(in_flops(node.flops))
        if node.seconds is not None and "time" in show:
            costs.append(f"<B>{escaped(in_seconds(node.seconds))}</B>")
        if costs:
            yield font(" · ".join(costs), "9", style.TEXT)
        if node.saved and self._saves and "saved" in show:
            yield font(f"saves {in_bytes(node.saved)}", "9", style.TEXT)
        if self._trouble is not None and node.id == self._trouble.node.id:
            assert node.stats is not None
            color = style.BAD if self._look.color == "family" else style.TEXT  # which can be read on heat
            yield font(f"<B>{escaped(not_finite(node.stats))}</B>", "10.5", color)

    def _bar(self, node: Node) -> str:
        """A bar as long as the operation's time."""
        length = max(2, round(_BAR * (node.seconds or 0.0) / self._slowest))
        color = style.colors_of(node).border
        cell = 'FIXEDSIZE="TRUE" HEIGHT="5" WIDTH='
        rest = f'<TD BGCOLOR="{style.TRACK}" {cell}"{_BAR - length}"></TD>' if length < _BAR else ""
        table = f'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" HEIGHT="5" WIDTH="{_BAR}"'
        return f'<TABLE {table}><TR><TD BGCOLOR="{color}" {cell}"{length}"></TD>{rest}</TR></TABLE>'

    def _cylinder(self, card: Card) -> dict[str, str]:
        # A gradient of which only a part is made here has no norm.
        nodes = [replace(node, norm=None) if card.again else node for node in card.nodes]
        label = stacked([self._named(node) for node in nodes], "LEFT")
        values = {"fontsize": "9.5", "label": label, "margin": "0.13,0.06", "shape": "cylinder"}
        outline = "filled,dotted" if card.again else "filled,dashed" if card.first.kind == "gradient" else "filled"
        return values | {"penwidth": "1.3", "style": outline, "width": "1.3"}

    def _end(self, node: Node) -> dict[str, str]:
        if node.kind == "seed":
            label = f"<B>{escaped(node.name)}</B>" + (f"&#160; {escaped(node.value)}" if node.value else "")
            return {"fontsize": "10", "label": Markup(label), "margin": "0.12,0.06", "style": "rounded,filled,dashed"}
        value = f" = {escaped(node.value)}" if node.value else ""
        return {
            "fontsize": "13",
            "label": Markup(f"<B>{_signed(node, escaped(node.name))}{value}</B>"),
            "margin": "0.16,0.07",
        }

    def _box(self, card: Card) -> dict[str, str]:
        used = Counter([self._named(node) for node in card.nodes])
        lines = [line if count == 1 else f"{line} ×{count}" for line, count in used.items()]
        if card.first.kind == "input" and card.first.tensor is not None and len(lines) == 1:
            tensor = card.first.tensor
            lines.append(font(f"{escaped(tensor.dtype)} · {in_bytes(tensor.bytes)}", "9.5", style.TEXT))
        values = {"fontsize": "9.5", "height": "0.3", "label": stacked(lines), "margin": "0.1,0.05"}
        return values | {"penwidth": "1.3", "width": "1"}

    def _named(self, node: Node) -> str:
        name = node.name.removeprefix(f"{node.layer}.") if node.layer else node.name
        text = f"<B>{_signed(node, escaped(name))}</B>"
        if node.kind == "gradient":
            known = node.norm is not None and "norm" in self._look.show
            text = f"<B>{_signed(node, f'∂{escaped(name)}')}</B>"
            return f"{text}&#160; {font(f'norm {node.norm:.3g}', '9.5', style.TEXT)}" if known else text
        if node.tensor is None:
            return text
        words = node.label[0] if node.change == "changed" and node.label else times(node.tensor.shape)
        return f"{text}&#160; {font(escaped(words), '9.5', style.TEXT)}"

    def _arrows(self) -> Iterator[str]:
        cards = {(card.first.id, card.user): card for card in self._cards}
        for edge in self._graph.edges:
            source = cards.get((edge.source, "")) or cards.get((edge.source, edge.target))
            target = cards.get((edge.target, "")) or cards.get((edge.target, edge.source))
            if source is None or target is None:
                continue  # the others of a card share its arrow
            values = self._arrow(edge)
            if edge.change:
                values |= {"color": style.CHANGES[edge.change]}
                values |= {"style": "dashed" if edge.change == "removed" else "solid"}
            if (edge.source, edge.target) in self._path:
                values |= {"color": style.BAD, "penwidth": "3"}
            ends = source.id, target.id
            if edge.flow == "gradient" and source.first.kind != "output" and target.beside is None:
                # Graphviz ranks what an arrow leaves above what it reaches: backward runs up, so it is written down.
                ends = target.id, source.id
                values |= {"dir": "back"}
            yield f"  {quoted(ends[0])} -> {quoted(ends[1])}" + attributes(**values)

    def _arrow(self, edge: Edge) -> dict[str, str]:
        source, target, tensor = self._nodes[edge.source], self._nodes[edge.target], edge.tensor
        if edge.flow == "saved":
            return self._saved_arrow(source)
        if edge.flow == "gradient":
            return self._gradient_arrow(edge, source, target)
        if source.kind in ("parameter", "constant"):
            return {"arrowsize": "0.7", "color": style.colors_of(source).border, "penwidth": "1.2", "weight": "3"}
        weight = "8" if self._latest.get(target.id) == source.id else "2"  # what comes from further above gives way
        if tensor is None:
            return {"penwidth": "1.2", "weight": weight}
        values = {"penwidth": f"{_width(tensor):g}", "tooltip": described(tensor), "weight": weight}
        words = self._tensor_words(tensor)
        if words and (target.kind != "output" or tensor.size != 1):
            values["label"] = f"   {words} "
        return values

    def _tensor_words(self, tensor: Tensor) -> str:
        show = self._look.show
        words = [times(tensor.shape)] if "shape" in show else []
        if "dtype" in show and tensor.dtype != self._common[0][0]:  # the usual one need not be said
            words.append(tensor.dtype)
        if "bytes" in show:
            words.append(in_bytes(tensor.bytes))
        return "  ".join(words)

    def _saved_arrow(self, source: Node) -> dict[str, str]:
        values = {"arrowhead": "odot", "arrowsize": "0.6", "color": style.SAVED, "fontcolor": style.SAVED}
        values |= {"penwidth": "1.5", "style": "dotted", "weight": "2"}
        if "saved" in self._look.show:
            amount = f"  <B>{in_bytes(source.saved)}</B>" if source.saved else ""
            words = f"saves {escaped(source.saves)}" if source.saves else "saves"
            values["label"] = Markup(f"&#160;{words}{amount}&#160;")
        return values

    def _gradient_arrow(self, edge: Edge, source: Node, target: Node) -> dict[str, str]:
        values = {"color": style.GRADIENT, "style": "dashed", "penwidth": "1.4"}
        if target.kind == "gradient":
            return values | {
                "arrowsize": "0.7",
                "color": style.colors_of(target).border,
                "penwidth": "1.2",
                "weight": "3",
            }
        if source.kind != "output" and edge.tensor is not None:
            values |= {"penwidth": f"{_width(edge.tensor):g}", "tooltip": f"gradient · {described(edge.tensor)}"}
            values |= {"weight": "8" if self._latest.get(source.of) == target.of else "2"}
        return values


def _signed(node: Node, name: str) -> str:
    return f"{style.SIGNS[node.change]} {name}" if node.change else name


def _width(tensor: Tensor) -> float:
    """Points: 1 up to 2 KiB, and a quarter more for each doubling."""
    return min(max(1.0, round(log2(tensor.bytes + 1) / 4 - 1.75, 2)), 6.0)
