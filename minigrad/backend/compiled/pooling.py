"""Pooling on NHWC memory: the channels of a pixel lie side by side and go through the loops as vectors.

Windows are given as their kernel, their steps, and how far the first one begins above and left of the image; what lies
outside the image is skipped.
"""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.shared import bounds, inner, shared
from minigrad.backend.compiled.tile import FEW
from minigrad.backend.compiled.vectors import max_of_pixels, put_won


@inner()
def _inside(count, first, length):
    """Which of a window's `count` pixels along an axis, whose first is at `first`, lie within `length` pixels."""
    return max(0, -first), min(count, length - first)


@inner()
def max_of_one(x, KH, KW, SH, SW, above, left, lanes, y, argmax):
    """Maxima of one image (H, W, C), and which kernel element each came from."""
    H, W, C = x.shape
    flat, flat_y, flat_winners = x.reshape(-1), y.reshape(-1), argmax.reshape(-1)
    at = 0
    for oh in range(y.shape[0]):
        for ow in range(y.shape[1]):
            top, side = oh * SH - above, ow * SW - left
            (i, last_i), (j, last_j) = _inside(KH, top, H), _inside(KW, side, W)
            rows, columns, k, start = last_i - i, last_j - j, i * KW + j, ((top + i) * W + side + j) * C
            if rows <= 0 or columns <= 0:  # in the border alone
                flat_y[at : at + C] = -np.inf
                flat_winners[at : at + C] = 0
            elif lanes <= C:
                for block in range((C + lanes - 1) // lanes):
                    c = min(block * lanes, C - lanes)  # twice changes nothing, so the last vector may overlap another
                    max_of_pixels(flat, start + c, rows, columns, W * C, C, k, KW, flat_y, at + c, flat_winners, at + c)
            else:
                for c in range(C):
                    best, winner = flat[start + c], k
                    for row in range(rows):
                        for column in range(columns):
                            new = flat[start + (row * W + column) * C + c]
                            if (not new <= best) & (best == best):  # noqa: PLR0124 - a NaN beats all, and nothing beats it
                                best, winner = new, k + row * KW + column
                    flat_y[at + c], flat_winners[at + c] = best, winner
            at += C


@shared
def max_of_windows(s, shares, x, KH, KW, SH, SW, above, left, lanes, y, argmax):
    """Maxima (N, OH, OW, C) of images (N, H, W, C)."""
    for n in range(*bounds(len(x), s, shares)):
        max_of_one(x[n], KH, KW, SH, SW, above, left, lanes, y[n], argmax[n])


@inner()
def scatter_one(y, argmax, KH, KW, SH, SW, above, left, overlaps, lanes, x):
    """Add each of y (OH, OW, C) at its winner in x (H, W, C)."""
    H, W, C = x.shape
    flat, flat_y, flat_winners, zero = x.reshape(-1), y.reshape(-1), argmax.reshape(-1), x.dtype.type(0)
    OH, OW = y.shape[:2]
    if overlaps or above or left or (OH * KH, OW * KW) != (H, W) or (SH, SW) != (KH, KW):  # not each is written once
        flat[:] = 0
    at = 0
    for oh in range(OH):
        for ow in range(OW):
            top, side = oh * SH - above, ow * SW - left
            (first_i, last_i), (first_j, last_j) = _inside(KH, top, H), _inside(KW, side, W)
            for i in range(first_i, last_i):
                for j in range(first_j, last_j):
                    k, pixel = i * KW + j, ((top + i) * W + side + j) * C
                    if overlaps:
                        for c in range(C):
                            flat[pixel + c] += flat_y[at + c] if flat_winners[at + c] == k else zero
                    elif lanes <= C:
                        for block in range((C + lanes - 1) // lanes):
                            c = min(block * lanes, C - lanes)  # the last vector may overlap another
                            put_won(flat_y, at + c, flat_winners, at + c, k, flat, pixel + c)
                    else:
                        for c in range(C):
                            flat[pixel + c] = flat_y[at + c] if flat_winners[at + c] == k else zero
            at += C


@shared
def scatter(s, shares, y, argmax, KH, KW, SH, SW, above, left, overlaps, lanes, x):
    """Images (N, H, W, C) with each of y (N, OH, OW, C) added at its winner."""
    for n in range(*bounds(len(x), s, shares)):
        scatter_one(y[n], argmax[n], KH, KW, SH, SW, above, left, overlaps, lanes, x[n])


@shared
def gather(s, shares, x, argmax, KW, SH, SW, above, left, y):
    """The pixel (N, OH, OW, C) of images (N, H, W, C) where each window's winner is; 0 in the border."""
    _, H, W, C = x.shape
    for n in range(*bounds(len(x), s, shares)):
        for oh in range(y.shape[1]):
            for ow in range(y.shape[2]):
                for c in range(C):
                    k = argmax[n, oh, ow, c]
                    h, v = oh * SH - above + k // KW, ow * SW - left + k % KW
                    y[n, oh, ow, c] = x[n, h, v, c] if 0 <= h < H and 0 <= v < W else 0


@inner()
def _add(source, target):
    for c in range(len(target)):
        target[c] += source[c]


@inner()
def _sum(x, KH, KW, SH, SW, above, left, y, backward):
    """Of one image x (H, W, C) and its windows y (OH, OW, C): add the pixels to the windows, or the other way round."""
    H, W, C = x.shape
    flat, flat_y = x.reshape(-1), y.reshape(-1)
    many, wide = not backward and KH * KW > FEW, np.zeros(C)
    count = 0
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
                        count += 1
                        if many and count % FEW == 0:
                            _add(total, wide)
                            total[:] = 0
            if many:
                _add(total, wide)
                total[:] = wide
                wide[:] = 0


@shared
def sum_of_windows(s, shares, x, KH, KW, SH, SW, above, left, y, backward):
    """Sums y (N, OH, OW, C) over windows of images x (N, H, W, C); backward x, each of y added to its pixels."""
    for n in range(*bounds(len(x), s, shares)):
        _sum(x[n], KH, KW, SH, SW, above, left, y[n], backward)
