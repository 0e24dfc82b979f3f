"""Compute graphs as diagrams: `draw(loss, model=model).save("graph.svg")`."""

from minigrad.viz.diagram import Diagram
from minigrad.viz.diff import diff
from minigrad.viz.draw import draw
from minigrad.viz.engines import Engine, EngineError, engines
from minigrad.viz.record import Recorder, record

__all__ = ["Diagram", "Engine", "EngineError", "Recorder", "diff", "draw", "engines", "record"]
