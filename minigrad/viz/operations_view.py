"""The operations view: operations as cards with arrays flowing between them, in the DOT language.

Forward runs down, and backward up beside it; each layer has a frame. One Graph gives one text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from math import log2

from minigrad.viz import dot, style
from minigrad.viz import formatting as form
from minigrad.viz.dot import Markup, attributes, escaped, font, quoted, stacked
from minigrad.viz.graph import Edge, Graph, Node, Tensor, common_change, first_nonfinite, layer_paths
from minigrad.viz.legend import legend_of
from minigrad.viz.options import DrawOptions

_FEW_ARROWS = 3  # that may leave one shape; a weight of more operations is drawn again beside each
_SHOWN_NODES = 8  # in one tooltip
_BAR = 126  # points
_FLOWING = ("operation", "folded", "input")
_ANCHORS = {"parameter": "operation", "gradient": "derivative"}
"""The kind of the shape that parameters, or gradients, stand beside."""


def write(graph: Graph, options: DrawOptions = DrawOptions(), facts: Sequence[str] = ()) -> str:  # noqa: B008 - frozen
    """The DOT text of `graph`, with a line of facts below the title; it ends with a line break."""
    shapes = node_shapes(graph)
    drawing = _Drawing(graph, shapes, options)
    legend = legend_of(graph, options, repeated=any(shape.again for shape in shapes)) if options.legend else ""
    body = [*layer_frames(shapes, list(map(drawing.statement, shapes))), *drawing.ranks(), *drawing.arrows()]
    heading = dot.heading(options.title, facts, legend)
    return dot.digraph(heading, body, direction=options.direction.replace("auto", "TB"), nodesep="0.3", ranksep="0.32")


@dataclass(slots=True)
class NodeShape:
    """One shape: a node, or several of a kind and a layer that the same operations use (their weights and biases)."""

    nodes: list[Node]
    layer: str  # in whose frame it stands
    beside: str | None = None  # id of the operation or derivative that it stands beside; None for a place of its own
    user: str = ""  # id of the only node at the other end of its arrow, where there are several such shapes
    again: bool = False  # whether it is drawn again; the gradient that is drawn last is the sum of all

    @property
    def first(self) -> Node:
        """The node whose kind and id are those of the shape."""
        return self.nodes[0]

    @property
    def id(self) -> str:
        """The first node's id, and its user's if there are several shapes of it."""
        return f"{self.first.id} at {self.user}" if self.user else self.first.id

    @property
    def side(self) -> str:
        """The side of an operation, or of its derivative, where it stands."""
        return "gradient" if self.first.kind == "gradient" else "parameter"


def node_shapes(graph: Graph) -> list[NodeShape]:
    """The shapes of `graph`, in the order of their first nodes."""
    users, nodes = _users(graph), {node.id: node for node in graph.nodes}
    together: dict[tuple[str, str, tuple[str, ...]], list[Node]] = {}  # those of one kind and layer with the same users
    for node in graph.nodes:
        used_by = users.get(node.id, ()) if node.kind in ("parameter", "constant", "gradient") else ()
        together.setdefault((node.kind if used_by else node.id, node.layer, used_by), []).append(node)
    shapes: list[NodeShape] = []
    accompanied: set[str] = set()
    for (_, layer, used_by), group in together.items():
        copies = [NodeShape(group, layer)]
        if len(used_by) > _FEW_ARROWS:
            copies = [NodeShape(group, nodes[user].layer, user=user, again=i > 0) for i, user in enumerate(used_by)]
        for shape, user in zip(copies, used_by, strict=False):
            # Only one stands beside an operation: the arrow of a second one would run through the first.
            alone = shape.user or len(used_by) == 1
            if alone and nodes[user].family and nodes[user].layer == shape.layer and user not in accompanied:
                shape.beside = user
                accompanied.add(user)
        shapes += copies
    return shapes


def _users(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The nodes that take each node's array, or make a part of a gradient, in the order of forward."""
    ends = [(edge.source, edge.target) for edge in graph.edges if edge.flow == "tensor"]
    ends += [(edge.target, edge.source) for edge in reversed(graph.edges) if edge.flow == "gradient"]
    users: dict[str, dict[str, None]] = {}
    for node, user in ends:
        users.setdefault(node, {})[user] = None
    return {node: tuple(of) for node, of in users.items()}


class _Drawing:
    """The statements of one file."""

    def __init__(self, graph: Graph, shapes: list[NodeShape], options: DrawOptions) -> None:
        self._graph, self._shapes, self._options = graph, shapes, options
        self._nodes = {node.id: node for node in graph.nodes}
        runs = [run for run, _ in groupby([n.layer for n in graph.nodes if n.kind == "operation" and n.layer])]
        self._straight = len(runs) == len(set(runs))  # Graphviz can't keep columns where a layer is called again
        self._nonfinite, self._nonfinite_path = first_nonfinite(graph)
        self._largest_heat, self._longest_time = options.scales(graph)
        self._saves = not any(edge.flow == "saved" for edge in graph.edges)
        place = {node.id: i for i, node in enumerate(graph.nodes) if node.kind in _FLOWING}
        flowing = [e for e in graph.edges if e.flow == "tensor" and e.change != "removed" and e.source in place]
        flowing.sort(key=lambda edge: place[edge.source])
        self._latest = {edge.target: edge.source for edge in flowing}  # of a node's inputs the one that was made last
        self._usual = Counter(edge.tensor.dtype for edge in graph.edges if edge.tensor).most_common(1)  # dtype

    def statement(self, shape: NodeShape) -> str:
        """The statement of a shape."""
        node, change = shape.first, common_change(shape.nodes)
        values = {"tooltip": "; ".join([form.tooltip(n) for n in shape.nodes[:_SHOWN_NODES]])}
        if node.kind in ("operation", "derivative", "folded"):
            values |= self._operation(node)
        elif node.kind in ("parameter", "gradient"):
            values |= self._cylinder(shape)
        elif node.kind in ("output", "seed"):
            values |= self._end(node)
        else:
            values |= self._box(shape)
        if change:
            values |= {"color": style.CHANGES[change], "penwidth": "3"}
        if node is self._nonfinite:
            values |= {"color": style.BAD, "penwidth": "4"}
        if self._straight and node.kind in (*_FLOWING, "derivative", "seed"):
            values["group"] = "forward" if node.order == 0 else "backward"
        return dot.node(shape.id, style.colors_of(node), values)

    def _operation(self, node: Node) -> dict[str, str]:
        name = escaped(node.name)
        if node.kind == "derivative" or (node.kind == "folded" and node.order and not name.startswith("∂")):
            name = f"∂{name}"
        times = f" ×{node.count}" if node.count > 1 else ""
        label = stacked([f"<B>{_signed(node, name)}{times}</B>", *self._rows(node)])
        values = {"label": label, "margin": "0.14,0.07", "width": "2.1"}
        if self._largest_heat:
            colors = style.heat(self._options.heat(node) / self._largest_heat)
            values |= {"fillcolor": colors.fill, "fontcolor": colors.text}
        if node.order:
            dashed = ",dashed" if node.order == 1 else ""
            values |= {"peripheries": str(min(node.order, 2)), "style": f"rounded,filled{dashed}"}
        return values | ({"penwidth": "2.6"} if node.kind == "folded" and not node.order else {})

    def _rows(self, node: Node) -> Iterator[str]:
        """The lines below an operation's name."""
        shows, by_family = self._options.shows, self._options.color == "family"
        if shows("attrs"):
            yield from [font(escaped(line), "9", style.FAINT_TEXT if by_family else style.TEXT) for line in node.label]
        costs = [form.format_flops(node.flops)] if node.flops and shows("flops") else []
        if node.seconds is not None and shows("time"):
            costs.append(f"<B>{escaped(form.format_seconds(node.seconds))}</B>")
        if costs:
            yield font(" · ".join(costs), "9")
        if node.saved and self._saves and shows("saved"):
            yield font(f"saves {form.format_bytes(node.saved)}", "9")
        if node is self._nonfinite and node.stats is not None:
            color = style.BAD if by_family else style.TEXT  # which can be read on heat
            yield font(f"<B>{escaped(form.format_nonfinite(node.stats))}</B>", "10.5", color)
        if node.seconds is not None and self._longest_time:
            yield self._bar(node, node.seconds / self._longest_time)

    def _bar(self, node: Node, part: float) -> str:
        """A bar as long as the operation's time."""
        length, size = max(2, round(_BAR * part)), 'FIXEDSIZE="TRUE" HEIGHT="5" WIDTH='
        parts = ((style.colors_of(node).border, length), (style.TRACK, _BAR - length))
        cells = "".join([f'<TD BGCOLOR="{color}" {size}"{width}"></TD>' for color, width in parts if width])
        table = f'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" {size}"{_BAR}"'
        return f"<TABLE {table}><TR>{cells}</TR></TABLE>"

    def _cylinder(self, shape: NodeShape) -> dict[str, str]:
        # A gradient of which only a part is made here has no norm.
        nodes = [replace(node, norm=None) if shape.again else node for node in shape.nodes]
        label = stacked([self._named(node) for node in nodes], "LEFT")
        values = {"fontsize": "9.5", "label": label, "margin": "0.13,0.06", "shape": "cylinder"}
        outline = "filled,dotted" if shape.again else "filled,dashed" if shape.first.kind == "gradient" else "filled"
        return values | {"penwidth": "1.3", "style": outline, "width": "1.3"}

    def _end(self, node: Node) -> dict[str, str]:
        if node.kind == "seed":
            label = f"<B>{escaped(node.name)}</B>" + (f"&#160; {escaped(node.value)}" if node.value else "")
            return {"fontsize": "10", "label": Markup(label), "margin": "0.12,0.06", "style": "rounded,filled,dashed"}
        label = _signed(node, escaped(node.name)) + (f" = {escaped(node.value)}" if node.value else "")
        return {"fontsize": "13", "label": Markup(f"<B>{label}</B>"), "margin": "0.16,0.07"}

    def _box(self, shape: NodeShape) -> dict[str, str]:
        used = Counter([self._named(node) for node in shape.nodes])
        lines = [line if count == 1 else f"{line} ×{count}" for line, count in used.items()]
        tensor = shape.first.tensor
        if shape.first.kind == "input" and tensor is not None and len(lines) == 1:
            lines.append(font(f"{escaped(tensor.dtype)} · {form.format_bytes(tensor.bytes)}", "9.5"))
        values = {"fontsize": "9.5", "height": "0.3", "label": stacked(lines), "margin": "0.1,0.05"}
        return values | {"penwidth": "1.3", "width": "1"}

    def _named(self, node: Node) -> str:
        """A leaf's name with its shape, or a gradient's with its norm."""
        name = escaped(node.name.removeprefix(f"{node.layer}.") if node.layer else node.name)
        words = ""
        if node.kind == "gradient":
            name = f"∂{name}"
            words = f"norm {node.norm:.3g}" if node.norm is not None and self._options.shows("norm") else ""
        elif node.tensor is not None:
            changed = node.change == "changed" and node.label
            words = escaped(node.label[0] if changed else form.format_shape(node.tensor.shape))
        return f"<B>{_signed(node, name)}</B>" + (f"&#160; {font(words, '9.5')}" if words else "")

    def ranks(self) -> Iterator[str]:
        """Side by side: leaves of only one operation, the operation, its derivative, the gradients of these leaves."""
        of = {node.id: node.of for node in self._graph.nodes if node.of and node.kind != "gradient"}
        rows = {node: [node, derivative] for derivative, node in of.items()}
        for shape in self._shapes:
            if shape.beside is not None:
                row = rows.setdefault(of.get(shape.beside, shape.beside), [shape.beside])
                row.insert(len(row) if shape.side == "gradient" else 0, shape.id)
        for row in rows.values():
            yield f"  {{rank=same; {'; '.join(map(quoted, row))}}}"

    def arrows(self) -> Iterator[str]:
        """The statements of the edges."""
        shapes = {(shape.first.id, shape.user): shape for shape in self._shapes}
        for edge in self._graph.edges:
            source = shapes.get((edge.source, "")) or shapes.get((edge.source, edge.target))
            target = shapes.get((edge.target, "")) or shapes.get((edge.target, edge.source))
            if source is None or target is None:
                continue  # the others of a shape share its arrow
            values = self._arrow(edge)
            if edge.change:
                line = "dashed" if edge.change == "removed" else "solid"
                values |= {"color": style.CHANGES[edge.change], "style": line}
            if (edge.source, edge.target) in self._nonfinite_path:
                values |= {"color": style.BAD, "penwidth": "3"}
            if edge.flow == "gradient" and source.first.kind != "output" and target.beside is None:
                # Graphviz ranks what an arrow leaves above what it reaches: backward runs up, so it is written down.
                source, target, values = target, source, values | {"dir": "back"}
            yield dot.edge(source.id, target.id, **values)

    def _arrow(self, edge: Edge) -> dict[str, str]:
        source, target, tensor = self._nodes[edge.source], self._nodes[edge.target], edge.tensor
        if edge.flow == "saved":
            return self._saved_arrow(source)
        values = {"penwidth": "1.2"}
        if edge.flow == "gradient":
            values = {"color": style.GRADIENT, "penwidth": "1.4", "style": "dashed"}
        if target.kind == "gradient" or source.kind in ("parameter", "constant"):
            leaf = target if target.kind == "gradient" else source
            ends = {"arrowsize": "0.7", "color": style.colors_of(leaf).border, "penwidth": "1.2", "weight": "3"}
            return values | ends
        if edge.flow == "gradient" and (source.kind == "output" or tensor is None):
            return values
        latest = self._latest.get(source.of) == target.of if target.of else self._latest.get(target.id) == source.id
        values["weight"] = "8" if latest else "2"  # what comes from further above gives way
        if tensor is not None:
            width = min(max(1.0, round(log2(tensor.bytes + 1) / 4 - 1.75, 2)), 6.0)  # + ¼ for each doubling from 2 KiB
            values |= {"penwidth": f"{width:g}", "tooltip": form.format_tensor(tensor)}
            words = self._tensor_words(tensor)
            if edge.flow == "gradient":
                values["tooltip"] = f"gradient · {values['tooltip']}"
            elif words and (target.kind != "output" or tensor.size != 1):
                values["label"] = f"   {words} "
        return values

    def _tensor_words(self, tensor: Tensor) -> str:
        shows = self._options.shows
        words = [form.format_shape(tensor.shape)] if shows("shape") else []
        if shows("dtype") and tensor.dtype != self._usual[0][0]:  # the usual one need not be said
            words.append(tensor.dtype)
        return "  ".join([*words, form.format_bytes(tensor.bytes)] if shows("bytes") else words)

    def _saved_arrow(self, source: Node) -> dict[str, str]:
        values = {"arrowhead": "odot", "arrowsize": "0.6", "color": style.SAVED, "fontcolor": style.SAVED}
        values |= {"penwidth": "1.5", "style": "dotted", "weight": "2"}
        if self._options.shows("saved"):
            amount = f"  <B>{form.format_bytes(source.saved)}</B>" if source.saved else ""
            words = f"saves {escaped(source.saves)}" if source.saves else "saves"
            values["label"] = Markup(f"&#160;{words}{amount}&#160;")
        return values


def _signed(node: Node, name: str) -> str:
    return f"{style.SIGNS[node.change]} {name}" if node.change else name


def layer_frames(shapes: Sequence[NodeShape], statements: Sequence[str]) -> list[str]:
    """The statements of all shapes, in their order, those of each layer in its frame, which may lie in another one."""
    layers = dict.fromkeys(shape.layer for shape in shapes if shape.layer and shape.first.kind != "folded")
    numbers = {layer: number for number, layer in enumerate(layers, 1)}
    sides = {(shape.layer, shape.side) for shape in shapes if shape.beside is not None}
    wanted = {side for _, side in sides}
    members: dict[str, list[NodeShape]] = {layer: [] for layer in ("", *layers)}
    inside: dict[str, list[list[str]]] = {layer: [] for layer in ("", *layers)}  # statements, and whole frames
    frames: dict[str, tuple[str, list[str]]] = {}  # the layer around each, and the lines of its frame
    for shape, statement in zip(shapes, statements, strict=True):
        around = ""
        for layer in layer_paths(shape.layer):
            if layer in layers:
                if layer not in frames:
                    frames[layer] = around, []
                    inside[around].append(frames[layer][1])
                around = layer
        members[around].append(shape)
        inside[around].append([statement])
    for layer in sorted(frames, key=lambda path: -path.count(".")):  # what is inside, before what is around it
        outer, lines = frames[layer]
        missing = [side for side in _ANCHORS if side in wanted and (layer, side) not in sides]
        values = {"color": style.LAYER_BORDER, "margin": "11", "tooltip": form.one_line(layer)}
        body = [*chain.from_iterable(inside[layer]), *_spaces(numbers[layer], members[layer], missing)]
        lines += dot.frame(numbers[layer], _frame_label(layer, outer, members[layer]), body, **values)
        members[outer] += [shape for shape in members[layer] if shape.first.kind == "parameter"] if outer else []
    return [*chain.from_iterable(inside[""])]


def _frame_label(layer: str, outer: str, shapes: list[NodeShape]) -> str:
    nodes = [node for shape in shapes if not shape.again for node in shape.nodes]
    tensors = [node.tensor for node in nodes if node.kind == "parameter" and node.tensor]
    count = form.format_count(sum(tensor.size for tensor in tensors), "parameter")
    words = f"{count} · {form.format_bytes(sum(tensor.bytes for tensor in tensors))}"
    if not tensors:
        words = "" if any(shape.first.kind == "folded" for shape in shapes) else "no parameters"
    name = layer.removeprefix(f"{outer}.") if outer else layer
    return font(f"<B>{escaped(name)}</B>", "12") + font(f"&#160;&#160;{words}", "9.5", style.FAINT_TEXT)


def _spaces(number: int, shapes: list[NodeShape], missing: list[str]) -> Iterator[str]:
    """Room at the sides of a layer that has nothing there: all frames are as wide, and no arrow runs over a name."""
    for side in missing:
        anchor = next((quoted(shape.id) for shape in shapes if shape.first.kind == _ANCHORS[side]), None)
        if anchor is not None:
            space = quoted(f"space {side} {number}")
            ends = (space, anchor) if side == "parameter" else (anchor, space)
            yield f"    {space}{attributes(height='0.1', label='', style='invis', width='1.3')};"
            yield f"    {{rank=same; {ends[0]} -> {ends[1]}{attributes(style='invis', weight='3')}}}"
