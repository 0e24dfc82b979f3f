"""fold: many nodes become one: a layer, layers of one form in a row, or a stretch of a long computation.

Here is decided which nodes belong together; contract makes one node of them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, groupby
from typing import NamedTuple

from minigrad.viz.contract import Group, Groups, contracted
from minigrad.viz.graph import Edge, Graph, Kind, Node
from minigrad.viz.words import counted

_LEAVES: tuple[Kind, ...] = ("parameter", "constant")
_FOLDED: tuple[Kind, ...] = ("operation", *_LEAVES)
_FOLDED_WITH: tuple[Kind, ...] = ("derivative", "gradient")  # what they are the derivatives of


def fold_layers(graph: Graph, chosen: Callable[[str], bool]) -> Graph:
    """Make a node of every layer whose dotted path is `chosen`; where one lies in another, of the outer one.

    A layer that is called at several places becomes a node for each, and what it shares between them stays outside.
    """
    return contracted(graph, _layers(graph, chosen))


def fold_repeats(graph: Graph) -> Graph:
    """Make one node of layers of one form of which each feeds the next: blocks.0, blocks.1, and so on."""
    return contracted(graph, _repeats(graph))


def fold_to(graph: Graph, most: int) -> tuple[Graph, str]:
    """Fold no more than it takes to have at most `most` nodes, and say in a few words what was folded.

    Repeated layers are folded first, then the innermost layers as well, then ever larger ones; where there are no
    layers, stretches of operations that were executed one after the other.
    """
    if len(graph.nodes) <= most:
        return graph, ""
    for groups, words in _stages(graph):
        if sum(node.id not in groups and node.of not in groups for node in graph.nodes) <= most:
            folded = contracted(graph, groups)
            if len(folded.nodes) <= most:
                return folded, words
    folded = _stretched(graph, most)
    operations = sum(node.kind == "operation" for node in graph.nodes)
    cards = sum(node.kind == "folded" and not node.order for node in folded.nodes)
    return folded, f"folded: {counted(operations, 'operation')} in {counted(cards, 'card')}" if cards else ""


def _layers(graph: Graph, chosen: Callable[[str], bool]) -> Groups:
    """A group for each chosen layer that doesn't lie in another one."""

    @cache
    def group_of(path: str) -> Group | None:
        return Group(path) if chosen(path) else None

    @cache
    def outermost(layer: str) -> Group | None:
        return next(filter(None, map(group_of, _paths(layer))), None)

    groups = {node.id: outermost(node.layer) for node in graph.nodes if node.layer and node.kind in _FOLDED}
    return {node: group for node, group in groups.items() if group is not None}


def _paths(layer: str) -> Iterator[str]:
    """The layers that a layer lies in, from the outermost to itself."""
    return accumulate(layer.split("."), "{}.{}".format)


class _Call(NamedTuple):
    """Operations of one layer that were executed one after the other, and the leaves that only they take."""

    path: str
    stem: str  # the path without the number at its end
    number: int
    places: range
    nodes: list[str]
    form: list[Hashable]  # two calls of the same form do the same to what they take
    taken: list[tuple[int, int, int]]  # from other operations: by which of these, as its input number, from which


def _repeats(graph: Graph) -> Groups:
    """A group for each row of layers of one form; the outermost win."""
    calls = _Calls(graph)
    groups: Groups = {}
    for depth in range(1, calls.depth + 1):
        for row in _rows(calls.numbered(depth, groups)):
            if len(row) > 1:
                group = Group(f"{row[0].path} … {row[-1].number}", len(row))
                groups |= {node: group for call in row for node in call.nodes}
    return groups


def _rows(calls: Iterable[_Call]) -> Iterator[list[_Call]]:
    """Calls of one form of which each feeds the next, and all in the same way."""
    row: list[_Call] = []
    before: list[tuple[int, int, int]] = []
    for call in calls:
        fed = _fed(call, row[-1]) if row else []
        if not fed or (len(row) > 1 and fed != before):
            yield row
            row = []
        before = fed
        row.append(call)
    yield row


def _fed(call: _Call, previous: _Call) -> list[tuple[int, int, int]]:
    """What a call takes from the previous one, if that is its sibling and of its form."""
    places = previous.places
    follows = call.places.start == places.stop and call.stem == previous.stem and call.number > previous.number
    if not follows or call.form != previous.form:
        return []
    return [(ours, i, source - places.start) for ours, i, source in call.taken if source in places]


class _Calls:
    """The calls of layers in a graph."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = {node.id: node for node in graph.nodes}
        self._operations = [node for node in graph.nodes if node.kind == "operation"]
        self._place = {node.id: i for i, node in enumerate(self._operations)}
        self.depth = max((node.layer.count(".") + 1 for node in self._operations if node.layer), default=0)
        self._inputs: defaultdict[str, list[Edge]] = defaultdict(list)
        self._users: defaultdict[str, list[int]] = defaultdict(list)
        for edge in graph.edges:
            if edge.flow == "tensor":
                self._inputs[edge.target].append(edge)
                self._users[edge.source].append(self._place.get(edge.target, -1))

    def numbered(self, depth: int, done: Groups) -> Iterator[_Call]:
        """The calls of layers `depth` deep whose names end in a number, in order."""

        def path_of(i: int) -> str:
            node = self._operations[i]
            parts = node.layer.split(".")
            return "" if len(parts) < depth or node.id in done else ".".join(parts[:depth])

        for path, places in groupby(range(len(self._operations)), path_of):
            if match := re.fullmatch("(.*?)([0-9]+)", path, re.DOTALL):
                first, *others = places
                call = _Call(path, match[1], int(match[2]), range(first, first + 1 + len(others)), [], [], [])
                for i in call.places:
                    self._add(call, i)
                yield call

    def _add(self, call: _Call, i: int) -> None:
        node, start = self._operations[i], call.places.start
        call.nodes.append(node.id)
        call.form.append(_looks(node, call.path))
        for edge in self._inputs[node.id]:
            source = self._place.get(edge.source, -1)
            if source in call.places:
                call.form.append((edge.position, source - start))
            elif self._is_own(edge.source, call):
                call.nodes.append(edge.source)
                call.form.append((edge.position, _looks(self._nodes[edge.source], call.path)))
            else:
                call.taken.append((i - start, edge.position, source))

    def _is_own(self, leaf: str, call: _Call) -> bool:
        """Whether it is a parameter or a constant of the layer that nothing but these operations takes."""
        node, users = self._nodes[leaf], self._users[leaf]
        ours = node.kind in _LEAVES and f"{node.layer}.".startswith(f"{call.path}.")
        return ours and users[0] in call.places and users[-1] in call.places


def _looks(node: Node, path: str) -> Hashable:
    """What nodes of two layers of one form have in common."""
    name, layer = node.name.removeprefix(f"{path}."), node.layer.removeprefix(path)
    return node.kind, name, node.label, node.family, node.tensor, layer


def _stages(graph: Graph) -> Iterator[tuple[Groups, str]]:
    """Ways to fold layers, from the finest on, and what to say of each."""
    repeats = _repeats(graph)
    rows = list(dict.fromkeys(repeats.values()))
    layers = counted(sum(row.count for row in rows), "layer")
    yield repeats, f"{layers} of {counted(len(rows), 'form')} folded"
    paths = {path for node in graph.nodes if node.layer for path in _paths(node.layer)}
    innermost = paths - {path.rpartition(".")[0] for path in paths}
    deepest = max((path.count(".") + 1 for path in paths), default=0)
    for depth in _depths(deepest):
        chosen = innermost | {path for path in paths if path.count(".") == depth - 1}
        repeats = {node: row for node, row in repeats.items() if row.name.count(".") < depth}
        yield _layers(graph, chosen.__contains__) | repeats, "folded by layer"


def _depths(depth: int) -> Iterator[int]:
    """From the deepest to 1: one by one at the top, in larger steps below."""
    while depth:
        yield depth
        depth = depth - 1 if depth < 9 else depth * 3 // 4


def _stretched(graph: Graph, most: int) -> Graph:
    """Stretches of operations become one node each, about as short as `most` nodes allow."""
    number = Counter(node.kind for node in graph.nodes)
    staying = len(graph.nodes) - sum(number[kind] for kind in (*_FOLDED, *_FOLDED_WITH))
    ends: tuple[Kind, ...] = ("input", "output") if staying > most // 2 else ()
    staying -= sum(number[kind] for kind in ends)
    count = max((most - staying) // (2 if number["derivative"] else 1), 1)
    folded = contracted(graph, _stretches(graph, count, (*_LEAVES, *ends)))
    while len(folded.nodes) > most and count > 1:
        count = count * 3 // 4  # leaves that several stretches take stay as well
        folded = contracted(graph, _stretches(graph, count, (*_LEAVES, *ends)))
    return folded


def _stretches(graph: Graph, count: int, kinds: Sequence[Kind]) -> Groups:
    """At most `count` groups of as many operations each, in execution order, and of the leaves that they take."""
    operations = [node.id for node in graph.nodes if node.kind == "operation"]
    length = max(1, -(-len(operations) // count))
    groups: Groups = {}
    for start in range(0, len(operations), length):
        stretch = operations[start : start + length]
        last = start + len(stretch)
        name = f"operations {start + 1:,} … {last:,}" if len(stretch) > 1 else f"operation {last:,}"
        groups |= dict.fromkeys(stretch, Group(name))
    leaves = {node.id for node in graph.nodes if node.kind in kinds}
    for edge in graph.edges:
        for leaf, other in ((edge.source, edge.target), (edge.target, edge.source)):
            if leaf in leaves and other in groups:
                groups.setdefault(leaf, groups[other])
    return groups
