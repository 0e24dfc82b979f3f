"""to_json: a Graph as JSON text, complete: whoever reads it can build the Graph again."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

from minigrad.viz.graph import Graph, Stats, Tensor

VERSION = 2
"""Of the form of the text."""


def write(graph: Graph, title: str | None = None) -> str:
    """The JSON text of `graph`: nodes in execution order, edges by their targets'; it ends with a line break.

    An object of "version", "title", "saved", "peak", "nodes" and "edges"; nodes and edges have the fields of `Node` and
    `Edge`, except those that are at their defaults. NaN and Inf, which JSON has not, are the texts "nan" and "inf".
    """
    content: dict[str, Any] = {"version": VERSION, "title": title, "saved": graph.saved, "peak": graph.peak}
    content |= {"nodes": list(map(_object, graph.nodes)), "edges": list(map(_object, graph.edges))}
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"
    return text.encode(errors="replace").decode()  # half a pair of UTF-16 is no text


def _object(item: Any) -> Any:
    """A dataclass as an object, without the fields that say nothing."""
    found = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if value != field.default or type(value) is not type(field.default):
            found[field.name] = _value(value)
    return found


def _value(value: Any) -> Any:
    if isinstance(value, Tensor):
        return {"shape": value.shape, "dtype": value.dtype, "bytes": value.bytes}
    if isinstance(value, Stats):
        return {name: _value(number) for name, number in value._asdict().items()}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
