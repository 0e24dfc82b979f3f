"""Formatting: numbers with their units, names on one line, parameters and tooltips, as diagrams write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, is_array, to_numpy
from minigrad.core.function import Function
from minigrad.viz.graph import Graph, Node, Stats, Tensor

LONGEST = 48  # characters of a name or a line
_LISTS = ("axis", "axes", "key")  # fields whose numbers are places; other tuples are lengths: 3×3
_SHOWN_ITEMS = 8
_LONGEST_FIELD = 200  # characters
_DEEPEST = 3
_FEW = 4  # numbers of an array that are shown


def one_line(text: str, longest: int = LONGEST) -> str:
    """`text` on one line of printable characters, at most `longest`: an ellipsis stands for the middle of more."""
    line = "".join([c if c.isprintable() else "\ufffd" for c in " ".join(text.split())])
    if len(line) > longest:
        line = f"{line[: longest // 2]}…{line[-longest // 2 + 1 :]}"
    return line or "unnamed"


def format_bytes(count: int) -> str:
    """A number of bytes: "640 B", "4.8 MiB", "392 KiB"."""
    return _with_unit(count, ("B", "KiB", "MiB", "GiB", "TiB"), 1024).replace(".0 ", " ")


def format_seconds(seconds: float) -> str:
    """A duration: "3.3 ms", "298 µs", "12.0 s"."""
    return _with_unit(seconds * 1e6, ("µs", "ms", "s"), 1000) if seconds >= 1e-6 else "< 1 µs"


def format_flops(count: int) -> str:
    """A number of floating-point operations: "640 FLOP", "14.5 MFLOP", "231 kFLOP"."""
    return _with_unit(count, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"), 1000)


def _with_unit(number: float, units: Sequence[str], step: int) -> str:
    for unit in units:
        if number < step - 0.5 or unit == units[-1]:
            break
        number /= step
    return f"{number:.0f} {unit}" if number >= 99.95 or unit == units[0] else f"{number:.1f} {unit}"


def format_shape(shape: tuple[int, ...]) -> str:
    """A shape: "50×32×28×28"."""
    return "×".join(map(str, shape)) or "scalar"


def format_count(count: int, noun: str) -> str:
    """A count with its noun: "1 operation", "3,274,634 parameters"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def format_tensor(tensor: Tensor) -> str:
    """Shape, dtype and bytes: "50×10 · float32 · 2 KiB"."""
    return f"{format_shape(tensor.shape)} · {tensor.dtype} · {format_bytes(tensor.bytes)}"


def format_nonfinite(stats: Stats) -> str:
    """The counts of NaN and Inf: "NaN 12 / 401,408"."""
    kinds = [f"{kind} {count:,}" for kind, count in (("NaN", stats.nan), ("Inf", stats.inf)) if count]
    return f"{', '.join(kinds)} / {stats.size:,}"


def format_value(array: Array) -> str:
    """The numbers of an array of few, "2" or "[1, 2]"; "" for more."""

    def rounded(numbers: object) -> object:
        return list(map(rounded, numbers)) if isinstance(numbers, list) else f"{numbers:.5g}"

    return repr(rounded(to_numpy(array).tolist())).replace("'", "") if 0 < array.size <= _FEW else ""


def tooltip(node: Node) -> str:
    """All that is known of a node, in a line."""
    stats = node.stats
    facts = [
        one_line(node.name),
        one_line(node.source) if node.source else "",
        *map(one_line, node.label),
        format_tensor(node.tensor) if node.tensor is not None else "",
        f"= {one_line(node.value)}" if node.value else "",
        format_flops(node.flops) if node.flops else "",
        f"saves {format_bytes(node.saved)}" if node.saved else "",
        format_seconds(node.seconds) if node.seconds is not None else "",
        f"{format_bytes(node.live)} alive" if node.live is not None else "",
        f"norm {node.norm:.3g}" if node.norm is not None else "",
        f"min {stats.least:.3g}, mean {stats.mean:.3g}, max {stats.largest:.3g}" if stats is not None else "",
        format_nonfinite(stats) if stats is not None and stats.nonfinite else "",
    ]
    return " · ".join(filter(None, facts))


def graph_facts(graph: Graph) -> list[str]:
    """Counts of operations and parameters, bytes and seconds of a graph: the line below its title."""
    there = [node for node in graph.nodes if node.change != "removed"]
    operations = [node for node in there if node.kind == "operation"]
    parameters = sum(node.tensor.size for node in there if node.kind == "parameter" and node.tensor)
    forward = [node.seconds for node in operations if node.order == 0 and node.seconds is not None]
    backward = [node.seconds for node in there if node.order and node.seconds is not None]
    facts = [
        format_count(len(operations), "operation"),
        format_count(parameters, "parameter") if parameters else "",
        f"saved for backward {format_bytes(graph.saved)}" if graph.saved else "",
        f"peak {format_bytes(graph.peak)}" if graph.peak else "",
        f"forward {format_seconds(sum(forward))}" if forward else "",
        f"backward {format_seconds(sum(backward))}" if backward else "",
    ]
    return list(filter(None, facts))


def format_parameters(function: Function) -> str:
    """The dataclass fields that are not at their defaults: "stride 2×2, pad 1"; a flag that is on is its name alone."""
    fields: Any = dataclasses.fields(function) if dataclasses.is_dataclass(function) else ()
    shown: list[str] = []
    for field in fields:
        value = getattr(function, field.name)
        default = False if field.default is dataclasses.MISSING else field.default
        text = format_field(value, field.name)
        # Texts are compared, not values: `==` of arrays is no answer. An absent default is like an absent flag.
        if field.init and field.repr and value is not None and text != format_field(default, field.name):
            first_record = _is_record(value) and not shown
            shown.append(field.name if value is True else text if first_record else f"{field.name} {text}")
    return ", ".join(shown)


def format_field(value: Any, name: str, depth: int = 0) -> str:
    """A value as diagrams show it; never its repr, which may hold an address or be endless."""
    try:
        return _format_any(value, name, depth)[:_LONGEST_FIELD]
    except Exception:  # noqa: BLE001 - whatever a user's object does when it is asked
        return type(value).__name__


def _is_record(value: Any) -> bool:
    """True if it is a dataclass with a text of its own, such as a Window: "3×3, pad 1"."""
    return dataclasses.is_dataclass(value) and type(value).__str__ is not object.__str__


def _format_any(value: Any, name: str, depth: int) -> str:
    text = str(getattr(value, "__name__", type(value).__name__))
    if isinstance(value, (float, np.floating)):
        text = f"{value:g}"
    elif value is None or isinstance(value, (int, str, np.generic, np.dtype)) or _is_record(value):
        text = str(value)
    elif value is ... or (isinstance(value, (tuple, list)) and value and depth == _DEEPEST):
        text = "…"
    elif isinstance(value, slice):
        bounds = (value.start, value.stop) if value.step is None else (value.start, value.stop, value.step)
        text = ":".join(["" if bound is None else format_field(bound, name, depth + 1) for bound in bounds])
    elif isinstance(value, (tuple, list)) and value:
        texts = [format_field(item, name, depth + 1) for item in value[:_SHOWN_ITEMS]]
        lengths = name not in _LISTS and all(isinstance(item, int) for item in value)
        text = ("×" if lengths else ", ").join([*texts, "…"] if len(value) > _SHOWN_ITEMS else texts)
    elif isinstance(value, (tuple, list)):
        text = "scalar" if name == "shape" else "()"
    elif is_array(value):
        text = f"{value.dtype} {tuple(value.shape)}"
    return text
