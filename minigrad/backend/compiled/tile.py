"""The register tile: the one inner loop of every product, written once and compiled to vector instructions.

A tile computes MR × NV vectors of

    out[m, n] = init[m, n] + Σ over r, t of x[r·x_row + t·x_tap + m·x_m] · w[(r·taps + t)·w_tap + n]

in blocks of at most `terms` terms, the first of which begins with `init`, unless that is `out` itself, with the results in the processor's registers while the numbers of x and w stream by: each vector of w is used for MR
rows, each number of x, spread over a vector, for NV columns. Forward convolution (m: pixels, n: filters, taps: the
window's columns and channels), both of its gradients and matrix products differ in the strides alone.

A sum in float32 loses little if it is made of sums of few terms; many of those are for the caller to add up in float64.

Source: Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication"; Zhang, Franchetti & Low 2018,
"High performance zero-memory overhead direct convolutions".
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minigrad.backend.compiled.linking import emit_call, link
from minigrad.backend.compiled.processor import TALL, TILES
from minigrad.backend.compiled.vectors import INT, Vectors, emit_switch

BIT = ir.IntType(1)

LONG, FEW, MANY = 8192, 64, 256
"""In blocks of how many terms longer and shorter sums than LONG are made: few lose less, and take 5 % more time."""

TOGETHER = 16
"""How many blocks of a long sum are added up in its own dtype."""

HEIGHTS = np.array([max((MR for MR, _ in TILES if n >= MR), default=0) for n in range(TALL + 1)])
"""The tallest tile for so many rows."""


def _product(
    real, M, N, out, o, out_m, init, k, init_m, x, i, x_m, w, j, w_strip, rows, taps, x_row, x_tap, w_tap, terms, lanes
):
    """M rows of N numbers, N a multiple of `lanes`, tile by tile; each strip of w begins `w_strip` after the last."""
    if M <= 0 or rows <= 0 or taps <= 0:
        return
    for n in range(0, N, 2 * lanes):
        NV = min(2, (N - n) // lanes)
        m = 0
        while m < M:
            tiles = (M - m + TALL - 1) // TALL
            MR = HEIGHTS[(M - m + tiles - 1) // tiles]
            _tile(
                real, MR, NV, out, o + m * out_m + n, out_m, init, k + m * init_m + n, init_m, x, i + m * x_m, x_m,
                w, j + n // (2 * lanes) * w_strip, rows, taps, x_row, x_tap, w_tap, terms,
            )  # fmt: skip
            m += MR


@intrinsic
def product(
    context: Any, M: Any, N: Any, out: Any, o: Any, out_m: Any, init: Any, k: Any, init_m: Any, x: Any, i: Any,
    x_m: Any, w: Any, j: Any, w_strip: Any, rows: Any, taps: Any, x_row: Any, x_tap: Any, w_tap: Any, terms: Any,
    lanes: Any,
) -> Any:  # fmt: skip
    """`_product` for compiled code: each array is followed by the place in it where to begin."""
    del context, M, N, o, out_m, k, init_m, i, x_m, j, w_strip, rows, taps, x_row, x_tap, w_tap, terms, lanes
    n = types.intp
    return types.void(n, n, out, n, n, init, n, n, x, n, n, w, *[n] * 9), partial(emit_call, "product")


def link_product(letter: str) -> None:
    """Compile the tiles of a dtype, which all kernels share."""
    link("product", _product, 21, letter)


@intrinsic
def _tile(
    context: Any, real: Any, MR: Any, NV: Any, out: Any, o: Any, out_m: Any, init: Any, k: Any, init_m: Any, x: Any,
    i: Any, x_m: Any, w: Any, j: Any, rows: Any, taps: Any, x_row: Any, x_tap: Any, w_tap: Any, terms: Any,
) -> Any:  # fmt: skip
    del context, MR, NV, out, o, out_m, init, k, init_m, x, i, x_m, w, j, rows, taps, x_row, x_tap, w_tap, terms
    return types.void(real, *[types.intp] * 19), _emit


def _emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """One tile for each height and width that goes into the registers, and a jump to the one asked for."""
    _, height, width, *others = arguments
    v = Vectors(builder, signature.args[0])
    out, init, x, w = (v.address(others[at], others[at + 1]) for at in (0, 3, 6, 9))
    number = builder.add(builder.mul(height, ir.Constant(INT, 4)), width)
    largest = max(MR * NV for MR, NV in TILES) * v.lanes
    blocks = cgutils.alloca_once(builder, v.real, ir.Constant(INT, largest))  # the sums of all blocks but the last
    tiles = {4 * MR + NV: partial(_emit_tile, v, MR, NV, blocks, out, init, x, w, others) for MR, NV in TILES}
    emit_switch(builder, number, tiles)
    return context.get_dummy_value()


def _emit_tile(
    v: Vectors, MR: int, NV: int, blocks: Any, out: Any, init: Any, x: Any, w: Any, distances: list[Any]
) -> None:
    """Three nested loops: over blocks of terms, pieces of rows in a block, and taps; the state is the block's sums."""
    b = v.b
    _, _, out_m, _, _, init_m, _, _, x_m, _, _, rows, taps, x_row, x_tap, w_tap, terms = distances
    zero, one, yes, no = ir.Constant(INT, 0), ir.Constant(INT, 1), ir.Constant(BIT, 1), ir.Constant(BIT, 0)
    cells = [(m, n) for m in range(MR) for n in range(NV)]
    nothing = [ir.Constant(v.vector, None)] * len(cells)
    before = b.block
    names = "start", "piece", "tap", "piece_end", "ended", "add", "block", "keep", "last", "add_out", "store", "done"
    (start, piece, tap, piece_end, ended, add, block, keep, last, add_out, store, done) = map(
        b.append_basic_block, names
    )

    def row(start: Any, m: int, distance: Any) -> Any:
        return b.gep(start, [b.mul(distance, ir.Constant(INT, m))])

    def arrive(phis: list[Any], values: list[Any], origin: Any) -> None:
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, origin)

    next_row = b.sub(x_row, b.mul(taps, x_tap))
    end = b.mul(b.mul(rows, taps), w_tap)
    adds = b.icmp_unsigned("==", init, out)
    b.cbranch(adds, piece, start)

    b.position_at_end(start)
    starts = [v.load(row(init, m, init_m), n) for m, n in cells]
    b.branch(piece)

    b.position_at_end(piece)
    first, left, taps_left, x_p, w_p = state = [b.phi(BIT), *(b.phi(INT) for _ in range(4))]
    sums_p = [b.phi(v.vector) for _ in cells]
    count = b.select(b.icmp_signed("<", left, taps_left), left, taps_left)
    b.branch(tap)

    b.position_at_end(tap)
    t, x_t, w_t = b.phi(INT), b.phi(INT), b.phi(INT)
    sums_t = [b.phi(v.vector) for _ in cells]
    columns = [v.load(b.gep(w, [w_t]), n) for n in range(NV)]
    numbers = [v.spread(row(b.gep(x, [x_t]), m, x_m)) for m in range(MR)]
    sums = [v.fma(numbers[m], columns[n], total) for (m, n), total in zip(cells, sums_t, strict=True)]
    t_next, x_next, w_next = b.add(t, one), b.add(x_t, x_tap), b.add(w_t, w_tap)
    b.cbranch(b.icmp_signed("<", t_next, count), tap, piece_end)

    b.position_at_end(piece_end)
    left_next, rest = b.sub(left, count), b.sub(taps_left, count)
    row_ends, ends = b.icmp_signed("==", rest, zero), b.icmp_signed("==", w_next, end)
    following = [b.select(row_ends, taps, rest), b.select(row_ends, b.add(x_next, next_row), x_next), w_next]
    block_ends = b.or_(ends, b.icmp_signed("==", left_next, zero))
    b.cbranch(block_ends, ended, piece)

    b.position_at_end(ended)
    b.cbranch(first, block, add)
    b.position_at_end(add)
    added = [b.fadd(v.load(blocks, i), total) for i, total in enumerate(sums)]
    b.branch(block)
    b.position_at_end(block)
    totals = [b.phi(v.vector) for _ in cells]
    b.cbranch(ends, last, keep)
    b.position_at_end(keep)
    for i, total in enumerate(totals):
        v.store(total, blocks, i)
    b.branch(piece)

    b.position_at_end(last)
    b.cbranch(adds, add_out, store)
    b.position_at_end(add_out)
    more = [b.fadd(v.load(row(out, m, out_m), n), total) for (m, n), total in zip(cells, totals, strict=True)]
    b.branch(store)
    b.position_at_end(store)
    results = [b.phi(v.vector) for _ in cells]
    for (m, n), result in zip(cells, results, strict=True):
        v.store(result, row(out, m, out_m), n)
    b.branch(done)
    b.position_at_end(done)

    arrive([*state, *sums_p], [yes, terms, taps, zero, zero, *nothing], before)
    arrive([*state, *sums_p], [yes, terms, taps, zero, zero, *starts], start)
    arrive([*state, *sums_p], [first, left_next, *following, *sums], piece_end)
    arrive([*state, *sums_p], [no, terms, *following, *nothing], keep)
    arrive([t, x_t, w_t, *sums_t], [zero, x_p, w_p, *sums_p], piece)
    arrive([t, x_t, w_t, *sums_t], [t_next, x_next, w_next, *sums], tap)
    arrive(totals, sums, ended)
    arrive(totals, added, add)
    arrive(results, totals, last)
    arrive(results, more, add_out)
