"""Pooling on NHWC memory: the channels of a pixel lie side by side and go through the loops as vectors.

Windows are given as their kernel, their steps, and how far the first one begins above and left of the image; what lies
outside the image is skipped.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minigrad.backend.compiled.shared import bounds, inner, shared
from minigrad.backend.compiled.vectors import put_won, take_larger


@inner()
def _take(pixel, k, best, winner):
    for c in range(len(best)):
        best[c] = pixel[c]
        winner[c] = k


@inner()
def _take_larger(pixel, k, best, winner, lanes):
    """Each channel's pixel where it is larger; twice changes nothing, so the last vector may overlap another."""
    C = len(best)
    if lanes <= C:
        for block in range((C + lanes - 1) // lanes):
            c = min(block * lanes, C - lanes)
            take_larger(pixel, c, k, best, c, winner, c)
    else:
        for c in range(C):
            old, new = best[c], pixel[c]
            better = (not new <= old) & (old == old)  # noqa: PLR0124 - a NaN beats all and is beaten by nothing
            best[c] = new if better else old
            winner[c] = k if better else winner[c]


@inner()
def _max_of_windows(x, KH, KW, SH, SW, above, left, lanes, y, winners):
    """Maxima of one image (H, W, C), and which kernel element each came from."""
    H, W, C = x.shape
    flat, flat_y, flat_winners = x.reshape(-1), y.reshape(-1), winners.reshape(-1)
    at = 0
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            best, winner = flat_y[at : at + C], flat_winners[at : at + C]
            at += C
            first = True
            for i in range(max(0, above - oh * SH), min(KH, H + above - oh * SH)):
                for j in range(max(0, left - ow * SW), min(KW, W + left - ow * SW)):
                    start = ((oh * SH - above + i) * W + ow * SW - left + j) * C
                    if first:
                        _take(flat[start : start + C], winners.dtype.type(i * KW + j), best, winner)
                        first = False
                    else:
                        _take_larger(flat[start : start + C], winners.dtype.type(i * KW + j), best, winner, lanes)
            if first:  # in the border alone
                best[:] = -np.inf
                winner[:] = 0


@shared
def max_of_windows(shares, x, KH, KW, SH, SW, above, left, lanes, y, winners):
    """Maxima (N, OH, OW, C) of images (N, H, W, C)."""
    N = len(x)
    for s in prange(shares):
        for n in range(*bounds(N, s, shares)):
            _max_of_windows(x[n], KH, KW, SH, SW, above, left, lanes, y[n], winners[n])


@inner()
def _put_won(source, winner, k, pixel, lanes):
    """Each channel's number where k won, else 0; the last vector may overlap another."""
    C = len(source)
    if lanes <= C:
        for block in range((C + lanes - 1) // lanes):
            c = min(block * lanes, C - lanes)
            put_won(source, c, winner, c, k, pixel, c)
    else:
        for c in range(C):
            value = source[c]
            pixel[c] = value if winner[c] == k else 0


@inner()
def _add_won(source, winner, k, pixel):
    for c in range(len(source)):
        value = source[c]
        pixel[c] += value if winner[c] == k else 0


@inner()
def _scatter(y, winners, KH, KW, SH, SW, above, left, overlaps, lanes, x):
    """Add each of y (OH, OW, C) at its winner in x (H, W, C)."""
    H, W, C = x.shape
    flat, flat_y, flat_winners = x.reshape(-1), y.reshape(-1), winners.reshape(-1)
    OH, OW = y.shape[:2]
    if overlaps or above or left or (OH * KH, OW * KW) != (H, W) or (SH, SW) != (KH, KW):  # not each is written once
        flat[:] = 0
    at = 0
    for oh in range(OH):
        for ow in range(OW):
            source, winner = flat_y[at : at + C], flat_winners[at : at + C]
            at += C
            for i in range(max(0, above - oh * SH), min(KH, H + above - oh * SH)):
                for j in range(max(0, left - ow * SW), min(KW, W + left - ow * SW)):
                    start = ((oh * SH - above + i) * W + ow * SW - left + j) * C
                    pixel = flat[start : start + C]
                    if overlaps:
                        _add_won(source, winner, winners.dtype.type(i * KW + j), pixel)
                    else:
                        _put_won(source, winner, winners.dtype.type(i * KW + j), pixel, lanes)


@shared
def scatter(shares, y, winners, KH, KW, SH, SW, above, left, overlaps, lanes, x):
    """Images (N, H, W, C) with each of y (N, OH, OW, C) added at its winner."""
    N = len(x)
    for s in prange(shares):
        for n in range(*bounds(N, s, shares)):
            _scatter(y[n], winners[n], KH, KW, SH, SW, above, left, overlaps, lanes, x[n])


@inner()
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
        for n in range(*bounds(N, s, shares)):
            _gather(x[n], winners[n], KW, SH, SW, above, left, y[n])


@inner()
def _add(source, target):
    for c in range(len(target)):
        target[c] += source[c]


@inner()
def _sum(x, KH, KW, SH, SW, above, left, y, backward):
    """Of one image x (H, W, C) and its windows y (OH, OW, C): add the pixels to the windows, or the other way round."""
    H, W, C = x.shape
    flat, flat_y = x.reshape(-1), y.reshape(-1)
    if backward:
        flat[:] = 0
    else:
        flat_y[:] = 0
    at = 0
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            total = flat_y[at : at + C]
            at += C
            for i in range(max(0, above - oh * SH), min(KH, H + above - oh * SH)):
                for j in range(max(0, left - ow * SW), min(KW, W + left - ow * SW)):
                    start = ((oh * SH - above + i) * W + ow * SW - left + j) * C
                    pixel = flat[start : start + C]
                    if backward:
                        _add(total, pixel)
                    else:
                        _add(pixel, total)


@shared
def sum_of_windows(shares, x, KH, KW, SH, SW, above, left, y, backward):
    """Sums y (N, OH, OW, C) over windows of images x (N, H, W, C); backward x, each of y added to its pixels."""
    N = len(x)
    for s in prange(shares):
        for n in range(*bounds(N, s, shares)):
            _sum(x[n], KH, KW, SH, SW, above, left, y[n], backward)
