"""Pooling on NHWC memory: the channels of a pixel lie side by side and go through the loops as vectors.

Windows are given as their kernel, their steps, and how far the first one begins above and left of the image; what lies
outside the image is skipped.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from minigrad.backend.compiled.shared import shared


@njit(nogil=True, cache=True)
def _max_of_windows(x, KH, KW, SH, SW, above, left, y, winners):
    """Maxima of one image (H, W, C), and which kernel element each came from."""
    H, W, C = x.shape
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            best, winner = y[oh, ow], winners[oh, ow]
            first = True
            for k in range(KH * KW):
                h, v = oh * SH - above + k // KW, ow * SW - left + k % KW
                if not (0 <= h < H and 0 <= v < W):
                    continue
                pixel = x[h, v]
                if first:
                    first = False
                    for c in range(C):
                        best[c] = pixel[c]
                        winner[c] = k
                else:
                    for c in range(C):
                        better = not pixel[c] <= best[c] and best[c] == best[c]  # noqa: PLR0124 - NaN beats, unbeaten
                        best[c] = pixel[c] if better else best[c]
                        winner[c] = k if better else winner[c]
            if first:  # in the border alone
                best[:] = -np.inf
                winner[:] = 0


@shared
def max_of_windows(shares, x, KH, KW, SH, SW, above, left, y, winners):
    """Maxima (N, OH, OW, C) of images (N, H, W, C)."""
    N = len(x)
    for s in prange(shares):
        for n in range(N * s // shares, N * (s + 1) // shares):
            _max_of_windows(x[n], KH, KW, SH, SW, above, left, y[n], winners[n])


@njit(nogil=True, cache=True)
def _scatter(y, winners, KH, KW, SH, SW, above, left, overlaps, x):
    """Add each of y (OH, OW, C) at its winner in x (H, W, C)."""
    H, W, C = x.shape
    x[:] = 0
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            source, winner = y[oh, ow], winners[oh, ow]
            for k in range(KH * KW):
                h, v = oh * SH - above + k // KW, ow * SW - left + k % KW
                if not (0 <= h < H and 0 <= v < W):
                    continue
                pixel = x[h, v]
                if overlaps:
                    for c in range(C):
                        pixel[c] += source[c] if winner[c] == k else 0
                else:
                    for c in range(C):
                        pixel[c] = source[c] if winner[c] == k else 0


@shared
def scatter(shares, y, winners, KH, KW, SH, SW, above, left, overlaps, x):
    """Images (N, H, W, C) with each of y (N, OH, OW, C) added at its winner."""
    N = len(x)
    for s in prange(shares):
        for n in range(N * s // shares, N * (s + 1) // shares):
            _scatter(y[n], winners[n], KH, KW, SH, SW, above, left, overlaps, x[n])


@njit(nogil=True, cache=True)
def _gather(x, winners, KW, SH, SW, above, left, y):
    H, W, C = x.shape
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            for c in range(C):
                k = winners[oh, ow, c]
                h, v = oh * SH - above + k // KW, ow * SW - left + k % KW
                y[oh, ow, c] = x[h, v, c] if 0 <= h < H and 0 <= v < W else 0


@shared
def gather(shares, x, winners, KW, SH, SW, above, left, y):
    """The pixel (N, OH, OW, C) of images (N, H, W, C) where each window's winner is; 0 in the border."""
    N = len(x)
    for s in prange(shares):
        for n in range(N * s // shares, N * (s + 1) // shares):
            _gather(x[n], winners[n], KW, SH, SW, above, left, y[n])


@njit(nogil=True, cache=True)
def _sum_of_windows(x, KH, KW, SH, SW, above, left, y):
    H, W, C = x.shape
    y[:] = 0
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            total = y[oh, ow]
            for k in range(KH * KW):
                h, v = oh * SH - above + k // KW, ow * SW - left + k % KW
                if 0 <= h < H and 0 <= v < W:
                    pixel = x[h, v]
                    for c in range(C):
                        total[c] += pixel[c]


@shared
def sum_of_windows(shares, x, KH, KW, SH, SW, above, left, y):
    """Sums (N, OH, OW, C) over windows of images (N, H, W, C)."""
    N = len(x)
    for s in prange(shares):
        for n in range(N * s // shares, N * (s + 1) // shares):
            _sum_of_windows(x[n], KH, KW, SH, SW, above, left, y[n])


@njit(nogil=True, cache=True)
def _spread(y, KH, KW, SH, SW, above, left, x):
    H, W, C = x.shape
    x[:] = 0
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            source = y[oh, ow]
            for k in range(KH * KW):
                h, v = oh * SH - above + k // KW, ow * SW - left + k % KW
                if 0 <= h < H and 0 <= v < W:
                    pixel = x[h, v]
                    for c in range(C):
                        pixel[c] += source[c]


@shared
def spread(shares, y, KH, KW, SH, SW, above, left, x):
    """Images (N, H, W, C) with each of y (N, OH, OW, C) added to all pixels of its window."""
    N = len(x)
    for s in prange(shares):
        for n in range(N * s // shares, N * (s + 1) // shares):
            _spread(y[n], KH, KW, SH, SW, above, left, x[n])
