"""Words: numbers with their units, and names on one line, as every part of a diagram writes them."""

from __future__ import annotations

from minigrad.viz.graph import Graph, Node, Stats, Tensor

LONGEST = 48  # characters of a name or a line


def clean(text: str, longest: int = LONGEST) -> str:
    """`text` on one line of printable characters, at most `longest`: an ellipsis stands for the middle of more."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join([c if c.isprintable() else "\ufffd" for c in line])
    if len(line) > longest:
        line = f"{line[: longest // 2]}…{line[-longest // 2 + 1 :]}"
    return line or "unnamed"


def in_bytes(count: int) -> str:
    """A number of bytes, as "640 B", "4.8 MiB" or "392 KiB"."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if size >= 99.95 else f"{size:.1f}".removesuffix(".0") + f" {unit}"


def in_seconds(seconds: float) -> str:
    """A duration, as "3.3 ms", "298 µs" or "12 s"."""
    if seconds < 1e-6:
        return "< 1 µs"
    size, unit = seconds * 1e6, "µs"
    for larger in ("ms", "s"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 99.95 or unit == "µs" else f"{size:.1f} {unit}"


def in_flops(count: int) -> str:
    """A number of floating-point operations, as "640 FLOP", "14.5 MFLOP" or "231 kFLOP"."""
    size, unit = float(count), ""
    for larger in ("k", "M", "G", "T", "P"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}FLOP" if size >= 99.95 or not unit else f"{size:.1f} {unit}FLOP"


def times(shape: tuple[int, ...]) -> str:
    """A shape, as "50×32×28×28"."""
    return "×".join(map(str, shape)) or "scalar"


def counted(count: int, noun: str) -> str:
    """As "1 operation" or "3,274,634 parameters"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def described(tensor: Tensor) -> str:
    """A tensor's outside, as "50×10 · float32 · 2 KiB"."""
    return f"{times(tensor.shape)} · {tensor.dtype} · {in_bytes(tensor.bytes)}"


def tooltip(node: Node) -> str:
    """All that is known of a node, in a line."""
    facts = [clean(node.name), *([clean(node.source)] if node.source else []), *map(clean, node.label)]
    if node.tensor is not None:
        facts.append(described(node.tensor))
    if node.value:
        facts.append(f"= {clean(node.value)}")
    if node.flops:
        facts.append(in_flops(node.flops))
    if node.saved:
        facts.append(f"saves {in_bytes(node.saved)}")
    return " · ".join([*facts, *_measured(node)])


def _measured(node: Node) -> list[str]:
    facts = []
    if node.seconds is not None:
        facts.append(in_seconds(node.seconds))
    if node.live is not None:
        facts.append(f"{in_bytes(node.live)} alive")
    if node.norm is not None:
        facts.append(f"norm {node.norm:.3g}")
    if node.stats is not None:
        facts.append(f"min {node.stats.least:.3g}, mean {node.stats.mean:.3g}, max {node.stats.largest:.3g}")
        if node.stats.nan + node.stats.inf:
            facts.append(not_finite(node.stats))
    return facts


def not_finite(stats: Stats) -> str:
    """As "NaN 12 / 401,408"."""
    kinds = [f"{kind} {count:,}" for kind, count in (("NaN", stats.nan), ("Inf", stats.inf)) if count]
    return f"{', '.join(kinds)} / {stats.size:,}"


def facts(graph: Graph) -> list[str]:
    """How much there is of a graph, and what it took: operations, parameters, bytes, seconds."""
    there = [node for node in graph.nodes if node.change != "removed"]
    operations = [node for node in there if node.kind == "operation"]
    forward = [node for node in operations if node.order == 0]
    backward = [node for node in there if node.kind == "derivative" or (node.kind == "operation" and node.order)]
    found = [counted(len(operations), "operation")]
    parameters = sum(node.tensor.size for node in there if node.kind == "parameter" and node.tensor)
    if parameters:
        found.append(counted(parameters, "parameter"))
    if graph.saved:
        found.append(f"saved for backward {in_bytes(graph.saved)}")
    if graph.peak:
        found.append(f"peak {in_bytes(graph.peak)}")
    for name, nodes in (("forward", forward), ("backward", backward)):
        seconds = [node.seconds for node in nodes if node.seconds is not None]
        if seconds:
            found.append(f"{name} {in_seconds(sum(seconds))}")
    return found
