"""The teaching view: Variables as nodes and a lane for each order of differentiation, in the DOT language.

A Variable that another lane uses is drawn again there, so that no edge leaves its lane.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from minigrad.viz import dot, style
from minigrad.viz.dot import escaped, font, stacked
from minigrad.viz.formatting import format_shape, one_line, tooltip
from minigrad.viz.formulas import GIVEN, formulas, shown_outputs
from minigrad.viz.graph import LEAVES, Graph, Node
from minigrad.viz.options import DrawOptions

_TITLES = ("forward", "backward", "backward of backward", "third derivative")
_EQUATIONS = 3  # in a title
_LONGEST_VALUE = 24  # characters
_LONGEST_WAY = 8  # operations, that still fit a page's width
_VARIABLE = style.COLORS["constant"]._replace(text=style.TEXT)
_COLORS = {kind: style.COLORS[kind] for kind in LEAVES} | {"output": style.COLORS["loss"]}  # of all others _VARIABLE's


def write(graph: Graph, options: DrawOptions = DrawOptions(), facts: Sequence[str] = ()) -> str:  # noqa: B008 - frozen
    """The DOT text of `graph`, with a line of facts below the title; it ends with a line break.

    Lanes stand below each other, or with the direction "TB" side by side. Derivatives that were not recorded as
    operations are left out: they have no Variables.
    """
    edges = [edge for edge in graph.edges if edge.flow == "tensor"]
    used = {edge.source for edge in edges}
    kept = [n for n in graph.nodes if n.kind not in ("derivative", "gradient") and (n.kind != "seed" or n.id in used)]
    shown = graph.rebuilt(kept, edges)
    drawing = _Drawing(shown)
    lanes = [lane for _, lane in sorted(drawing.lanes.items()) if lane.nodes]
    hints = _hints([lane.order for lane in lanes])
    if drawing.drawn_again:
        hints.append("dotted: the same variable, drawn again")
    heading = dot.heading(options.title, [*facts, *hints] if options.legend else facts)
    auto = "LR" if _longest_way(shown) <= _LONGEST_WAY else "TB"
    direction = auto if options.direction == "auto" else options.direction
    return dot.digraph(heading, _body(lanes, direction), direction=direction, nodesep="0.25", ranksep="0.42")


@dataclass(slots=True)
class _Lane:
    """An order of differentiation: its statements, and the formulas of its outputs, "y = x³"."""

    order: int
    nodes: dict[str, str] = field(default_factory=dict)  # by their ids
    edges: list[str] = field(default_factory=list)
    equations: list[str] = field(default_factory=list)

    @property
    def color(self) -> str:
        """The colour of its arrows."""
        return style.ORDERS[min(self.order, len(style.ORDERS) - 1)]

    @property
    def title(self) -> str:
        """The markup of its order, and of some equations."""
        name = _TITLES[self.order] if self.order < len(_TITLES) else f"derivative of order {self.order}"
        equations = ", ".join(map(escaped, self.equations[:_EQUATIONS]))
        title = font(f"<B>order {self.order}: {name}</B>", "12")
        return title + (font(f"&#160;&#160;&#160;{equations}", "12") if equations else "")


class _Drawing:
    """The lanes of a graph, made in execution order."""

    def __init__(self, graph: Graph) -> None:
        orders = {node.id: node.order for node in graph.nodes}
        self.lanes = {order: _Lane(order) for order in orders.values()}
        self.drawn_again = False
        self._formulas = formulas(graph)
        self._variables: dict[str, Node] = {}  # by the ids of the nodes that are or make them
        shown_by = shown_outputs(graph)
        sources = {id_: [edge.source for edge in edges] for id_, edges in graph.inputs().items()}
        last_first = sorted(graph.edges, key=lambda edge: -orders[edge.target])
        homes = {edge.source: orders[edge.target] for edge in last_first}  # of a leaf: the first lane that uses it
        for node in graph.nodes:
            if node.kind in GIVEN:
                self._variables[node.id] = self._variable(node, node, homes.get(node.id, node.order))
            elif node.kind != "output":
                self._add_operation(node, sources[node.id], shown_by.get(node.id))
            elif node.id not in self._variables:
                self._connect(sources[node.id], node.id, node.order)
                self._variables[node.id] = self._variable(node, node, node.order)
        for variable in self._variables.values():
            self._place(variable, variable.order)  # also those that nothing uses

    def _add_operation(self, node: Node, sources: Sequence[str], output: Node | None) -> None:
        """Draw an operation and the Variable that it makes, which may be an output."""
        lane = self.lanes[node.order]
        self._connect(sources, node.id, node.order)
        lane.nodes[node.id] = _operation(node)
        variable = self._variable(output or node, node, node.order)
        self._variables[node.id] = self._variables[variable.id] = variable
        lane.edges.append(dot.edge(node.id, self._place(variable, node.order), color=lane.color))
        if output is not None and self._formulas[output.id] != self._formulas[node.id]:
            lane.equations.append(f"{self._formulas[output.id]} = {self._formulas[node.id]}")

    def _connect(self, sources: Sequence[str], target: str, order: int) -> None:
        """Draw arrows from the Variables of some nodes to a node in a lane."""
        lane = self.lanes[order]
        variables = [self._variables[source] for source in sources if source in self._variables]
        lane.edges += [dot.edge(self._place(variable, order), target, color=lane.color) for variable in variables]

    def _place(self, variable: Node, order: int) -> str:
        """The id of a Variable in a lane, where it is drawn unless it is there already."""
        lane, again = self.lanes[order], order != variable.order
        id_ = f"{variable.id} in order {order}" if again else variable.id
        if id_ not in lane.nodes:
            border = {"color": _VARIABLE.border, "style": "filled,dotted"} if again else {}
            lane.nodes[id_] = dot.node(id_, _COLORS.get(variable.kind, _VARIABLE), _ellipse(variable) | border)
            self.drawn_again |= again
        return id_

    def _variable(self, node: Node, operation: Node, order: int) -> Node:
        """The Variable that an operation makes, or that is a leaf or an output, as a node in its lane."""
        made = node.kind not in (*GIVEN, "output")
        return Node(
            f"{node.id}.y" if made else node.id,
            node.kind,
            "" if made else node.name,
            tensor=node.tensor or operation.tensor,
            formula=self._formulas[node.id],
            order=order,
            value=node.value or operation.value,
            stats=node.stats or operation.stats,
        )


def _ellipse(node: Node) -> dict[str, str]:
    """The attributes of a Variable: its formula, its name if that is another one, its value or its shape."""
    formula = node.formula
    lines = [node.name] if node.name not in ("", node.kind) and one_line(node.name) != formula else []
    if node.value != formula.replace("−", "-"):
        shape = node.tensor.shape if node.tensor is not None else ()
        words = f"shape {shape[0]}" if len(shape) == 1 else format_shape(shape) if node.tensor else ""  # 12 is a value
        words = node.value if 0 < len(node.value) <= _LONGEST_VALUE else words
        lines.append(f"seed {words}" if node.kind == "seed" else words)
    label = stacked([f"<B>{escaped(formula)}</B>", *_faint(filter(None, lines))])
    values = {"label": label, "margin": "0.07,0.03", "penwidth": "1.3", "shape": "ellipse", "style": "filled"}
    return values | {"tooltip": tooltip(replace(node, name=node.name or formula)), "width": "0.8"}


def _operation(node: Node) -> str:
    """The statement of an operation's box: its colour is that of its family, its border says its order."""
    values = {"height": "0.5", "label": stacked([f"<B>{escaped(node.name)}</B>", *_faint(node.label)])}
    values |= {"margin": "0.12,0.06", "tooltip": tooltip(node), "width": "0.8"}
    if node.order == 1:
        values["style"] = "rounded,filled,dashed"
    elif node.order > 1:
        values["peripheries"] = "2"
    return dot.node(node.id, style.colors_of(node), values)


def _faint(lines: Iterable[str]) -> list[str]:
    return [font(escaped(line), "9", style.FAINT_TEXT) for line in lines]


def _hints(orders: Sequence[int]) -> list[str]:
    """Explanations of the borders of operations, where there are several orders."""
    if len(orders) < 2:
        return []
    hints = [f"order {order}: {border}" for order, border in enumerate(("filled", "dashed")) if order in orders]
    higher = [order for order in orders if order > 1]
    return [*hints, f"order {higher[0]}{' and higher' * (len(higher) > 1)}: double border"] if higher else hints


def _longest_way(graph: Graph) -> int:
    """The operations on the longest way within a lane."""
    orders, longest = {node.id: node.order for node in graph.nodes}, dict[str, int]()
    for id_, edges in graph.inputs().items():
        before = [longest[edge.source] for edge in edges if orders[edge.source] == orders[id_]]
        longest[id_] = max(before, default=0) + 1 if edges else 0
    return max((longest[node.id] for node in graph.nodes if node.kind == "operation"), default=0)


def _body(lanes: Sequence[_Lane], direction: str) -> Iterator[str]:
    # Graphviz stacks from left to right, and with arrows to the right from the bottom up.
    step = -1 if direction == "LR" else 1
    for lane in lanes[::step]:
        color = lane.color if lane.order > 0 else style.LAYER_BORDER
        values = {"color": color, "margin": "12", "penwidth": "1.2", "tooltip": f"order {lane.order}"}
        yield from dot.frame(lane.order, lane.title, [*lane.nodes.values()][::step], **values)
    for lane in lanes[::step]:
        yield from lane.edges[::step]
