"""Hypothesis strategies for those who write contracts and property-based tests."""

from minigrad.testing.drawing import (
    arrays,
    axes,
    broadcastable,
    conv2d_args,
    elements,
    examples,
    labels,
    layouts,
    pool2d_args,
    reductions,
    shapes,
    with_axis,
)
from minigrad.testing.programs import graphs

__all__ = [
    "arrays",
    "axes",
    "broadcastable",
    "conv2d_args",
    "elements",
    "examples",
    "graphs",
    "labels",
    "layouts",
    "pool2d_args",
    "reductions",
    "shapes",
    "with_axis",
]
