"""merge: two graphs as one, in which every node and every edge says whether it came, went or changed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TypeAlias

from minigrad.viz.graph import Edge, Graph, Kind, Node, Tensor
from minigrad.viz.words import times

_PAIRS = 1_000_000  # of nodes that could be the same; to weigh more of them takes too long

_Pair: TypeAlias = tuple[int, int]  # where a node of both graphs stands before, and after
_Place: TypeAlias = tuple[int | None, int | None]  # the same of any node; None where it isn't


def merge(before: Graph, after: Graph) -> Graph:
    """One graph of all that is in either, each with its change.

    Two nodes are the same if kind, order, layer and name are and if they stand at the same place among the others; two
    derivatives, if what they are derivatives of is the same. What changed places is removed and added. A node changed
    if its parameters, its tensor or its costs did: its label says how. What was measured, and values, are those of
    `after`. The nodes stand in an order in which either graph could be executed.
    """
    places = _interleaved(before, after, _matches(before, after))
    old: dict[str, str] = {"": ""}  # ids in the merged graph
    new: dict[str, str] = {"": ""}
    nodes = []
    numbers: Counter[Kind] = Counter()
    for i, j in places:
        node = _compared(None if i is None else before.nodes[i], None if j is None else after.nodes[j])
        numbers[node.kind] += 1
        name = f"{node.kind}{numbers[node.kind]}"
        if i is not None:
            old[before.nodes[i].id] = name
        if j is not None:
            new[after.nodes[j].id] = name
        nodes.append(replace(node, id=name))
    nodes = [replace(node, of=(old if node.change == "removed" else new)[node.of]) for node in nodes]
    place = {node.id: i for i, node in enumerate(nodes)}
    edges = sorted(_edges(before, after, old, new), key=lambda edge: place[edge.target])
    return replace(after, nodes=tuple(nodes), edges=tuple(edges))


def _edges(before: Graph, after: Graph, old: dict[str, str], new: dict[str, str]) -> Iterator[Edge]:
    """The edges of both graphs, between the nodes of the merged one."""
    gone = {}
    for edge in before.edges:
        source, target = old[edge.source], old[edge.target]
        removed = replace(edge, source=source, target=target, change="removed")
        gone[source, target, edge.position, edge.flow] = removed
    for edge in after.edges:
        source, target = new[edge.source], new[edge.target]
        stays = gone.pop((source, target, edge.position, edge.flow), None) is not None
        yield replace(edge, source=source, target=target, change="" if stays else "added")
    yield from gone.values()


def _matches(before: Graph, after: Graph) -> dict[int, int]:
    """Where the nodes that are in both graphs stand before, and after."""
    first = {i: _key(node) for i, node in enumerate(before.nodes) if not node.of}
    second = {j: _key(node) for j, node in enumerate(after.nodes) if not node.of}
    a, b = list(first), list(second)
    matches = {a[i]: b[j] for i, j in _aligned(list(first.values()), list(second.values()))}
    return matches | _derived(before, after, matches)


def _key(node: Node) -> Hashable:
    return node.kind, node.order, node.layer, node.name


def _derived(before: Graph, after: Graph, matches: dict[int, int]) -> dict[int, int]:
    """The same of the derivatives of what matches: of each there is at most one."""
    first = {node.of: i for i, node in enumerate(before.nodes) if node.of}
    second = {node.of: j for j, node in enumerate(after.nodes) if node.of}
    pairs = ((first.get(before.nodes[i].id), second.get(after.nodes[j].id)) for i, j in matches.items())
    return {i: j for i, j in pairs if i is not None and j is not None}


def _aligned(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[_Pair]:
    """Where the keys of a longest common subsequence stand (Hunt & Szymanski 1977)."""
    start = _alike(a, b)
    end = _alike(a[start:][::-1], b[start:][::-1])
    yield from ((i, i) for i in range(start))
    yield from ((len(a) - i, len(b) - i) for i in range(end, 0, -1))
    a, b = a[start : len(a) - end], b[start : len(b) - end]
    left, right = Counter(a), Counter(b)
    if sum(number * right[key] for key, number in left.items()) > _PAIRS:
        a, b = list(_divisor(a)), list(_divisor(b))
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for j in reversed(range(len(b))):
        places[b[j]].append(j)
    # From the last place on: two places of one key never increase, and so none is found twice.
    pairs = [(i, j) for i, key in enumerate(a) for j in places.get(key, ())]
    yield from ((start + i, start + j) for i, j in _increasing(pairs))


def _alike(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """How many keys are the same at the beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _divisor(keys: Sequence[Hashable]) -> Iterator[Hashable]:
    """Each key with how often it was there before."""
    counts: Counter[Hashable] = Counter()
    for key in keys:
        yield key, counts[key]
        counts[key] += 1


def _increasing(pairs: Sequence[_Pair]) -> list[_Pair]:
    """A longest subsequence in which the second numbers increase, of pairs whose first numbers never decrease."""
    least: list[int] = []  # by length, the least number that an increasing sequence of that length ends with
    ends: list[int] = []  # and its place
    previous = []
    for n, (_, j) in enumerate(pairs):
        length = bisect_left(least, j)
        previous.append(ends[length - 1] if length else -1)
        least[length : length + 1], ends[length : length + 1] = [j], [n]
    found = []
    n = ends[-1] if ends else -1
    while n >= 0:
        found.append(pairs[n])
        n = previous[n]
    return found[::-1]


def _interleaved(before: Graph, after: Graph, matches: dict[int, int]) -> list[_Place]:
    """All nodes as they stand in both graphs; between two that match first what was removed, then what was added.

    Matches don't cross: a common subsequence doesn't, and derivatives stand in the same order to one another in both.
    """
    places: list[_Place] = []
    i = j = 0
    for a, b in [*sorted(matches.items()), (len(before.nodes), len(after.nodes))]:
        places += [(n, None) for n in range(i, a)]
        places += [(None, n) for n in range(j, b)]
        places.append((a, b))
        i, j = a + 1, b + 1
    return places[:-1]


def _compared(old: Node | None, new: Node | None) -> Node:
    """The node with its change."""
    if new is None or old is None:
        node = new or old
        assert node is not None
        return replace(node, change="removed" if new is None else "added")
    lines = [a if a == b else f"{a} → {b}" for a, b in zip_longest(old.label, new.label, fillvalue="none")]
    lines += _tensors(old.tensor, new.tensor)
    if lines == [*new.label]:  # costs follow from parameters and shapes: they are worth a line only of themselves
        lines += _costs(old, new)
    return replace(new, label=tuple(lines), change="changed" if lines != [*new.label] else "")


def _tensors(old: Tensor | None, new: Tensor | None) -> list[str]:
    """How tensors differ, if they do and both are known."""
    if old is None or new is None or (old.shape, old.dtype) == (new.shape, new.dtype):
        return []
    if old.shape == new.shape:
        return [f"{old.dtype} → {new.dtype}"]
    if old.dtype == new.dtype:
        return [f"{times(old.shape)} → {times(new.shape)}"]
    return [f"{times(old.shape)} {old.dtype} → {times(new.shape)} {new.dtype}"]


def _costs(old: Node, new: Node) -> list[str]:
    """How costs differ, where they do and both are known."""
    numbers = [(old.flops, new.flops, "FLOP"), (old.saved, new.saved, "B saved")]
    lines = [f"{a:,} → {b:,} {unit}" for a, b, unit in numbers if a is not None and b is not None and a != b]
    if old.requires_grad != new.requires_grad:
        lines.append("no gradient → gradient" if new.requires_grad else "gradient → no gradient")
    return lines
