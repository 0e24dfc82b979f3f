"""lanes: the teaching view, Variables as nodes and a lane for each order of differentiation, in the DOT language.

A Variable that another lane uses is drawn again there, so that no edge leaves its lane.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from minigrad.viz import dot, style
from minigrad.viz.dot import Markup, attributes, escaped, font, quoted, stacked
from minigrad.viz.formulas import GIVEN, formulas, outputs_of
from minigrad.viz.graph import LEAVES, Graph, Node, Tensor
from minigrad.viz.look import Look
from minigrad.viz.words import clean, times, tooltip

_LOOK = Look(direction="LR")
_TITLES = ("forward", "backward", "backward of backward", "third derivative")
_STYLES = ("filled", "dashed", "double border")
_EQUATIONS = 3  # in a title
_LONGEST_VALUE = 24  # characters

_VARIABLE = style.colors_of_kind("constant")._replace(text=style.TEXT)
_OUTPUT = style.colors_of_kind("loss")


@dataclass(frozen=True, slots=True)
class _Variable:
    """An ellipse, and the lane that it is from."""

    id: str
    order: int
    attributes: dict[str, str]


@dataclass(slots=True)
class _Lane:
    """An order of differentiation.

    Attributes:
        order: the number.
        nodes: statements.
        edges: statements.
        equations: what its outputs are, "y = x³".
        drawn: the ids of the Variables that are in it.
    """

    order: int
    nodes: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    equations: list[str] = field(default_factory=list)
    drawn: set[str] = field(default_factory=set)

    @property
    def color(self) -> str:
        """Of its arrows."""
        return style.ORDERS[min(self.order, len(style.ORDERS) - 1)]

    def connect(self, sources: Sequence[str], target: str) -> None:
        """Draw arrows to a node."""
        color = attributes(color=self.color)
        self.edges += [f"  {quoted(source)} -> {quoted(target)}{color}" for source in sources]


def write(graph: Graph, title: str | None = None, look: Look = _LOOK, facts: Sequence[str] = ()) -> str:
    """The DOT text of `graph`; it ends with a line break.

    Args:
        graph: of operations on Variables; the nodes' orders are the lanes. Derivatives that were not recorded as
            operations are left out: they have no Variables.
        title: what stands above it.
        look: the direction of the arrows: with "LR" lanes stand below each other, with "TB" side by side; and whether a
            legend says how lanes are to be read.
        facts: what stands below the title.
    """
    drawing = _Drawing(_of_variables(graph))
    lanes = [drawing.lanes[order] for order in sorted(drawing.lanes)]
    hints = _hints([lane.order for lane in lanes])
    if drawing.drawn_again:
        hints.append("dotted: the same variable, drawn again")
    heading = dot.heading(title, [*facts, *hints] if look.legend else facts)
    return dot.digraph(heading, _body(lanes, look.direction), direction=look.direction, nodesep="0.25", ranksep="0.42")


def _of_variables(graph: Graph) -> Graph:
    edges = tuple([edge for edge in graph.edges if edge.flow == "tensor"])
    used = {edge.source for edge in edges}
    derived = ("derivative", "gradient")
    nodes = tuple([n for n in graph.nodes if n.kind not in derived and (n.kind != "seed" or n.id in used)])
    return replace(graph, nodes=nodes, edges=edges)


class _Drawing:
    """The lanes of a graph, made in execution order."""

    def __init__(self, graph: Graph) -> None:
        self.lanes: dict[int, _Lane] = {}
        self.drawn_again = False
        self._formulas = formulas(graph)
        self._variables: dict[str, _Variable] = {}  # by the ids of the nodes that are or make them
        shown_by = outputs_of(graph)
        orders = {node.id: node.order for node in graph.nodes}
        sources: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
        homes: dict[str, int] = {}  # of a leaf: the first lane that uses it
        for edge in graph.edges:
            sources[edge.target].append(edge.source)
            order = orders[edge.target]
            homes[edge.source] = min(order, homes.get(edge.source, order))
        for node in graph.nodes:
            if node.kind in GIVEN:
                self._variables[node.id] = self._variable(node, node, homes.get(node.id, node.order))
            elif node.kind != "output":
                self._add_operation(node, sources[node.id], shown_by.get(node.id))
            elif node.id not in self._variables:
                variable = self._variables[node.id] = self._variable(node, node, node.order)
                self._connect(self._inputs(sources[node.id], node.order), variable)
        for variable in self._variables.values():
            self._place(variable, variable.order)  # also what nothing uses

    def _add_operation(self, node: Node, sources: Sequence[str], output: Node | None) -> None:
        """Draw an operation and what it makes, which may be an output."""
        inputs = self._inputs(sources, node.order)
        lane = self._lane(node.order)
        lane.nodes.append(f"    {quoted(node.id)}" + attributes(**_operation(node)))
        lane.connect(inputs, node.id)
        variable = self._variable(output or node, node, node.order)
        self._variables[node.id] = self._variables[variable.id] = variable
        self._connect([node.id], variable)
        if output is not None and self._formulas[output.id] != self._formulas[node.id]:
            lane.equations.append(f"{self._formulas[output.id]} = {self._formulas[node.id]}")

    def _lane(self, order: int) -> _Lane:
        return self.lanes.setdefault(order, _Lane(order))

    def _inputs(self, sources: Sequence[str], order: int) -> list[str]:
        return [self._place(self._variables[source], order) for source in sources if source in self._variables]

    def _connect(self, sources: Sequence[str], variable: _Variable) -> None:
        target = self._place(variable, variable.order)
        self._lane(variable.order).connect(sources, target)

    def _place(self, variable: _Variable, order: int) -> str:
        """The id of a Variable in a lane, where it is drawn unless it is there already."""
        lane = self._lane(order)
        again = order != variable.order
        id_ = f"{variable.id} in order {order}" if again else variable.id
        if id_ not in lane.drawn:
            lane.drawn.add(id_)
            border = {"color": _VARIABLE.border, "style": "filled,dotted"} if again else {}
            lane.nodes.append(f"    {quoted(id_)}" + attributes(**variable.attributes | border))
            self.drawn_again |= again
        return id_

    def _variable(self, node: Node, maker: Node, order: int) -> _Variable:
        """What an operation makes, or what is a leaf or an output itself."""
        made = node.kind not in (*GIVEN, "output")
        told = Node(
            node.id,
            node.kind,
            "" if made else node.name,
            tensor=node.tensor or maker.tensor,
            value=node.value or maker.value,
            stats=node.stats or maker.stats,
        )
        ellipse = _ellipse(told, self._formulas[node.id])
        return _Variable(f"{node.id}.y" if made else node.id, order, ellipse)


def _colors_of(node: Node) -> style.Colors:
    if node.kind == "output":
        return _OUTPUT
    return style.colors_of(node) if node.kind in LEAVES else _VARIABLE


def _ellipse(node: Node, called: str) -> dict[str, str]:
    """The attributes of a Variable: what formulas call it, its name if that is another one, its value or its shape."""
    below = []
    if node.name not in ("", node.kind) and clean(node.name) != called:
        below.append(node.name)
    if node.value != called.replace("−", "-"):
        told = node.value if 0 < len(node.value) <= _LONGEST_VALUE else _shape(node.tensor)
        below.append(f"seed {told}" if node.kind == "seed" else told)
    lines = [f"<B>{escaped(called)}</B>", *[font(escaped(line), "9", style.FAINT_TEXT) for line in below if line]]
    colors = _colors_of(node)
    return {
        "color": colors.border,
        "fillcolor": colors.fill,
        "fontcolor": colors.text,
        "label": stacked(lines),
        "margin": "0.07,0.03",
        "penwidth": "1.3",
        "shape": "ellipse",
        "style": "filled",
        "tooltip": dot.read_twice(tooltip(replace(node, name=node.name or called))),
        "width": "0.8",
    }


def _operation(node: Node) -> dict[str, str]:
    """The attributes of an operation's box: its colour is that of its family, its border says its order."""
    colors = style.colors_of(node)
    lines = [f"<B>{escaped(node.name)}</B>"]
    lines += [font(escaped(line), "9", style.FAINT_TEXT) for line in node.label]
    shown = {
        "color": colors.border,
        "fillcolor": colors.fill,
        "fontcolor": colors.text,
        "height": "0.5",
        "label": stacked(lines),
        "margin": "0.12,0.06",
        "tooltip": dot.read_twice(tooltip(node)),
        "width": "0.8",
    }
    if node.order == 1:
        shown["style"] = "rounded,filled,dashed"
    elif node.order > 1:
        shown["peripheries"] = "2"
    return shown


def _shape(tensor: Tensor | None) -> str:
    if tensor is None:
        return ""
    return f"shape {tensor.size}" if len(tensor.shape) == 1 else times(tensor.shape)  # 12 alone could be a value


def _hints(orders: Sequence[int]) -> list[str]:
    """How the orders of operations are told apart, where there are several."""
    if len(orders) < 2:
        return []
    hints = [f"order {order}: {name}" for order, name in enumerate(_STYLES[:2]) if order in orders]
    higher = [order for order in orders if order > 1]
    if higher:
        hints.append(f"order {higher[0]}{' and higher' * (len(higher) > 1)}: {_STYLES[2]}")
    return hints


def _body(lanes: Sequence[_Lane], direction: str) -> Iterator[str]:
    # Graphviz stacks from left to right, and with arrows to the right from the bottom up.
    step = -1 if direction == "LR" else 1
    for lane in lanes[::step]:
        yield from _cluster(lane, step)
    for lane in lanes[::step]:
        yield from lane.edges[::step]


def _cluster(lane: _Lane, step: int) -> Iterator[str]:
    name = _TITLES[lane.order] if lane.order < len(_TITLES) else f"derivative of order {lane.order}"
    label = font(f"<B>{escaped(f'order {lane.order}: {name}')}</B>", "12", style.TEXT)
    if lane.equations:
        equations = ", ".join([escaped(equation) for equation in lane.equations[:_EQUATIONS]])
        label += font(f"&#160;&#160;&#160;{equations}", "12", style.TEXT)
    yield f'  subgraph "cluster_{lane.order}" {{'
    yield "    graph" + attributes(
        color=lane.color if lane.order > 0 else style.LAYER_BORDER,
        fillcolor=style.LAYER_FILL,
        label=Markup(label),
        labeljust="l",
        margin="12",
        penwidth="1.2",
        style="rounded,filled",
        tooltip=f"order {lane.order}",
    )
    yield from lane.nodes[::step]
    yield "  }"
