"""Compute graphs as diagrams: `draw(loss, model=model).save("graph.svg")`."""

from minigrad.viz.diagram import Diagram, draw
from minigrad.viz.diff import diff
from minigrad.viz.engines import Engine, EngineError, engines
from minigrad.viz.options import DrawOptions
from minigrad.viz.record import Recorder, RecordStep, record

__all__ = [
    "Diagram",
    "DrawOptions",
    "Engine",
    "EngineError",
    "RecordStep",
    "Recorder",
    "diff",
    "draw",
    "engines",
    "record",
]
