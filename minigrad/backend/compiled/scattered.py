"""A convolution's gradients from what came back through a max-pooling, which is zero but where a window's maximum was.

Each image's other numbers are listed: for the filters' gradient once for each filter, with the places in the image
where its windows begin; for the input's gradient once for each pixel, with the filters that meet there. Where the
filters' rows are shorter than a vector, one image at a time is written with its zeros, to memory that stays cached.
"""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.convolution import add_to, copy_inside, correlate_few, place
from minigrad.backend.compiled.elementwise import add_rows, clear
from minigrad.backend.compiled.listed import add_listed
from minigrad.backend.compiled.pooling import scatter_one
from minigrad.backend.compiled.processor import BLOCKS
from minigrad.backend.compiled.shared import alone, bounds, inner, shared
from minigrad.backend.compiled.tile import FEW, LONG, MANY, TOGETHER

BROADEST = np.array([BLOCKS.get(R, 0) for R in range(6)])
"""How many vectors of results each of so many rows may have."""


@inner()
def _aligned(count, like, lanes):
    """A flat array of zeros that begins where a vector does: no vector in it then lies in two lines of the cache."""
    memory = np.zeros(count + lanes, like.dtype)
    skip = (-(memory.ctypes.data // memory.itemsize)) % lanes
    return memory[skip : skip + count]


@inner()
def _pieces(vectors, broadest):
    """How many vectors a piece has, if `vectors` are split evenly into pieces of at most `broadest`."""
    count = (vectors + broadest - 1) // broadest
    return (vectors + count - 1) // count


@inner()
def _windows(OH, OW, SH, SW, PH, PW, width, C):
    """In images (H, width, C): where each of OH × OW windows begins, and how far from there its pixels are."""
    firsts, offsets = np.empty(OH * OW, np.int64), np.empty(PH * PW, np.int64)
    for p in range(OH * OW):
        firsts[p] = (p // OW * SH * width + p % OW * SW) * C
    for k in range(PH * PW):
        offsets[k] = (k // PW * width + k % PW) * C
    return firsts, offsets


@inner()
def _let_through(y, argmax, mask, firsts, offsets, O, passed):
    """Of each window's numbers (P, O) those whose argmax the mask lets through."""
    for p in range(len(firsts)):
        for o in range(O):
            number = y[p * O + o]
            if len(mask) > 0:
                number *= mask[firsts[p] + offsets[argmax[p * O + o]] + o]
            passed[p * O + o] = number


@inner()
def _list_by_filter(passed, argmax, firsts, offsets, values, places, counts):
    """For each filter o, from o · P on: its numbers that are not 0, and where their windows of the image begin."""
    P, O = len(firsts), len(counts)
    counts[:] = 0
    for p in range(P):
        for o in range(O):
            number = passed[p * O + o]
            at = o * P + counts[o]
            values[at] = number
            places[at] = firsts[p] + offsets[argmax[p * O + o]]
            counts[o] += number != 0


@inner()
def _list_by_pixel(passed, argmax, O, pixels, apart, values, places, counts):
    """For each of the windows' pixels n, from n · O on: its numbers that are not 0, and where their filters begin."""
    counts[:] = 0
    for p in range(len(counts) // pixels):
        for o in range(O):
            number, n = passed[p * O + o], p * pixels + argmax[p * O + o]
            at = n * O + counts[n]
            values[at] = number
            places[at] = o * apart
            counts[n] += number != 0


@inner()
def _correlate(image, values, places, counts, P, KH, row, vectors, lanes, sums):
    """Add what P windows of an image have a share in the filters' gradient, (O, KH, vectors · lanes)."""
    for o in range(len(counts)):
        for first in range(o * P, o * P + counts[o], FEW):
            last, i = min(first + FEW, o * P + counts[o]), 0
            while i < KH:
                R = min(5, KH - i) if KH - i != 4 else 2
                NV = _pieces(vectors, BROADEST[R])
                for part in range(0, vectors, NV):
                    add_listed(
                        R, min(NV, vectors - part), sums, ((o * KH + i) * vectors + part) * lanes, vectors * lanes,
                        image, i * row + part * lanes, row, values, places, first, last,
                    )  # fmt: skip
                i += R


@inner()
def _spread(values, places, counts, firsts, offsets, row, packed, O, KH, vectors, lanes, image):
    """Add each pixel's filters at its window of the image."""
    NV = _pieces(vectors, BROADEST[1])
    slab = 0
    for i in range(KH):
        for part in range(0, vectors, NV):  # the filters' row, or a part of it, stays in the first cache
            for n in range(len(counts)):
                if counts[n] > 0:
                    at = firsts[n // len(offsets)] + offsets[n % len(offsets)] + i * row + part * lanes
                    add_listed(
                        1, min(NV, vectors - part), image, at, 0, packed, slab, 0,
                        values, places, n * O, n * O + counts[n],
                    )  # fmt: skip
            slab += O * NV * lanes


@alone()
def packed_rows(w, lanes):
    """Filters (O, C, KH, KW) as `gradients` reads them: each row in pieces, of each piece all filters together."""
    O, C, KH, KW = w.shape
    vectors = (KW * C + lanes - 1) // lanes
    wide = _pieces(vectors, BROADEST[1]) * lanes
    pieces = (vectors * lanes + wide - 1) // wide
    packed = _aligned(KH * pieces * O * wide, w, lanes)
    for o in range(O):
        for c in range(C):
            for i in range(KH):
                for j in range(KW):
                    piece, n = (j * C + c) // wide, (j * C + c) % wide
                    packed[((i * pieces + piece) * O + o) * wide + n] = w[o, c, i, j]
    return packed


@alone()
def add_shares(totals, gw):
    """The filters' gradient (O, C, KH, KW) from what each share of the images found, (shares, O, KH, a row)."""
    O, C, KH, KW = gw.shape
    for o in range(O):
        for c in range(C):
            for i in range(KH):
                for j in range(KW):
                    total = totals[0, o, i, j * C + c]
                    for s in range(1, len(totals)):
                        total += totals[s, o, i, j * C + c]
                    gw[o, c, i, j] = total


@shared
def gradients(
    s, shares, y, argmax, mask, W, SH, SW, PH, PW, x, packed, C, KH, KW, HP, WP, top, left, lanes, totals, bias, gx
):
    """All three gradients of a convolution whose windows are one pixel apart.

    y and argmax are (N, OH, OW, O), of windows (PH, PW), (SH, SW) apart, of what the convolution gave, (N, H, W, O);
    so large is the mask, (N, H · W · O), or (N, 0). Each share adds to its totals (O · KH · a row), the
    filters' gradient, and to its `bias` (O,), the bias's. x (N, ...) or gx may be empty, and is left out then.
    """
    N, OH, OW, O = y.shape
    P, vectors, row = OH * OW, (KW * C + lanes - 1) // lanes, WP * C
    apart = _pieces(vectors, BROADEST[1]) * lanes
    flat_y, flat_winners, flat_mask = y.reshape(N, P * O), argmax.reshape(N, P * O), mask.reshape(N, -1)
    pixels, pixel_offsets = _windows(OH, OW, SH, SW, PH, PW, W, O)
    firsts, offsets = _windows(OH, OW, SH, SW, PH, PW, WP, C)
    passed = np.empty(P * O, y.dtype)
    room = P * O * (PH * PW if len(gx) > 0 else 1)
    values, places = np.empty(room, y.dtype), np.empty(room, np.int64)
    by_filter, by_pixel = np.empty(O, np.int64), np.empty(P * PH * PW, np.int64)
    image = _aligned(HP * row + lanes, y, lanes)  # a last vector may reach beyond
    padded = image[: HP * row].reshape(HP, WP, C)
    sums, blocks, many = np.zeros(totals.shape[1], y.dtype), 0, TOGETHER * FEW
    for n in range(*bounds(N, s, shares)):
        _let_through(flat_y[n], flat_winners[n], flat_mask[n], pixels, pixel_offsets, O, passed)
        add_rows(passed.reshape(P, O), bias[s])
        if len(x) > 0:
            image[:] = 0
            place(x[n], 0, top, left, 1, 1, padded)
            for p in range(0, P, many):
                q = min(p + many, P)
                _list_by_filter(
                    passed[p * O : q * O], flat_winners[n, p * O : q * O], firsts[p:q], offsets,
                    values, places, by_filter,
                )  # fmt: skip
                _correlate(image, values, places, by_filter, q - p, KH, row, vectors, lanes, sums)
                blocks += (q - p + FEW - 1) // FEW
                if blocks >= TOGETHER:
                    add_to(totals[s], sums)
                    blocks = 0
        if len(gx) > 0:
            image[:] = 0
            _list_by_pixel(passed, flat_winners[n], O, PH * PW, apart, values, places, by_pixel)
            _spread(values, places, by_pixel, firsts, offsets, row, packed, O, KH, vectors, lanes, image)
            copy_inside(padded, top, left, gx[n])
    add_to(totals[s], sums)


@shared
def correlate(
    s, shares, y, argmax, mask, H, W, PSH, PSW, PH, PW, overlaps, x, HP, WP, top, left, SH, SW, DH, DW, lanes,
    totals, bias,
):  # fmt: skip
    """The filters' gradient and the bias's of any convolution without groups, as `convolution.correlate` sums it."""
    O = y.shape[3]
    start, stop = bounds(len(y), s, shares)
    memory, padded = np.zeros(H * W * O + lanes, y.dtype), np.zeros((HP, WP, x.shape[3]), y.dtype)
    flat = memory[: H * W * O]
    image, sums = flat.reshape(1, H, W, O), np.zeros(totals.shape[1:], y.dtype)
    terms = FEW if len(y) * H * W > LONG else MANY
    for n in range(start, stop):
        scatter_one(y[n], argmax[n], PH, PW, PSH, PSW, 0, 0, overlaps, lanes, image[0])
        if mask.shape[1] > 0:
            clear(flat, mask[n])
        add_rows(flat.reshape(H * W, O), bias[s])
        correlate_few(
            x[n : n + 1], image, lanes, padded, top, left, SH, SW, DH, DW, terms, lanes, sums, totals[s]
        )  # fmt: skip
