"""A convolution, a ReLU and a max-pooling, one image after the other in memory that stays in the cache."""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.convolution import convolve_few
from minigrad.backend.compiled.elementwise import relu_in_place
from minigrad.backend.compiled.pooling import max_of_one
from minigrad.backend.compiled.shared import bounds, shared


@shared
def conv_relu_pool(
    s, shares, x, w, b, HP, WP, top, left, SH, SW, DH, DW, PH, PW, PSH, PSW, above, before, lanes, positive, y, argmax
):
    """Images (N, H, W, C) with packed filters and biases to maxima and argmax; positive is (N, OH, OW, O)."""
    _, OH, OW, O = positive.shape
    start, stop = bounds(len(x), s, shares)
    padded, image = np.zeros((HP, WP, w.shape[4]), x.dtype), np.empty((1, OH, OW, O), x.dtype)
    for n in range(start, stop):
        convolve_few(x[n : n + 1], w, b, padded, top, left, 1, 1, SH, SW, DH, DW, lanes, image)
        relu_in_place(image.reshape(-1), positive[n].reshape(-1))
        max_of_one(image[0], PH, PW, PSH, PSW, above, before, lanes, y[n], argmax[n])
