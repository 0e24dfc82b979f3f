"""Convolution and its two gradients on NHWC memory, one image at a time, without laying windows out (no im2col).

Each thread copies an image with its border to memory of its own, where it stays in the cache, and the tile reads the
windows in place. The input's gradient is the convolution of the output's, spread out by the stride, with flipped
filters.

Filters are packed: (groups, strips, KH, KW, Cg, 2 · lanes), each strip the filters of two vectors, zeros at the end.
"""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.shared import alone, bounds, inner, shared
from minigrad.backend.compiled.tile import FEW, LONG, MANY, TOGETHER, product


@alone()
def packed_filters(w, groups, adjoint, lanes):
    """Filters (O, Cg, KH, KW) as the tile reads them; for the adjoint flipped, inputs and outputs exchanged."""
    O, Cg, KH, KW = w.shape
    Og, pair = O // groups, 2 * lanes
    inputs, outputs = (Og, Cg) if adjoint else (Cg, Og)
    packed = np.zeros((groups, (outputs + pair - 1) // pair, KH, KW, inputs, pair), w.dtype)
    for g in range(groups):
        for o in range(Og):
            for i in range(KH):
                for j in range(KW):
                    for c in range(Cg):
                        number = w[g * Og + o, c, i, j]
                        if adjoint:
                            packed[g, c // pair, KH - 1 - i, KW - 1 - j, o, c % pair] = number
                        else:
                            packed[g, o // pair, i, j, c, o % pair] = number
    return packed


@inner()
def copy(source, target):
    """A flat array to another: without the checks of shapes that an assignment brings along."""
    for i in range(len(target)):
        target[i] = source[i]


@inner()
def copy_inside(padded, top, left, image):
    """The image (H, W, C) within its padded form."""
    H, W, C = image.shape
    flat, flat_padded, WP = image.reshape(-1), padded.reshape(-1), padded.shape[1]
    for h in range(H):
        at = ((top + h) * WP + left) * C
        copy(flat_padded[at : at + W * C], flat[h * W * C : (h + 1) * W * C])


@inner()
def place(image, first, top, left, down, across, padded):
    """Channels of an image (H, W, C) from `first` on into (HP, WP, Cg), from (top, left) on, `down`, `across` apart."""
    HP, WP, Cg = padded.shape
    H, W, C = image.shape
    if across == 1 and Cg == C and left >= 0 and left + W <= WP:
        flat, flat_padded = image.reshape(-1), padded.reshape(-1)
        for h in range(H):
            if 0 <= top + h * down < HP:
                at = ((top + h * down) * WP + left) * C
                copy(flat[h * W * C : (h + 1) * W * C], flat_padded[at : at + W * C])
        return
    for h in range(H):
        if not 0 <= top + h * down < HP:
            continue
        for v in range(W):
            if 0 <= left + v * across < WP:
                for c in range(Cg):
                    padded[top + h * down, left + v * across, c] = image[h, v, first + c]


@inner()
def convolve_few(x, w, b, padded, top, left, down, across, SH, SW, DH, DW, lanes, out):
    """A few images (n, H, W, C) with packed filters and biases (groups, wide) into out (n, OH, OW, O)."""
    n, OH, OW, O = out.shape
    groups, _, KH, KW, Cg, pair = w.shape
    Og, wide = O // groups, b.shape[1]
    WP = padded.shape[1]
    flat_image, flat_out = padded.reshape(-1), out.reshape(-1)
    line = np.empty(OW * wide, out.dtype)
    terms = FEW if KH * KW * Cg > LONG else MANY
    parts = 1 if DW == 1 else KH  # with dilation one row of the filters after the other
    rows, taps, x_row = (KH, KW * Cg, DH * WP * Cg) if DW == 1 else (KW, Cg, DW * Cg)
    for g in range(groups):
        flat_w, bias = w[g].reshape(-1), b[g]
        for image in range(n):
            place(x[image], g * Cg, top, left, down, across, padded)
            for h in range(OH):
                # A last vector that is not full spills over into pixels that are written later, if there are any.
                room = len(flat_out) - ((image * OH + h + 1) * OW) * O
                direct = wide == Og or (groups == 1 and wide <= pair and parts == 1 and wide - O <= room)
                at = ((image * OH + h) * OW) * O + g * Og if direct else 0
                target, apart = (flat_out, O) if direct else (line, wide)
                for part in range(parts):
                    init, k, init_m = (bias, 0, 0) if part == 0 else (target, at, apart)
                    product(
                        OW, wide, target, at, apart, init, k, init_m,
                        flat_image, (h * SH + part * DH) * WP * Cg, SW * Cg,
                        flat_w, part * KW * Cg * pair, KH * KW * Cg * pair, rows, taps, x_row, 1, pair, terms, lanes,
                    )  # fmt: skip
                if not direct:
                    for v in range(OW):
                        for o in range(Og):
                            out[image, h, v, g * Og + o] = line[v * wide + o]


@shared
def convolve(s, shares, x, w, b, HP, WP, top, left, down, across, SH, SW, DH, DW, lanes, out):
    """All images, in `shares` parts at once."""
    start, stop = bounds(len(x), s, shares)
    padded = np.zeros((HP, WP, w.shape[4]), x.dtype)
    convolve_few(x[start:stop], w, b, padded, top, left, down, across, SH, SW, DH, DW, lanes, out[start:stop])


@inner()
def add_to(totals, sums):
    """Add sums to totals of more digits, and begin them anew."""
    for i in range(len(sums)):
        totals[i] += sums[i]
        sums[i] = 0


@inner()
def correlate_few(x, y, room, padded, top, left, SH, SW, DH, DW, terms, lanes, sums, totals):
    """Add a few images' share of the filters' gradient to `totals`, (groups, KH, KW · Cg, O / groups filled up).

    After the numbers of y are `room` more in memory; sums are as many zeros as the totals, in the dtype of the images.
    """
    n, OH, OW, O = y.shape
    groups, KH, M, wide = sums.shape
    WP, Cg = padded.shape[1], padded.shape[2]
    Og, KW = O // groups, M // Cg
    flat_image, flat_y, flat_sums, flat_totals = padded.reshape(-1), y.reshape(-1), sums.reshape(-1), totals.reshape(-1)
    high, count, size = max(1, TOGETHER * terms // OW), 0, KH * M * wide
    line = np.zeros(OH * OW * wide, y.dtype)
    parts, across = (1, M) if DW == 1 else (KW, Cg)
    for g in range(groups):
        for image in range(n):
            place(x[image], g * Cg, top, left, 1, 1, padded)
            # A last vector that is not full takes the next pixel's numbers along, if there are any: sums nobody reads.
            direct = groups == 1 and wide - O <= (n - image - 1) * OH * OW * O + room
            if not direct:
                for h in range(OH):
                    for v in range(OW):
                        for o in range(Og):
                            line[(h * OW + v) * wide + o] = y[image, h, v, g * Og + o]
            w, j, tap = (flat_y, image * OH * OW * O, O) if direct else (line, 0, wide)
            for h in range(0, OH, high):
                rows = min(high, OH - h)
                for i in range(KH):
                    for part in range(parts):
                        at = ((g * KH + i) * M + part * Cg) * wide
                        product(
                            across, wide, flat_sums, at, wide, flat_sums, at, wide,
                            flat_image, ((h * SH + i * DH) * WP + part * DW) * Cg, 1,
                            w, j + h * OW * tap, 2 * lanes, rows, OW, SH * WP * Cg, SW * Cg, tap, terms, lanes,
                        )  # fmt: skip
                count += rows * OW
                if count >= TOGETHER * terms or (image == n - 1 and h + high >= OH):
                    add_to(flat_totals[g * size : (g + 1) * size], flat_sums[g * size : (g + 1) * size])
                    count = 0


@shared
def correlate(s, shares, x, y, HP, WP, Cg, top, left, SH, SW, DH, DW, lanes, totals):
    """Each share of the images adds to its totals, (groups, KH, KW · Cg, O / groups filled up)."""
    start, stop = bounds(len(x), s, shares)
    padded, sums = np.zeros((HP, WP, Cg), x.dtype), np.zeros(totals.shape[1:], x.dtype)
    terms = FEW if len(y) * y.shape[1] * y.shape[2] > LONG else MANY
    correlate_few(
        x[start:stop], y[start:stop], 0, padded, top, left, SH, SW, DH, DW, terms, lanes, sums, totals[s]
    )  # fmt: skip


@alone()
def add_shares(totals, w):
    """The filters' gradient (groups, O / groups, Cg, KH, KW) from those totals, in the order of the shares."""
    groups, Og, Cg, KH, KW = w.shape
    for g in range(groups):
        for o in range(Og):
            for c in range(Cg):
                for i in range(KH):
                    for j in range(KW):
                        total = totals[0, g, i, j * Cg + c, o]
                        for s in range(1, len(totals)):
                            total += totals[s, g, i, j * Cg + c, o]
                        w[g, o, c, i, j] = total
