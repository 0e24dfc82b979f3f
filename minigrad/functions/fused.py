"""A convolution, a ReLU and a max-pooling in one pass over each image: what lies between never leaves the cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.backend.kernels import kernels_of
from minigrad.core.config import FORWARD, anomaly_detection, grad_mode
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply_chain, as_variable
from minigrad.functions.activation import ReLU, relu
from minigrad.functions.convolution import conv2d, convolution_of
from minigrad.functions.pooling import max_pool2d, max_pooling_of


def pooled_convolution(
    x: Operand, w: Operand, b: Operand | None, convolving: Mapping[str, Any], pooling: Mapping[str, Any]
) -> Variable:
    """max_pool2d(relu(conv2d(x, w, b, **convolving)), **pooling), the numbers and the graph.

    The three are applied one by one where somebody looks on.
    """
    if grad_mode.get() not in (None, FORWARD) or anomaly_detection.get():
        return max_pool2d(relu(conv2d(x, w, b, **convolving)), **pooling)
    convolution, inputs = convolution_of(x, w, b, **convolving)
    x, w = inputs[:2]
    (N, _, H, W), filters = x.shape, len(w)
    size = convolution.window.outputs((H, W))
    # Shape and dtype of what is not made: an array without memory.
    nothing = x.xp.zeros((), np.result_type(*(variable.dtype for variable in inputs)))
    images = x.xp.broadcast_to(nothing, (N, filters, *size))
    activation, pool = ReLU(), max_pooling_of(as_variable(images), **pooling)

    def forward(x: Array, w: Array, *b: Array) -> list[Array]:
        y, positive, argmax = kernels_of(x).pooled_convolution(
            x, w, b[0] if b else None, convolution.window, convolution.groups, pool.window
        )
        convolution.keep(x, w)
        activation.save(positive)
        pool.keep(size, argmax)
        return [images, images, y]

    return apply_chain([convolution, activation, pool], forward, *inputs)
