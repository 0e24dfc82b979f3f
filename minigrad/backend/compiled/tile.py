"""The register tile: the one inner loop of every product, written once and compiled to vector instructions.

A tile computes MR × NV vectors of

    out[m, n] = init[m, n] + Σ over r, t of x[r·x_row + t·x_tap + m·x_m] · w[(r·taps + t)·w_tap + n]

with the results in the processor's registers while the numbers of x and w stream by: each vector of w is used for MR
rows, each number of x, spread over a vector, for NV columns. Forward convolution (m: pixels, n: filters, taps: the
window's columns and channels), both of its gradients and matrix products differ in the strides alone.

A sum is made of blocks of at most `terms` terms, because float32 loses with each term more of a sum that grows. The
first block begins with `init`; where that is `out` itself, the sum is made before it is added. Where there are many
such sums to add up, it is for the caller to do so in float64.

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
"""Sums of more terms than LONG are made of blocks of FEW, others, 5 % faster, of blocks of MANY.

Adding up equal numbers loses most: 10⁻⁶ at most in blocks of 64, 4·10⁻⁶ in blocks of 256; drawn ones lose a tenth.
"""

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
    kind = ir.FunctionType(blocks.type, [blocks.type])
    blocks = builder.asm(
        kind, "", "=r,0", [blocks], side_effect=True
    )  # LLVM would keep them in registers, which are full
    tiles = {4 * MR + NV: partial(_emit_tile, v, MR, NV, blocks, out, init, x, w, others) for MR, NV in TILES}
    emit_switch(builder, number, tiles)
    return context.get_dummy_value()


def _emit_tile(
    v: Vectors, MR: int, NV: int, blocks: Any, out: Any, init: Any, x: Any, w: Any, distances: list[Any]
) -> None:
    """Three nested loops: over blocks of terms, pieces of rows in a block, and taps; the state is the block's sums."""
    b = v.b
    _, _, out_m, _, _, init_m, _, _, x_m, _, _, rows, taps, x_row, x_tap, w_tap, terms = distances
    zero, yes, no = ir.Constant(INT, 0), ir.Constant(BIT, 1), ir.Constant(BIT, 0)
    cells = [(m, n) for m in range(MR) for n in range(NV)]
    nothing = [ir.Constant(v.vector, None)] * len(cells)
    before = b.block
    names = "start", "piece", "block", "add", "total", "keep", "done"
    start, piece, block, add, total, keep, done = map(b.append_basic_block, names)
    next_row, end = b.sub(x_row, b.mul(taps, x_tap)), b.mul(b.mul(rows, taps), w_tap)
    adds = b.icmp_unsigned("==", init, out)
    b.cbranch(adds, piece, start)

    b.position_at_end(start)
    starts = [v.load(_row(b, init, m, init_m), n) for m, n in cells]
    b.branch(piece)

    b.position_at_end(piece)
    first, left, taps_left, x_p, w_p = state = [b.phi(BIT), *(b.phi(INT) for _ in range(4))]
    sums_p = [b.phi(v.vector) for _ in cells]
    count = b.select(b.icmp_signed("<", left, taps_left), left, taps_left)
    sums, x_next, w_next = _emit_taps(v, MR, NV, count, (x, x_p, x_m, x_tap), (w, w_p, w_tap), sums_p)
    piece_end = b.block
    left_next, rest = b.sub(left, count), b.sub(taps_left, count)
    row_ends, ends = b.icmp_signed("==", rest, zero), b.icmp_signed("==", w_next, end)
    following = [b.select(row_ends, taps, rest), b.select(row_ends, b.add(x_next, next_row), x_next), w_next]
    b.cbranch(b.or_(ends, b.icmp_signed("==", left_next, zero)), block, piece)

    b.position_at_end(block)
    b.cbranch(first, total, add)
    b.position_at_end(add)
    added = [b.fadd(v.load(blocks, i), number) for i, number in enumerate(sums)]
    b.branch(total)
    b.position_at_end(total)
    totals = [b.phi(v.vector) for _ in cells]
    b.cbranch(ends, done, keep)
    b.position_at_end(keep)
    for i, number in enumerate(totals):
        v.store(number, blocks, i)
    b.branch(piece)

    _arrive([*state, *sums_p], [yes, terms, taps, zero, zero, *nothing], before)
    _arrive([*state, *sums_p], [yes, terms, taps, zero, zero, *starts], start)
    _arrive([*state, *sums_p], [first, left_next, *following, *sums], piece_end)
    _arrive([*state, *sums_p], [no, terms, *following, *nothing], keep)
    _arrive(totals, sums, block)
    _arrive(totals, added, add)
    b.position_at_end(done)
    _emit_results(v, [(_row(b, out, m, out_m), n) for m, n in cells], totals, adds)


def _emit_taps(
    v: Vectors, MR: int, NV: int, count: Any, x: tuple[Any, ...], w: tuple[Any, ...], starts: list[Any]
) -> tuple[list[Any], Any, Any]:
    """The loop over `count` taps; the sums after it, and where the next tap is in x and in w."""
    b = v.b
    (x, x_start, x_m, x_tap), (w, w_start, w_tap) = x, w
    before, tap, end = b.block, b.append_basic_block("tap"), b.append_basic_block("end")
    b.branch(tap)
    b.position_at_end(tap)
    t, x_t, w_t = b.phi(INT), b.phi(INT), b.phi(INT)
    sums_t = [b.phi(v.vector) for _ in starts]
    columns = [v.load(b.gep(w, [w_t]), n) for n in range(NV)]
    sums = []
    for m in range(MR):
        number = v.spread(_row(b, b.gep(x, [x_t]), m, x_m))
        sums += [v.fma(number, columns[n], sums_t[m * NV + n]) for n in range(NV)]
    following = [b.add(t, ir.Constant(INT, 1)), b.add(x_t, x_tap), b.add(w_t, w_tap)]
    b.cbranch(b.icmp_signed("<", following[0], count), tap, end)
    _arrive([t, x_t, w_t, *sums_t], [ir.Constant(INT, 0), x_start, w_start, *starts], before)
    _arrive([t, x_t, w_t, *sums_t], [*following, *sums], tap)
    b.position_at_end(end)
    return sums, following[1], following[2]


def _emit_results(v: Vectors, places: list[Any], totals: list[Any], adds: Any) -> None:
    """Store the totals, or add them to what is there: all is read before, as the places may overlap."""
    b = v.b
    before, add, store = b.block, b.append_basic_block("add_to_out"), b.append_basic_block("store")
    b.cbranch(adds, add, store)
    b.position_at_end(add)
    added = [b.fadd(v.load(*place), total) for place, total in zip(places, totals, strict=True)]
    b.branch(store)
    b.position_at_end(store)
    results = [b.phi(v.vector) for _ in totals]
    for place, result in zip(places, results, strict=True):
        v.store(result, *place)
    _arrive(results, totals, before)
    _arrive(results, added, add)


def _row(b: Any, start: Any, m: int, distance: Any) -> Any:
    """Where row m begins."""
    return b.gep(start, [b.mul(distance, ir.Constant(INT, m))])


def _arrive(phis: list[Any], values: list[Any], origin: Any) -> None:
    """Say what the phis are where the program comes from the block `origin`."""
    for phi, value in zip(phis, values, strict=True):
        phi.add_incoming(value, origin)
