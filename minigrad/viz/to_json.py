"""to_json: a Graph as JSON text, complete: whoever reads it can build the Graph again."""

from __future__ import annotations

import json
from dataclasses import asdict

from minigrad.viz.graph import Graph

VERSION = 1
"""Of the form of the text."""


def write(graph: Graph, title: str | None = None) -> str:
    """The JSON text of `graph`: nodes in execution order, edges by their targets'; it ends with a line break.

    {"version": 1, "title": …, "saved": bytes, "nodes": [{"id", "kind", "name", "label", "tensor": {"shape", "dtype",
    "bytes"} or null, "family", "layer", "saved"}, …], "edges": [{"source", "target", "position", "tensor"}, …]}
    """
    content = {"version": VERSION, "title": title, **asdict(graph)}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
