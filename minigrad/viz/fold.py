"""fold: many nodes become one: a layer, layers of one form in a row, or a stretch of a long computation.

Whoever folds only says which nodes belong together. They are then put in an execution order that keeps them together
as far as what depends on what allows, and what stands together becomes one node: so no cycle can come of it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import heappop, heappush
from itertools import accumulate, groupby
from math import sqrt
from typing import NamedTuple, TypeAlias

from minigrad.viz.graph import Edge, Graph, Kind, Node
from minigrad.viz.words import counted

_LEAVES: tuple[Kind, ...] = ("parameter", "constant")
_FOLDED: tuple[Kind, ...] = ("operation", *_LEAVES)
_FOLDED_WITH: tuple[Kind, ...] = ("derivative", "gradient")  # what they are the derivatives of


def fold_layers(graph: Graph, chosen: Callable[[str], bool]) -> Graph:
    """Make a node of every layer whose dotted path is `chosen`; where one lies in another, of the outer one.

    A layer that is called at several places becomes a node for each, and what it shares between them stays outside.
    """
    return _contracted(graph, _pieces(graph, _layers(graph, chosen)))


def fold_repeats(graph: Graph) -> Graph:
    """Make one node of layers of one form of which each feeds the next: blocks.0, blocks.1, and so on."""
    return _contracted(graph, _pieces(graph, _repeats(graph)))


def fold_to(graph: Graph, most: int) -> tuple[Graph, str]:
    """Fold no more than it takes to have at most `most` nodes, and say in a few words what was folded.

    Repeated layers are folded first, then the innermost layers as well, then ever larger ones; where there are no
    layers, stretches of operations that were executed one after the other.
    """
    if len(graph.nodes) <= most:
        return graph, ""
    for groups, words in _stages(graph):
        if sum(node.id not in groups and node.of not in groups for node in graph.nodes) <= most:
            pieces = _pieces(graph, groups)
            if len(pieces) <= most:
                return _contracted(graph, pieces), words
    pieces = _stretched(graph, most)
    operations = sum(node.kind == "operation" for node in graph.nodes)
    cards = sum(group is not None and not nodes[0].order for nodes, group in pieces)
    words = f"folded: {counted(operations, 'operation')} in {counted(cards, 'card')}" if cards else ""
    return _contracted(graph, pieces), words


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """What is to become one node, with the name of that node: the path of a layer, first of all."""

    name: str
    count: int = 1  # layers of one form
    tallied: bool = False  # too many operations to list them in order


_Groups: TypeAlias = dict[str, _Group]  # by the ids of the nodes in them
_Part: TypeAlias = tuple[int, int, _Group]  # of a group: a number, the order, and the group
_Piece: TypeAlias = tuple[list[Node], _Group | None]  # nodes that become one; or one that stays, without a group


def _layers(graph: Graph, chosen: Callable[[str], bool]) -> _Groups:
    """A group for each chosen layer that doesn't lie in another one."""

    @cache
    def group_of(path: str) -> _Group | None:
        return _Group(path) if chosen(path) else None

    @cache
    def outermost(layer: str) -> _Group | None:
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


def _repeats(graph: Graph) -> _Groups:
    """A group for each row of layers of one form; the outermost win."""
    calls = _Calls(graph)
    groups: _Groups = {}
    for depth in range(1, calls.depth + 1):
        for row in _rows(calls.numbered(depth, groups)):
            if len(row) > 1:
                group = _Group(f"{row[0].path} … {row[-1].number}", len(row))
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

    def numbered(self, depth: int, done: _Groups) -> Iterator[_Call]:
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


def _stages(graph: Graph) -> Iterator[tuple[_Groups, str]]:
    """Ways to fold layers, from the finest on, and what to say of each."""
    repeats = _repeats(graph)
    rows = list(dict.fromkeys(repeats.values()))
    layers = counted(sum(row.count for row in rows), "layer")
    yield repeats, f"{layers} of {counted(len(rows), 'form')} folded"
    paths = {path for node in graph.nodes if node.layer for path in _paths(node.layer)}
    innermost = paths - {path.rpartition(".")[0] for path in paths}
    yield _layers(graph, innermost.__contains__) | repeats, "folded by layer"
    for depth in (3, 2, 1):
        chosen = innermost | {path for path in paths if path.count(".") == depth - 1}
        repeats = {node: row for node, row in repeats.items() if row.name.count(".") < depth}
        yield _layers(graph, chosen.__contains__) | repeats, "folded by layer"


def _stretched(graph: Graph, most: int) -> list[_Piece]:
    """Stretches of operations, about as short as `most` nodes allow."""
    number = Counter(node.kind for node in graph.nodes)
    staying = len(graph.nodes) - sum(number[kind] for kind in (*_FOLDED, *_FOLDED_WITH))
    ends: tuple[Kind, ...] = ("input", "output") if staying > most // 2 else ()
    staying -= sum(number[kind] for kind in ends)
    count = max((most - staying) // (2 if number["derivative"] else 1), 1)
    pieces = _pieces(graph, _stretches(graph, count, (*_LEAVES, *ends)))
    while len(pieces) > most and count > 1:
        count = count * 3 // 4  # leaves that several stretches take stay as well
        pieces = _pieces(graph, _stretches(graph, count, (*_LEAVES, *ends)))
    return pieces


def _stretches(graph: Graph, count: int, kinds: Sequence[Kind]) -> _Groups:
    """At most `count` groups of as many operations each, in execution order, and of the leaves that they take."""
    operations = [node.id for node in graph.nodes if node.kind == "operation"]
    length = max(1, -(-len(operations) // count))
    groups: _Groups = {}
    for start in range(0, len(operations), length):
        stretch = operations[start : start + length]
        last = start + len(stretch)
        name = f"operations {start + 1:,} … {last:,}" if len(stretch) > 1 else f"operation {last:,}"
        groups |= dict.fromkeys(stretch, _Group(name, tallied=True))
    leaves = {node.id for node in graph.nodes if node.kind in kinds}
    for edge in graph.edges:
        for leaf, other in ((edge.source, edge.target), (edge.target, edge.source)):
            if leaf in leaves and other in groups:
                groups.setdefault(leaf, groups[other])
    return groups


def _pieces(graph: Graph, groups: _Groups) -> list[_Piece]:
    """The nodes of the folded graph, in execution order: one or more for each group, one for every other node."""
    operations = {node.id: groups[node.id] for node in graph.nodes if node.kind == "operation" and node.id in groups}
    parts: dict[str, _Part] = {}
    for number, run in enumerate(_runs(graph, operations)):
        if run[0].id in operations:
            parts |= dict.fromkeys((node.id for node in run), (number, 0, operations[run[0].id]))
    parts |= _leaves(graph, groups, parts)
    for node in graph.nodes:
        if node.kind in _FOLDED_WITH and node.of in parts:
            number, _, group = parts[node.of]
            parts[node.id] = (number, node.order, group)
    return [(run, parts[run[0].id][2] if run[0].id in parts else None) for run in _runs(graph, parts)]


def _leaves(graph: Graph, groups: _Groups, parts: Mapping[str, _Part]) -> dict[str, _Part]:
    """The parts of the leaves in `groups`: of those whose every neighbour is in the same part of their group."""
    neighbours: defaultdict[str, dict[_Part | None, None]] = defaultdict(dict)
    for edge in graph.edges:
        if edge.flow == "tensor":
            for leaf, other in ((edge.source, edge.target), (edge.target, edge.source)):
                if leaf in groups and leaf not in parts:
                    neighbours[leaf][parts.get(other)] = None
    return {leaf: part for leaf, (part, *more) in neighbours.items() if not more and part and part[2] is groups[leaf]}


def _runs(graph: Graph, keys: Mapping[str, Hashable]) -> list[list[Node]]:
    """The nodes in an execution order, cut where the key changes; a node without a key stands alone.

    A key's nodes run together as soon as all that they need from elsewhere is there. Where no key's are (each waits
    for another, as in a layer that is called twice), those of the first node that could run do, as far as they get.
    """
    numbers: dict[Hashable, int] = {}
    unit = [numbers.setdefault(keys.get(node.id, node.id), len(numbers)) for node in graph.nodes]
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    after: list[list[int]] = [[] for _ in unit]
    waits = [0] * len(unit)  # how many inputs a node waits for
    outside = [0] * len(numbers)  # the same for a unit, of inputs from elsewhere
    for edge in graph.edges:
        i, j = place[edge.source], place[edge.target]
        after[i].append(j)
        waits[j] += 1
        outside[unit[j]] += unit[i] != unit[j]
    early = [i for i, number in enumerate(waits) if not number]  # a heap of the nodes that could run
    ready: list[list[int]] = [[] for _ in numbers]  # the same, by unit
    for i in early:
        ready[unit[i]].append(i)
    whole = sorted((nodes[0], u) for u, nodes in enumerate(ready) if not outside[u])
    runs: list[list[Node]] = []
    while early:
        u = heappop(whole)[1] if whole else unit[early[0]]
        run = []
        while ready[u]:
            i = heappop(ready[u])
            waits[i] = -1  # done
            run.append(graph.nodes[i])
            for j in after[i]:
                waits[j] -= 1
                if not waits[j]:
                    heappush(ready[unit[j]], j)
                    heappush(early, j)
                outside[unit[j]] -= unit[j] != u
                if unit[j] != u and not outside[unit[j]]:
                    heappush(whole, (ready[unit[j]][0], unit[j]))
        runs.append(run)
        while early and waits[early[0]] < 0:
            heappop(early)
    return runs


def _contracted(graph: Graph, pieces: Sequence[_Piece]) -> Graph:
    """The graph with a node for each piece."""
    number = sum(node.kind == "folded" for node in graph.nodes)
    home: dict[str, str] = {}  # where a node went
    for nodes, group in pieces:
        number += group is not None
        home |= {node.id: node.id if group is None else f"folded{number}" for node in nodes}
    leaving = {edge.source for edge in graph.edges if edge.flow != "saved" and home[edge.source] != home[edge.target]}
    folded = []
    for nodes, group in pieces:
        node = nodes[0] if group is None else _folded(nodes, group, leaving)
        folded.append(replace(node, id=home[node.id], of=home.get(node.of, node.of)))
    place = {node.id: i for i, node in enumerate(folded)}
    edges = sorted(_edges(graph, home), key=lambda edge: place[edge.target])
    return replace(graph, nodes=tuple(folded), edges=tuple(edges))


def _folded(nodes: Sequence[Node], group: _Group, leaving: set[str]) -> Node:
    """One node for several, under the id of one of them."""
    operations = [node for node in nodes if node.kind in {"operation", "derivative"}] or list(nodes)
    last = next((node for node in reversed(operations) if node.id in leaving), operations[-1])
    largest = max(operations, key=lambda node: (node.flops or 0, node.family == "product"))
    flops = [node.flops for node in nodes if node.flops is not None]
    seconds = [node.seconds for node in nodes if node.seconds is not None]
    norms = [node.norm for node in nodes if node.norm is not None]
    live = [node.live for node in nodes if node.live is not None]
    return replace(
        operations[0],
        kind="folded",
        name=group.name,
        label=_label(nodes, [node.name for node in operations], group),
        tensor=last.tensor,
        family=largest.family,
        layer=group.name.rpartition(".")[0],
        saved=sum(node.saved for node in nodes),
        saves="",
        requires_grad=any(node.requires_grad for node in nodes),
        flops=sum(flops) if flops else None,
        value="",
        seconds=sum(seconds) if seconds else None,
        live=max(live, default=None),
        stats=last.stats,
        norm=sqrt(sum(norm**2 for norm in norms)) if norms else None,
        count=group.count,
        change=nodes[0].change if len({node.change for node in nodes}) == 1 else "changed",
    )


def _label(nodes: Sequence[Node], names: Sequence[str], group: _Group) -> tuple[str, ...]:
    """The operations of one of `group.count` layers, and its parameters."""
    if group.tallied:
        tally = [f"{name} ×{count:,}" for name, count in Counter(names).most_common()]
        words = ", ".join([*tally[:3], "…"] if len(tally) > 3 else tally)
    else:
        one = names[: len(names) // group.count] or names
        same = [(name, sum(1 for _ in run)) for name, run in groupby(one)]
        listed = [name if count == 1 else f"{name} ×{count}" for name, count in same]
        words = " · ".join([*listed[:3], f"… {counted(len(one), 'operation')}"] if len(listed) > 4 else listed)
    size = sum(node.tensor.size for node in nodes if node.kind == "parameter" and node.tensor is not None)
    parameters = f"{group.count:,} × " * (group.count > 1) + counted(size // group.count, "parameter")
    return (words, parameters) if size else (words,)


def _edges(graph: Graph, home: Mapping[str, str]) -> list[Edge]:
    """The edges between the nodes of the folded graph; of those that say the same, the first."""
    of = {node.id: node.of for node in graph.nodes}
    kept: dict[Hashable, Edge] = {}
    count: Counter[str] = Counter()
    position: dict[tuple[str, int], int] = {}  # of a node's input, at what it was folded into
    for i, edge in enumerate(graph.edges):
        source, target, place = home[edge.source], home[edge.target], edge.position
        # One array is drawn once, however many operations in a node take it; so is one that gradients add up to.
        same: Hashable = {"tensor": edge.source, "gradient": edge.target, "saved": ""}[edge.flow]
        key = (source, target, edge.flow, edge.change, i if (source, target) == (edge.source, edge.target) else same)
        if source == target:
            continue
        if edge.flow == "gradient":
            place = position.get((of[edge.source], place), place)
        elif edge.flow == "tensor" and target != edge.target:
            place = kept[key].position if key in kept else count[target]
            count[target] += key not in kept
            position[edge.target, edge.position] = place
        kept.setdefault(key, Edge(source, target, place, edge.tensor, edge.flow, edge.change))
    return list(kept.values())
