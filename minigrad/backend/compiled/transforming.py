"""Images turned and zoomed."""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.shared import bounds, inner, shared

FRAME = 2
"""Zeros beside an image: a place outside lies between two of them, however far out it is."""


@inner()
def _within(place, last):
    """The place, from 0 to the last one; 0 if it is no number."""
    return min(last, max(0.0, place))  # in this order: max(0.0, nan) is 0.0


@shared
def affine(s, shares, x, matrices, y):
    """Images (N, C, H, W) whose pixels are those of x at matrix · place, mixed of the four around it.

    Where the pixels of an image come from is found before they are mixed: the former is done by vectors.
    """
    N, C, H, W = x.shape
    width, pixels, results = W + 2 * FRAME, H * W, y.reshape(N, C, H * W)
    framed, first = np.zeros((H + 2 * FRAME) * width, x.dtype), np.empty(pixels, np.uint64)
    down, right = np.empty(pixels, x.dtype), np.empty(pixels, x.dtype)
    here_h, here_w = np.empty(pixels), np.empty(pixels)  # from the middle
    for i in range(pixels):
        here_h[i], here_w[i] = i // W - (H - 1) / 2, i % W - (W - 1) / 2
    for n in range(*bounds(N, s, shares)):
        row_h, row_w, column_h, column_w = matrices[n, 0, 0], matrices[n, 0, 1], matrices[n, 1, 0], matrices[n, 1, 1]
        for i in range(pixels):
            row = _within(row_h * here_h[i] + row_w * here_w[i] + (H - 1) / 2 + FRAME, float(H + FRAME))
            column = _within(column_h * here_h[i] + column_w * here_w[i] + (W - 1) / 2 + FRAME, float(W + FRAME))
            top, left = np.int32(row), np.int32(column)
            down[i], right[i], first[i] = row - top, column - left, np.int64(top) * width + left
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    framed[(h + FRAME) * width + FRAME + w] = x[n, c, h, w]
            for i in range(pixels):
                at, below = first[i], first[i] + np.uint64(width)
                upper = framed[at] + (framed[at + np.uint64(1)] - framed[at]) * right[i]
                lower = framed[below] + (framed[below + np.uint64(1)] - framed[below]) * right[i]
                results[n, c, i] = upper + (lower - upper) * down[i]
