"""Collapse: many nodes of a Graph become one: a layer, layers of one form in a row, or a stretch of a long computation.

Groups of nodes are chosen first. Then all nodes are put in an execution order that keeps a group's nodes together as
far as their dependencies allow, and a group's nodes that stand together become one: so no cycle can come of it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import chain, groupby, permutations
from math import hypot
from typing import Any, NamedTuple, TypeAlias

from minigrad.viz.formatting import format_count
from minigrad.viz.graph import Edge, Graph, Kind, Node, common_change, layer_paths

_LEAVES: tuple[Kind, ...] = ("parameter", "constant")
_GROUPED: tuple[Kind, ...] = ("operation", *_LEAVES)
_LISTED = 24  # operations; of more than these a label only says how many there are of each


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Nodes that are to become one, with the name of that one: the path of a layer, first of all."""

    name: str
    count: int = 1  # layers of one form


Groups: TypeAlias = dict[str, Group]  # by the ids of the nodes in them
_Part: TypeAlias = tuple[int, int, Group]  # of a group: a number, the order, and the group


def collapse_layers(graph: Graph, chosen: Callable[[str], bool]) -> Graph:
    """Make a node of every layer whose dotted path is `chosen`; where one lies in another, of the outer one.

    A layer that is called at several places becomes a node for each, and leaves that these share stay outside.
    """
    return _collapsed(graph, _layers(graph, chosen))


def collapse_repeats(graph: Graph) -> Graph:
    """Make one node of layers of one form of which each feeds the next: blocks.0, blocks.1, and so on."""
    return _collapsed(graph, _repeats(graph))


def collapse_to(graph: Graph, most: int) -> tuple[Graph, str]:
    """Collapse no more than it takes to have at most `most` nodes, and say in a few words how the graph was folded.

    Repeated layers are collapsed first, then the innermost layers as well, then ever larger ones; where there are no
    layers, stretches of operations that were executed one after the other.
    """
    collapsed, words, stages = graph, "", _stages(graph, most)
    while len(collapsed.nodes) > most and (stage := next(stages, None)):
        groups, words = stage
        collapsed = _collapsed(graph, groups)
    return collapsed, words


def _stages(graph: Graph, most: int) -> Iterator[tuple[Groups, str]]:
    """Groups of nodes, from the finest on, and the words for each."""
    for groups, words in _layer_stages(graph):
        if sum(node.id not in groups and node.of not in groups for node in graph.nodes) <= most:
            yield groups, words
    number = Counter(node.kind for node in graph.nodes)
    staying = len(graph.nodes) - sum(number[kind] for kind in (*_GROUPED, "derivative", "gradient"))
    ends: tuple[Kind, ...] = ("input", "output") if staying > most // 2 else ()
    staying -= sum(number[kind] for kind in ends)
    count = max((most - staying) // (2 if number["derivative"] else 1), 1)
    while count:
        groups = _stretches(graph, count, (*_LEAVES, *ends))
        cards = format_count(len(set(groups.values())), "card")
        yield groups, f"folded: {format_count(number['operation'], 'operation')} in {cards}" if groups else ""
        count = count * 3 // 4  # leaves that several stretches take stay as well


def _layer_stages(graph: Graph) -> Iterator[tuple[Groups, str]]:
    repeats = _repeats(graph)
    rows = dict.fromkeys(repeats.values())
    layers = format_count(sum(row.count for row in rows), "layer")
    yield repeats, f"{layers} of {format_count(len(rows), 'form')} folded"
    paths = {path for node in graph.nodes if node.layer for path in layer_paths(node.layer)}
    innermost = paths - {path.rpartition(".")[0] for path in paths}
    depth = max((path.count(".") + 1 for path in paths), default=0)
    while depth:
        chosen = innermost | {path for path in paths if path.count(".") == depth - 1}
        repeats = {node: row for node, row in repeats.items() if row.name.count(".") < depth}
        yield _layers(graph, chosen.__contains__) | repeats, "folded by layer"
        depth = depth - 1 if depth < 9 else depth * 3 // 4  # one by one at the top, in larger steps below


def _layers(graph: Graph, chosen: Callable[[str], bool]) -> Groups:
    """A group for each chosen layer that doesn't lie in another one."""
    layers = dict.fromkeys(node.layer for node in graph.nodes if node.layer and node.kind in _GROUPED)
    paths = dict.fromkeys(path for layer in layers for path in layer_paths(layer))
    groups = {path: Group(path) for path in paths if chosen(path)}
    outermost = {layer: next((groups[p] for p in layer_paths(layer) if p in groups), None) for layer in layers}
    return {node.id: group for node in graph.nodes if node.kind in _GROUPED and (group := outermost.get(node.layer))}


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
    for leaf, other in [pair for edge in graph.edges for pair in permutations((edge.source, edge.target))]:
        if leaf in leaves and other in groups:
            groups.setdefault(leaf, groups[other])
    return groups


class _Call(NamedTuple):
    """Operations of one layer that were executed one after the other, and the leaves that only they take."""

    path: str
    stem: str  # the path without the number at its end
    number: int
    places: range
    nodes: list[str]
    form: list[Hashable]  # two calls of one form do the same to their inputs
    fed: list[Hashable]  # inputs that as many operations before them made

    def continues(self, row: list[_Call]) -> bool:
        """True if it is the next sibling of a row of calls, of their form, and the last one feeds it as it was fed."""
        last = row[-1]
        sibling = self.stem == last.stem and self.number > last.number and self.places.start == last.places.stop
        return sibling and self.form == last.form and bool(self.fed) and (len(row) == 1 or self.fed == last.fed)


def _repeats(graph: Graph) -> Groups:
    """A group for each row of layers of one form; the outermost win."""
    depth = max((node.layer.count(".") + 1 for node in graph.nodes if node.layer), default=0)
    calls = _Calls(graph)
    groups: Groups = {}
    for level in range(1, depth + 1):
        for row in calls.rows(level, groups):
            if len(row) > 1:
                group = Group(f"{row[0].path} … {row[-1].number}", len(row))
                groups |= {node: group for call in row for node in call.nodes}
    return groups


class _Calls:
    """The calls of layers in a graph."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = {node.id: node for node in graph.nodes}
        self._operations = [node for node in graph.nodes if node.kind == "operation"]
        self._place = {node.id: i for i, node in enumerate(self._operations)}
        self._inputs = graph.inputs()
        self._users: defaultdict[str, list[int]] = defaultdict(list)
        for edge in chain.from_iterable(self._inputs.values()):
            self._users[edge.source].append(self._place.get(edge.target, -1))

    def rows(self, depth: int, done: Groups) -> Iterator[list[_Call]]:
        """The calls of layers `depth` deep whose names end in a number, those together that continue each other."""

        def path_of(i: int) -> str:
            node = self._operations[i]
            parts = node.layer.split(".")
            return "" if len(parts) < depth or node.id in done else ".".join(parts[:depth])

        row: list[_Call] = []
        for path, places in groupby(range(len(self._operations)), path_of):
            if match := re.fullmatch("(.*?)([0-9]+)", path, re.DOTALL):
                first, *others = places
                call = _Call(path, match[1], int(match[2]), range(first, first + 1 + len(others)), [], [], [])
                for i in call.places:
                    self._add(call, i)
                if row and not call.continues(row):
                    yield row
                    row = []
                row.append(call)
        yield row

    def _add(self, call: _Call, i: int) -> None:
        node, start = self._operations[i], call.places.start
        call.nodes.append(node.id)
        call.form.append(_form(node, call.path))
        for edge in self._inputs[node.id]:
            source = self._nodes[edge.source]
            place, users = self._place.get(source.id, -1), self._users[source.id]
            leaf = source.kind in _LEAVES and f"{source.layer}.".startswith(f"{call.path}.")
            if place in call.places:
                call.form.append((edge.position, place - start))
            elif leaf and users[0] in call.places and users[-1] in call.places:  # that nothing else takes
                call.nodes.append(source.id)
                call.form.append((edge.position, _form(source, call.path)))
            elif start - len(call.places) <= place < start:
                call.fed.append((i - start, edge.position, place - start))


def _form(node: Node, path: str) -> Hashable:
    """The attributes that nodes of two layers of one form have in common."""
    name, layer = node.name.removeprefix(f"{path}."), node.layer.removeprefix(path)
    return node.kind, name, node.label, node.family, node.tensor, layer


def _collapsed(graph: Graph, groups: Groups) -> Graph:
    """The graph with one node for each group, or more where other nodes have to come between.

    Derivatives go with the nodes that they are the derivatives of. A leaf that others take as well stays.
    """
    parts = _parts(graph, groups)
    pieces = [(run, parts[run[0].id][2] if run[0].id in parts else None) for run in _runs(graph, parts)]
    number = sum(node.kind == "folded" for node in graph.nodes)
    home: dict[str, str] = {}  # ids of the nodes of the collapsed graph, by those of the nodes in them
    for nodes, group in pieces:
        number += group is not None
        home |= {node.id: node.id if group is None else f"folded{number}" for node in nodes}
    leaving = {edge.source for edge in graph.edges if edge.flow != "saved" and home[edge.source] != home[edge.target]}
    made = []
    for nodes, group in pieces:
        node = nodes[0] if group is None else _folded(nodes, group, leaving)
        made.append(replace(node, id=home[node.id], of=home.get(node.of, node.of)))
    return graph.rebuilt(made, _edges(graph, home))


def _parts(graph: Graph, groups: Groups) -> dict[str, _Part]:
    """The part of a group that each of its nodes belongs to: what runs together in forward, and its derivatives."""
    operations = {node.id: groups[node.id] for node in graph.nodes if node.kind == "operation" and node.id in groups}
    parts: dict[str, _Part] = {}
    for number, run in enumerate(_runs(graph, operations)):
        if run[0].id in operations:
            parts |= dict.fromkeys((node.id for node in run), (number, 0, operations[run[0].id]))
    neighbours: defaultdict[str, dict[_Part | None, None]] = defaultdict(dict)  # of the leaves in groups
    ends = [pair for edge in graph.edges if edge.flow == "tensor" for pair in permutations((edge.source, edge.target))]
    for leaf, other in ends:
        if leaf in groups and leaf not in operations:
            neighbours[leaf][parts.get(other)] = None
    for leaf, (part, *more) in neighbours.items():
        if part is not None and not more and part[2] is groups[leaf]:
            parts[leaf] = part
    derived = [(node, parts[node.of]) for node in graph.nodes if node.of in parts]
    return parts | {node.id: (number, node.order, group) for node, (number, _, group) in derived}


def _runs(graph: Graph, keys: Mapping[str, Hashable]) -> list[list[Node]]:
    """The nodes in an execution order, cut where the key changes; a node without a key stands alone.

    A key's nodes run together as soon as all that they need from elsewhere is there. Where no key's are (each waits
    for another, as in a layer that is called twice), those of the first node that could run do, as far as they get.
    """
    unit = [keys.get(node.id, node.id) for node in graph.nodes]
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    after: list[list[int]] = [[] for _ in unit]
    waits = [0] * len(unit)  # how many inputs a node waits for
    outside: Counter[Hashable] = Counter()  # the same for a unit, of inputs from elsewhere
    for edge in graph.edges:
        i, j = place[edge.source], place[edge.target]
        after[i].append(j)
        waits[j] += 1
        outside[unit[j]] += unit[i] != unit[j]
    ready: dict[Hashable, list[int]] = {}  # by unit, a heap of its nodes that could run
    for i, number in enumerate(waits):
        if not number:
            ready.setdefault(unit[i], []).append(i)
    whole = sorted((heap[0], u) for u, heap in ready.items() if not outside[u])  # a heap of units that need no more
    runs: list[list[Node]] = []
    while ready:
        u = heappop(whole)[1] if whole else min(ready, key=lambda other: ready[other][0])
        run = []
        while ready[u]:
            i = heappop(ready[u])
            run.append(graph.nodes[i])
            for j in after[i]:
                waits[j] -= 1
                if not waits[j]:
                    heappush(ready.setdefault(unit[j], []), j)
                outside[unit[j]] -= unit[j] != u
                if unit[j] != u and not outside[unit[j]]:
                    heappush(whole, (ready[unit[j]][0], unit[j]))
        del ready[u]
        runs.append(run)
    return runs


def _folded(nodes: Sequence[Node], group: Group, leaving: set[str]) -> Node:
    """One node for several, under the id of one of them."""

    def known(field: str, join: Callable[[list[Any]], Any]) -> Any:
        values = [value for node in nodes if (value := getattr(node, field)) is not None]
        return join(values) if values else None

    operations = [node for node in nodes if node.kind in {"operation", "derivative"}] or list(nodes)
    last = next((node for node in reversed(operations) if node.id in leaving), operations[-1])
    largest = max(operations, key=lambda node: (node.flops or 0, node.family == "product"))
    nonfinite = (node.stats for node in nodes if node.stats is not None and node.stats.nonfinite)
    return replace(
        operations[0],
        kind="folded",
        name=group.name,
        label=_label(nodes, [node.name for node in operations], group),
        tensor=last.tensor,
        family=largest.family,
        formula="",
        layer=group.name.rpartition(".")[0],
        saved=sum(node.saved for node in nodes),
        saves="",
        requires_grad=any(node.requires_grad for node in nodes),
        flops=known("flops", sum),
        value="",
        seconds=known("seconds", sum),
        live=known("live", max),
        stats=next(nonfinite, last.stats),
        norm=known("norm", lambda norms: hypot(*norms)),
        count=group.count,
        change=common_change(nodes),
    )


def _label(nodes: Sequence[Node], names: Sequence[str], group: Group) -> tuple[str, ...]:
    """The operations of one of `group.count` layers, and its parameters."""
    one = names[: len(names) // group.count] or names
    runs = [(name, sum(1 for _ in run)) for name, run in groupby(one)]
    listed = [name if count == 1 else f"{name} ×{count}" for name, count in runs]
    words = " · ".join([*listed[:3], f"… {format_count(len(one), 'operation')}"] if len(listed) > 4 else listed)
    if len(one) > _LISTED:
        tally = [f"{name} ×{count:,}" for name, count in Counter(one).most_common()]
        words = ", ".join([*tally[:3], "…"] if len(tally) > 3 else tally)
    size = sum(node.tensor.size for node in nodes if node.kind == "parameter" and node.tensor is not None)
    parameters = f"{group.count:,} × " * (group.count > 1) + format_count(size // group.count, "parameter")
    return (words, parameters) if size else (words,)


def _edges(graph: Graph, home: Mapping[str, str]) -> list[Edge]:
    """The edges between the nodes of the collapsed graph; of those that say the same, the first."""
    of = {node.id: node.of for node in graph.nodes}
    kept: dict[Hashable, Edge] = {}
    count: Counter[str] = Counter()
    position: dict[tuple[str, int], int] = {}  # of a node's input, at the node it is in
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
