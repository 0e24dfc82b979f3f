"""Batch normalization of rows (N, C): in float64, and several rows at a time, as one may be no whole vectors.

What belongs to a channel is given as often as rows go together, so that it has the width of them all. Of a number x of
channel c the distance is d = (x − high[c]) − low[c], where high + low is the mean.
"""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.shared import bounds, shared


@shared
def add_distances(s, shares, x, high, low, totals):
    """Σ d and Σ d² of each share of the rows, (shares, 2, width)."""
    start, stop = bounds(len(x), s, shares)
    flat, width = x[start:stop].reshape(-1), len(high)
    sums, squares = totals[s, 0], totals[s, 1]
    for first in range(0, len(flat), width):
        row = flat[first : first + width]
        for c in range(len(row)):
            d = np.float64(row[c]) - high[c] - low[c]
            sums[c] += d
            squares[c] += d * d


@shared
def scale_distances(s, shares, x, high, low, factor, summand, y):
    """d · factor + summand."""
    start, stop = bounds(len(x), s, shares)
    flat, out, width = x[start:stop].reshape(-1), y[start:stop].reshape(-1), len(high)
    for first in range(0, len(flat), width):
        row, result = flat[first : first + width], out[first : first + width]
        for c in range(len(row)):
            result[c] = (np.float64(row[c]) - high[c] - low[c]) * factor[c] + summand[c]


@shared
def add_products(s, shares, gy, x, high, low, totals):
    """Σ gy and Σ gy · d of each share of the rows, (shares, 2, width)."""
    start, stop = bounds(len(x), s, shares)
    flat, flat_gy, width = x[start:stop].reshape(-1), gy[start:stop].reshape(-1), len(high)
    sums, products = totals[s, 0], totals[s, 1]
    for first in range(0, len(flat), width):
        row, row_gy = flat[first : first + width], flat_gy[first : first + width]
        for c in range(len(row)):
            g = np.float64(row_gy[c])
            sums[c] += g
            products[c] += g * (np.float64(row[c]) - high[c] - low[c])


@shared
def gradient(s, shares, gy, x, high, low, mean, slope, factor, gx):
    """(gy − mean − d · slope) · factor."""
    start, stop = bounds(len(x), s, shares)
    flat, flat_gy, out, width = (
        x[start:stop].reshape(-1),
        gy[start:stop].reshape(-1),
        gx[start:stop].reshape(-1),
        len(high),
    )
    for first in range(0, len(flat), width):
        row, row_gy, result = flat[first : first + width], flat_gy[first : first + width], out[first : first + width]
        for c in range(len(row)):
            d = np.float64(row[c]) - high[c] - low[c]
            result[c] = (np.float64(row_gy[c]) - mean[c] - d * slope[c]) * factor[c]
