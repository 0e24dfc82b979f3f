"""diff: two diagrams as one, in which each node and each edge is added, removed, changed or the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, TypeAlias

from minigrad.viz.diagram import Diagram
from minigrad.viz.formatting import format_shape
from minigrad.viz.graph import Edge, Graph, Kind, Node, Tensor
from minigrad.viz.options import DrawOptions

_PAIRS = 1_000_000  # of nodes that could be the same; to weigh more of them takes too long

_Key: TypeAlias = tuple[str | int, ...]  # of a node: equal for nodes that may be the same


def diff(before: Diagram, after: Diagram, **options: Any) -> Diagram:
    """Compare two diagrams: a node that is only in `after` is green and has a +, one only in `before` red and has a −.

    A node in both that has other parameters or another shape is amber, has a ~ and says both.

    Two nodes of the same layer, operation and place among such are the same. The options are those of `draw`; the title
    is by default both titles, and the view "ops".

    Raises:
        TypeError: one of the two is no Diagram, or there is no such option.
        ValueError: the view is "teach", which has no signs for changes, or see `DrawOptions`.

    >>> import minigrad as mg
    >>> from minigrad import viz
    >>> x = mg.Variable(3.0, name="x")
    >>> changes = viz.diff(viz.draw(x * 2.0), viz.draw((x * 4.0).sum()))
    >>> [(node.name, node.change) for node in changes.graph.nodes]
    [('x', ''), ('MulScalar', 'changed'), ('Sum', 'added'), ('output', '')]
    """
    for argument, diagram in (("before", before), ("after", after)):
        if not isinstance(diagram, Diagram):
            raise TypeError(f"diff: {argument} must be a Diagram, as draw makes it, not {type(diagram).__name__}")
    titles = dict.fromkeys(diagram.title or "Compute graph" for diagram in (before, after))
    chosen = DrawOptions.of(" → ".join(titles), {"view": "ops", **options})
    if chosen.view in ("teach", "auto"):
        raise ValueError(f"diff: view must be 'ops', 'layers' or 'model', not {chosen.view!r}")
    return Diagram(compare(before.graph, after.graph), chosen)


def compare(before: Graph, after: Graph) -> Graph:
    """One graph of all that is in either, each with its change.

    Two nodes are the same if kind, order, layer and name are and if they stand at the same place among the others; two
    derivatives, if their operations are the same. A node changed if its parameters, its tensor or its costs did: its
    label says how. Measurements and values are those of `after`. Either graph could be executed in the nodes' order.
    """
    old: dict[str, str] = {"": ""}  # ids in the compared graph
    new: dict[str, str] = {"": ""}
    nodes = []
    numbers: Counter[Kind] = Counter()
    for a, b in _paired(before, after):
        node = _compared(a, b)
        numbers[node.kind] += 1
        name = f"{node.kind}{numbers[node.kind]}"
        if a is not None:
            old[a.id] = name
        if b is not None:
            new[b.id] = name
        nodes.append(replace(node, id=name))
    nodes = [replace(node, of=(old if node.change == "removed" else new)[node.of]) for node in nodes]
    return after.rebuilt(nodes, _edges(before, after, old, new))


def _edges(before: Graph, after: Graph, old: dict[str, str], new: dict[str, str]) -> Iterator[Edge]:
    """The edges of both graphs, between the nodes of the compared one."""
    removed = {}
    for edge in before.edges:
        source, target = old[edge.source], old[edge.target]
        key = source, target, edge.position, edge.flow
        removed[key] = replace(edge, source=source, target=target, change="removed")
    for edge in after.edges:
        source, target = new[edge.source], new[edge.target]
        stays = removed.pop((source, target, edge.position, edge.flow), None) is not None
        yield replace(edge, source=source, target=target, change="" if stays else "added")
    yield from removed.values()


def _paired(before: Graph, after: Graph) -> Iterator[tuple[Node | None, Node | None]]:
    """All nodes as they stand in both graphs; between two that match first the removed ones, then the added ones.

    Matches don't cross: aligned nodes don't, and derivatives stand in the same order to one another in both.
    """
    i = j = 0
    for a, b in [*_matches(before, after), (len(before.nodes), len(after.nodes))]:
        yield from ((node, None) for node in before.nodes[i:a])
        yield from ((None, node) for node in after.nodes[j:b])
        if a < len(before.nodes):
            yield before.nodes[a], after.nodes[b]
        i, j = a + 1, b + 1


def _matches(before: Graph, after: Graph) -> list[tuple[int, int]]:
    """The places of the nodes that are in both graphs."""
    graphs = before, after
    first, second = ([i for i, node in enumerate(graph.nodes) if not node.of] for graph in graphs)
    keys = [[(n.kind, n.order, n.layer, n.name) for n in graph.nodes if not n.of] for graph in graphs]
    matches = [(first[i], second[j]) for i, j in _align(*keys)]
    # Of a node there is at most one derivative.
    derivative, other = ({node.of: i for i, node in enumerate(graph.nodes) if node.of} for graph in graphs)
    pairs = [(derivative.get(before.nodes[i].id), other.get(after.nodes[j].id)) for i, j in matches]
    return sorted([*matches, *((i, j) for i, j in pairs if i is not None and j is not None)])


def _align(a: Sequence[_Key], b: Sequence[_Key]) -> Iterator[tuple[int, int]]:
    """The places of equal keys in both, none of which cross."""
    start = _equal_start(a, b)
    end = _equal_start(a[start:][::-1], b[start:][::-1])
    middle, other = a[start : len(a) - end], b[start : len(b) - end]
    numbers = Counter(other)
    if sum(numbers[key] for key in middle) > _PAIRS:
        middle, other = list(_numbered(middle)), list(_numbered(other))
    yield from ((i, i) for i in range(start))
    for i, j, length in SequenceMatcher(None, middle, other, autojunk=False).get_matching_blocks():
        yield from ((start + i + n, start + j + n) for n in range(length))
    yield from ((len(a) - n, len(b) - n) for n in range(end, 0, -1))


def _equal_start(a: Sequence[_Key], b: Sequence[_Key]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _numbered(keys: Sequence[_Key]) -> Iterator[_Key]:
    """Each key with how often it was there before."""
    counts: Counter[_Key] = Counter()
    for key in keys:
        yield *key, counts[key]
        counts[key] += 1


def _compared(old: Node | None, new: Node | None) -> Node:
    """The node of a pair, of which one may be missing, with its change."""
    if new is None or old is None:
        node = new or old
        assert node is not None
        return replace(node, change="removed" if new is None else "added")
    lines = [_label_change(a, b) for a, b in zip_longest(old.label, new.label, fillvalue="none")]
    lines += _tensor_change(old.tensor, new.tensor)
    if lines == [*new.label]:  # costs follow from these, and are worth a line only where they are the same
        lines += _cost_changes(old, new)
    return replace(new, label=tuple(lines), change="changed" if lines != [*new.label] else "")


def _label_change(a: str, b: str) -> str:
    """Two lines of parameters as one, "3×3 → 5×5, groups 2", where there are as many of them."""
    if a.count(", ") != b.count(", "):
        return f"{a} → {b}"
    return ", ".join([x if x == y else f"{x} → {y}" for x, y in zip(a.split(", "), b.split(", "), strict=True)])


def _tensor_change(old: Tensor | None, new: Tensor | None) -> list[str]:
    """The difference of two tensors, if both are known."""
    if old is None or new is None or (old.shape, old.dtype) == (new.shape, new.dtype):
        return []
    shapes = [format_shape(tensor.shape) if old.shape != new.shape else "" for tensor in (old, new)]
    dtypes = [tensor.dtype if old.dtype != new.dtype else "" for tensor in (old, new)]
    return [" → ".join([f"{shape} {dtype}".strip() for shape, dtype in zip(shapes, dtypes, strict=True)])]


def _cost_changes(old: Node, new: Node) -> list[str]:
    """The differences of costs, where both are known."""
    numbers = [(old.flops, new.flops, "FLOP"), (old.saved, new.saved, "B saved")]
    lines = [f"{a:,} → {b:,} {unit}" for a, b, unit in numbers if a is not None and b is not None and a != b]
    if old.requires_grad != new.requires_grad:
        lines.append("no gradient → gradient" if new.requires_grad else "gradient → no gradient")
    return lines
