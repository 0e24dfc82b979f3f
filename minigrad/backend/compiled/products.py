"""The matrix product a @ b, tile by tile.

Where b is small it is packed as a whole, and the rows of a are shared out; else its strips of columns are, each packed
piece by piece. Either way what is read again and again stays in the cache.
"""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.processor import TALL
from minigrad.backend.compiled.shared import alone, bounds, inner, shared
from minigrad.backend.compiled.tile import FEW, LONG, MANY, product
from minigrad.backend.compiled.vectors import copy_pair, transpose_block

DEEP, WIDE = 448, 128
"""How many rows and columns of b are packed at a time: 256 KiB of float32."""


@inner()
def _pack(b, b_row, b_column, k0, depth, n0, n1, packed, lanes):
    """`depth` rows of b from k0 on, its columns n0 to n1: strips (depth, 2 · lanes), one after the other."""
    pair = 2 * lanes
    whole = n0 + (n1 - n0) // pair * pair
    if b_column == 1:
        for k in range(depth):
            for n in range(n0, whole, pair):
                copy_pair(b, (k0 + k) * b_row + n, packed, (n - n0) * depth + k * pair)
    else:
        square = depth // lanes * lanes
        for n in range(n0, whole, lanes):
            at = (n - n0) // pair * pair * depth + (n - n0) % pair
            for k in range(0, square, lanes):
                transpose_block(b, (k0 + k) * b_row + n * b_column, b_column, packed, at + k * pair, pair)
            for k in range(square, depth):
                for c in range(lanes):
                    packed[at + k * pair + c] = b[(k0 + k) * b_row + (n + c) * b_column]
    if whole < n1:  # the last strip is filled up with zeros
        for k in range(depth):
            at, source = (whole - n0) * depth + k * pair, (k0 + k) * b_row + whole * b_column
            for c in range(pair):
                packed[at + c] = b[source + c * b_column] if c < n1 - whole else 0


@alone()
def packed_whole(b, b_row, b_column, K, N, lanes):
    """All of a small b (K, N), a flat array with the distances of rows and columns, as `rows_times` reads it."""
    pair = 2 * lanes
    packed = np.empty((N + pair - 1) // pair * K * pair, b.dtype)
    _pack(b, b_row, b_column, 0, K, 0, N, packed, lanes)
    return packed


@shared
def rows_times(s, shares, M, K, N, a, a_row, a_column, packed, lanes, out):
    """a (M, K), given as b is to `packed_whole`, times what that made of b; K is at most LONG."""
    pair = 2 * lanes
    whole, wide = N // lanes * lanes, (N + lanes - 1) // lanes * lanes
    none = np.zeros(wide, out.dtype)
    rest = np.empty(TALL * lanes, out.dtype)
    first, last = bounds(M, s, shares)
    for m in range(first, last, TALL):
        count = min(TALL, last - m)
        product(count, whole, out, m * N, N, none, 0, 0, a, m * a_row, a_row,
                packed, 0, K * pair, 1, K, 0, a_column, pair, MANY, lanes)  # fmt: skip
        if wide > whole:
            strip = whole // pair * K * pair + whole % pair
            product(count, lanes, rest, 0, lanes, none, 0, 0, a, m * a_row, a_row,
                    packed, strip, 0, 1, K, 0, a_column, pair, MANY, lanes)  # fmt: skip
            for r in range(count):
                for c in range(N - whole):
                    out[(m + r) * N + whole + c] = rest[r * lanes + c]


@shared
def times_columns(s, shares, M, K, N, a, a_row, a_column, b, b_row, b_column, lanes, out):
    """A low a (M, K) times b (K, N), both given as to `packed_whole`."""
    pair = 2 * lanes
    strips = (N + pair - 1) // pair
    first, last = strips * s // shares * pair, min(N, strips * (s + 1) // shares * pair)
    none = np.zeros(pair, out.dtype)
    packed = np.empty(min(DEEP, K) * WIDE, out.dtype)
    long, terms = K > LONG, FEW if K > LONG else MANY
    sums = np.zeros(M * WIDE, out.dtype)  # of columns that are no whole strip; if K is long, of every DEEP rows of b
    totals = np.zeros(M * WIDE if long else 0)
    for n0 in range(first, last, WIDE):
        n1 = min(n0 + WIDE, last)
        totals[:] = 0
        for k in range(0, K, DEEP):
            depth = min(DEEP, K - k)
            _pack(b, b_row, b_column, k, depth, n0, n1, packed, lanes)
            for n in range(n0, n1, pair):
                whole = n + pair <= n1 and not long
                target, at, apart = (out, n, N) if whole else (sums, n - n0, WIDE)
                init, j, init_m = (none, 0, 0) if k == 0 or long else (target, at, apart)
                product(M, pair, target, at, apart, init, j, init_m, a, k * a_column, a_row,
                        packed, (n - n0) * depth, 0, 1, depth, 0, a_column, pair, terms, lanes)  # fmt: skip
            for i in range(len(totals)):
                totals[i] += sums[i]
        for m in range(M):
            for n in range(n0 if long else n0 + (n1 - n0) // pair * pair, n1):
                at = m * WIDE + n - n0
                out[m * N + n] = totals[at] if long else sums[at]


@shared
def transpose(s, shares, x, N, R, C, lanes, y):
    """N matrices (R, C), one after the other in memory, each transposed: (C, R). Squares at the edges overlap."""
    for n in range(*bounds(N, s, shares)):
        _transpose(x, n * R * C, R, C, lanes, y)


@inner()
def _transpose(x, at, R, C, lanes, y):
    if lanes > R or lanes > C:
        for r in range(R):
            for c in range(C):
                y[at + c * R + r] = x[at + r * C + c]
        return
    for i in range((R + lanes - 1) // lanes):
        r = min(i * lanes, R - lanes)
        for j in range((C + lanes - 1) // lanes):
            c = min(j * lanes, C - lanes)
            transpose_block(x, at + r * C + c, C, y, at + c * R + r, R)
