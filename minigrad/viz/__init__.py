"""Compute graphs as diagrams: `draw(loss, model=model).save("graph.dot")`."""

from minigrad.viz.diagram import Diagram
from minigrad.viz.draw import draw

__all__ = ["Diagram", "draw"]
