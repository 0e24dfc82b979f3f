"""Diagram: a Graph that is ready to be looked at or written to a file."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from minigrad.files import replacing
from minigrad.viz import dot
from minigrad.viz.graph import Graph

_SUFFIXES = (".dot",)


class Diagram:
    """A drawn compute graph; `draw` makes it.

    Args:
        graph: what to draw.
        title: what stands above it.
    """

    def __init__(self, graph: Graph, title: str | None = None) -> None:
        self.graph = graph
        self.title = title

    @cached_property
    def dot(self) -> str:
        """The text of a Graphviz file; `dot -Tsvg` makes a picture of it."""
        return dot.write(self.graph, self.title)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the diagram to a file; the format is that of the suffix.

        Args:
            path: a name that ends with ".dot"; what stands there is replaced.
        Raises:
            ValueError: there is no such format.
            OSError: the file cannot be written; then nothing has changed.
        """
        path = Path(path)
        if path.suffix.lower() not in _SUFFIXES:
            raise ValueError(f"save: {path.name!r} must end with one of the formats' suffixes: {', '.join(_SUFFIXES)}")
        with replacing(path) as file:
            file.write(self.dot.encode())
