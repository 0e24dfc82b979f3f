"""A convolution's two gradients where most of what comes back is zero, as behind a max-pooling: the rest is computed.

Each image's numbers that are not zero are listed, with their places. A tile then adds up, for a list,

    out[r, n] += Σ over i of values[i] · x[places[i] + r·x_row + n]

with R rows of NV vectors of results in the registers. For the filters' gradient there is a list for each filter, x is
the image and the rows are the kernel's; for the input's gradient there is a list for each pixel, and x one row of the
filters.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.extending import intrinsic

from minigrad.backend.compiled.convolution import copy_inside, place
from minigrad.backend.compiled.linking import emit_call, link
from minigrad.backend.compiled.processor import BLOCKS
from minigrad.backend.compiled.shared import alone, bounds, inner, shared
from minigrad.backend.compiled.vectors import INT, Vectors, emit_switch

BROADEST = np.array([BLOCKS.get(R, 0) for R in range(6)])


@intrinsic
def add_listed(
    context: Any, R: Any, NV: Any, out: Any, o: Any, out_row: Any, x: Any, i: Any, x_row: Any, values: Any, places: Any,
    first: Any, last: Any,
) -> Any:  # fmt: skip
    """`_add_listed` for compiled code: out and x are arrays followed by the place in them where to begin."""
    del context, R, NV, o, out_row, i, x_row, first, last
    n = types.intp
    return types.void(n, n, out, n, n, x, n, n, values, places, n, n), partial(emit_call, "add_listed")


def _add_listed(real, R, NV, out, o, out_row, x, i, x_row, values, places, first, last):
    _block(real, R, NV, out, o, out_row, x, i, x_row, values, places, first, last)


def link_add_listed(letter: str) -> None:
    """Compile the tiles of a dtype, which both kernels share."""
    link("add_listed", _add_listed, 12, letter)


@intrinsic
def _block(
    context: Any, real: Any, R: Any, NV: Any, out: Any, o: Any, out_row: Any, x: Any, i: Any, x_row: Any, values: Any,
    places: Any, first: Any, last: Any,
) -> Any:  # fmt: skip
    del context, R, NV, out, o, out_row, x, i, x_row, values, places, first, last
    return types.void(real, *[types.intp] * 12), _emit


def _emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """One tile for each number of rows and vectors, and a jump to the one asked for."""
    _, rows, vectors, out, o, out_row, x, i, x_row, values, places, first, last = arguments
    v = Vectors(builder, signature.args[0])
    zero = ir.Constant(INT, 0)
    out, x, values = v.address(out, o), v.address(x, i), v.address(values, zero)
    places = builder.inttoptr(places, INT.as_pointer())
    number = builder.add(builder.mul(rows, ir.Constant(INT, 16)), vectors)
    blocks = {
        16 * R + NV: partial(_emit_block, v, R, NV, out, out_row, x, x_row, values, places, first, last)
        for R, broadest in BLOCKS.items()
        for NV in range(1, broadest + 1)
    }
    emit_switch(builder, number, blocks)
    return context.get_dummy_value()


def _emit_block(
    v: Vectors, R: int, NV: int, out: Any, out_row: Any, x: Any, x_row: Any, values: Any, places: Any,
    first: Any, last: Any,
) -> None:  # fmt: skip
    """A loop over the list, whose state is the results so far; the list is not empty."""
    b = v.b
    rows = [b.gep(out, [b.mul(out_row, ir.Constant(INT, r))]) for r in range(R)]
    starts = [[v.load(row, n) for n in range(NV)] for row in rows]
    before = b.block
    loop, done = b.append_basic_block("loop"), b.append_basic_block("done")
    b.branch(loop)
    b.position_at_end(loop)
    i = b.phi(INT)
    sums = [[b.phi(v.vector) for _ in range(NV)] for _ in range(R)]
    value = v.spread(b.gep(values, [i]))
    start = b.gep(x, [b.load(b.gep(places, [i]))])
    new = []
    for r in range(R):
        row = b.gep(start, [b.mul(x_row, ir.Constant(INT, r))])
        new.append([v.fma(value, v.load(row, n), sums[r][n]) for n in range(NV)])
    following = b.add(i, ir.Constant(INT, 1))
    i.add_incoming(first, before)
    i.add_incoming(following, loop)
    for r in range(R):
        for n in range(NV):
            sums[r][n].add_incoming(starts[r][n], before)
            sums[r][n].add_incoming(new[r][n], loop)
    b.cbranch(b.icmp_signed("<", following, last), loop, done)
    b.position_at_end(done)
    for r in range(R):
        for n in range(NV):
            v.store(new[r][n], rows[r], n)


@inner()
def _aligned(count, like, lanes):
    """A flat array of zeros that begins where a vector does: no vector in it then lies in two lines of the cache."""
    memory = np.zeros(count + lanes, like.dtype)
    skip = (-(memory.ctypes.data // memory.itemsize)) % lanes
    return memory[skip : skip + count]


@alone()
def share_of_nonzeros(y):
    """The part of y's numbers, from some of its images, that are not zero."""
    N, count, seen = len(y), 0, 0
    flat = y.reshape(N, -1)
    for n in range(0, N, max(1, N // 4)):
        for i in range(flat.shape[1]):
            count += flat[n, i] != 0
        seen += flat.shape[1]
    return count / max(1, seen)


@alone()
def all_finite(flat):
    """Whether no number is infinite or NaN: 0 times such a one is not 0."""
    fine = True
    for number in flat:
        fine &= number - number == 0
    return fine


@inner()
def _list_by_pixel(y, apart, values, places, starts):
    """For each pixel the numbers of y (OH, OW, O) that are not 0, and where their filters begin, `apart`."""
    O = y.shape[2]
    flat = y.reshape(-1)
    count = 0
    for pixel in range(len(starts) - 1):
        starts[pixel] = count
        numbers = flat[pixel * O : (pixel + 1) * O]
        for o in range(O):
            values[count] = numbers[o]
            places[count] = o * apart
            count += numbers[o] != 0
    starts[len(starts) - 1] = count


@inner()
def _sort_by_filter(OW, WP, C, O, values, places, starts, sorted_values, sorted_places, ends):
    """Those lists, with `apart` 1, as lists for each filter, of where in the padded image the pixels' windows begin."""
    count = starts[len(starts) - 1]
    for o in range(O + 1):
        ends[o] = 0
    for i in range(count):
        ends[places[i] + 1] += 1
    for o in range(O):
        ends[o + 1] += ends[o]
    for pixel in range(len(starts) - 1):
        window = (pixel // OW * WP + pixel % OW) * C
        for i in range(starts[pixel], starts[pixel + 1]):
            o = places[i]
            sorted_values[ends[o]] = values[i]
            sorted_places[ends[o]] = window
            ends[o] += 1  # in the end where the next one's list begins


@inner()
def _pieces(vectors, broadest):
    """How many vectors a piece has, if `vectors` are split evenly into pieces of at most `broadest`."""
    count = (vectors + broadest - 1) // broadest
    return (vectors + count - 1) // count


@inner()
def _correlate(x, y, KH, KW, HP, WP, top, left, lanes, sums):
    n, OH, OW, O = y.shape
    C = x.shape[3]
    flat_image = _aligned(HP * WP * C, x, lanes)
    padded = flat_image.reshape(HP, WP, C)
    values, places = np.empty(OH * OW * O + 1, y.dtype), np.empty(OH * OW * O + 1, np.int64)
    sorted_values, sorted_places = np.empty(OH * OW * O + 1, y.dtype), np.empty(OH * OW * O + 1, np.int64)
    starts, ends = np.empty(OH * OW + 1, np.int64), np.empty(O + 1, np.int64)
    vectors = KW * C // lanes
    for image in range(n):
        place(x[image], 0, top, left, 1, 1, padded)
        _list_by_pixel(y[image], 1, values, places, starts)
        _sort_by_filter(OW, WP, C, O, values, places, starts, sorted_values, sorted_places, ends)
        for o in range(O):
            first, last = ends[o - 1] if o > 0 else 0, ends[o]
            if first == last:
                continue
            row = 0
            while row < KH:
                R = min(5, KH - row) if KH - row != 4 else 2
                NV = _pieces(vectors, BROADEST[R])
                for part in range(0, vectors, NV):
                    add_listed(
                        R, min(NV, vectors - part), sums, ((o * KH + row) * vectors + part) * lanes, vectors * lanes,
                        flat_image, row * WP * C + part * lanes, WP * C, sorted_values, sorted_places, first, last,
                    )  # fmt: skip
                row += R


@shared
def correlate(shares, x, y, HP, WP, top, left, lanes, w):
    """The filters' gradient (O, C, KH, KW) of images (N, H, W, C); windows one pixel apart, KW · C whole vectors."""
    N, (O, C, KH, KW) = len(x), w.shape
    sums = np.zeros((shares, O * KH * KW * C), x.dtype)
    for s in prange(shares):
        start, stop = bounds(N, s, shares)
        _correlate(x[start:stop], y[start:stop], KH, KW, HP, WP, top, left, lanes, sums[s])
    _gather_filters(sums, w)


@inner()
def _gather_filters(sums, w):
    """The sums of all shares (shares, O · KH · KW · C), added up in their order, as filters."""
    O, C, KH, KW = w.shape
    for o in range(O):
        for c in range(C):
            for i in range(KH):
                for j in range(KW):
                    at = ((o * KH + i) * KW + j) * C + c
                    total = sums[0, at]
                    for s in range(1, len(sums)):
                        total += sums[s, at]
                    w[o, c, i, j] = total


@inner()
def _spread(y, packed, KH, KW, HP, WP, top, left, lanes, x):
    n, OH, OW, O = y.shape
    C = x.shape[3]
    flat_image = _aligned(HP * WP * C, x, lanes)
    padded = flat_image.reshape(HP, WP, C)
    values, places = np.empty(OH * OW * O + 1, y.dtype), np.empty(OH * OW * O + 1, np.int64)
    starts = np.empty(OH * OW + 1, np.int64)
    vectors = KW * C // lanes
    NV = _pieces(vectors, BROADEST[1])
    for image in range(n):
        flat_image[:] = 0
        _list_by_pixel(y[image], NV * lanes, values, places, starts)
        for row in range(KH):
            for part in range(0, vectors, NV):  # the filters' row, or a part of it, stays in the first cache
                slab = (row * ((vectors + NV - 1) // NV) + part // NV) * O * NV * lanes
                for pixel in range(OH * OW):
                    if starts[pixel] < starts[pixel + 1]:
                        h, w = pixel // OW, pixel % OW
                        add_listed(
                            1, min(NV, vectors - part), flat_image, ((h + row) * WP + w) * C + part * lanes, 0,
                            packed, slab, 0, values, places, starts[pixel], starts[pixel + 1],
                        )  # fmt: skip
        copy_inside(padded, top, left, x[image])


@shared
def spread(shares, y, w, HP, WP, top, left, lanes, x):
    """The input's gradient (N, H, W, C) from y (N, OH, OW, O) and filters (O, C, KH, KW), under the same conditions."""
    N, (O, C, KH, KW) = len(x), w.shape
    vectors = KW * C // lanes
    NV = _pieces(vectors, BROADEST[1])
    parts = (vectors + NV - 1) // NV
    packed = _aligned(KH * parts * O * NV * lanes, x, lanes)
    for o in range(O):
        for c in range(C):
            for i in range(KH):
                for j in range(KW):
                    part, n = (j * C + c) // (NV * lanes), (j * C + c) % (NV * lanes)
                    packed[((i * parts + part) * O + o) * NV * lanes + n] = w[o, c, i, j]
    for s in prange(shares):
        start, stop = bounds(N, s, shares)
        _spread(y[start:stop], packed, KH, KW, HP, WP, top, left, lanes, x[start:stop])
