"""contract: what belongs together becomes one node of a Graph.

The nodes are put in an execution order that keeps them together as far as what depends on what allows, and what stands
together becomes one node: so no cycle can come of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import groupby
from math import hypot
from typing import Any, TypeAlias

from minigrad.viz.graph import Edge, Graph, Node
from minigrad.viz.words import counted

_LISTED = 24  # operations; of more than these a label only says how many there are of each


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What is to become one node, with the name of that node: the path of a layer, first of all."""

    name: str
    count: int = 1  # layers of one form


Groups: TypeAlias = dict[str, Group]  # by the ids of the nodes in them
_Part: TypeAlias = tuple[int, int, Group]  # of a group: a number, the order, and the group
_Piece: TypeAlias = tuple[list[Node], Group | None]  # nodes that become one; or one that stays, without a group


def contracted(graph: Graph, groups: Groups) -> Graph:
    """The graph with one node for each group, or more where other nodes have to come between.

    Derivatives go with what they are the derivatives of. A leaf that anything outside of the node takes stays.
    """
    pieces = _pieces(graph, groups)
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


def _pieces(graph: Graph, groups: Groups) -> list[_Piece]:
    """The nodes of the folded graph, in execution order: one or more for each group, one for every other node."""
    operations = {node.id: groups[node.id] for node in graph.nodes if node.kind == "operation" and node.id in groups}
    parts: dict[str, _Part] = {}
    for number, run in enumerate(_runs(graph, operations)):
        if run[0].id in operations:
            parts |= dict.fromkeys((node.id for node in run), (number, 0, operations[run[0].id]))
    parts |= _leaves(graph, groups, parts)
    for node in graph.nodes:
        if node.of in parts:
            number, _, group = parts[node.of]
            parts[node.id] = (number, node.order, group)
    return [(run, parts[run[0].id][2] if run[0].id in parts else None) for run in _runs(graph, parts)]


def _leaves(graph: Graph, groups: Groups, parts: Mapping[str, _Part]) -> dict[str, _Part]:
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


def _folded(nodes: Sequence[Node], group: Group, leaving: set[str]) -> Node:
    """One node for several, under the id of one of them."""
    operations = [node for node in nodes if node.kind in {"operation", "derivative"}] or list(nodes)
    last = next((node for node in reversed(operations) if node.id in leaving), operations[-1])
    largest = max(operations, key=lambda node: (node.flops or 0, node.family == "product"))
    broken = (node.stats for node in nodes if node.stats is not None and node.stats.nan + node.stats.inf > 0)
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
        flops=_known(nodes, "flops", sum),
        value="",
        seconds=_known(nodes, "seconds", sum),
        live=_known(nodes, "live", max),
        stats=next(broken, last.stats),
        norm=_known(nodes, "norm", lambda norms: hypot(*norms)),
        count=group.count,
        change=nodes[0].change if len({node.change for node in nodes}) == 1 else "changed",
    )


def _known(nodes: Sequence[Node], field: str, together: Callable[[list[Any]], Any]) -> Any:
    """What the nodes' values make `together`, of those that are known; None if none is."""
    values = [value for node in nodes if (value := getattr(node, field)) is not None]
    return together(values) if values else None


def _label(nodes: Sequence[Node], names: Sequence[str], group: Group) -> tuple[str, ...]:
    """The operations of one of `group.count` layers, and its parameters."""
    one = names[: len(names) // group.count] or names
    if len(one) > _LISTED:
        tally = [f"{name} ×{count:,}" for name, count in Counter(one).most_common()]
        words = ", ".join([*tally[:3], "…"] if len(tally) > 3 else tally)
    else:
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
