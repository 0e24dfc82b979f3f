"""The register tile: the one inner loop of every product, written once and compiled to vector instructions.

A tile computes MR × NV vectors of

    out[m, n] = init[m, n] + Σ over r, t of x[r·x_row + t·x_tap + m·x_m] · w[(r·taps + t)·w_tap + n]

with the results in the processor's registers while the numbers of x and w stream by: each vector of w is used for MR
rows, each number of x, spread over a vector, for NV columns. Forward convolution (m: pixels, n: filters, taps: the
window's columns and channels), both of its gradients and matrix products differ in the strides alone.

Source: Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication"; Zhang, Franchetti & Low 2018,
"High performance zero-memory overhead direct convolutions".
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minigrad.backend.compiled.linking import emit_call, link
from minigrad.backend.compiled.processor import TALL, TILES
from minigrad.backend.compiled.vectors import INT, Vectors, emit_switch

HEIGHTS = np.array([max((MR for MR, _ in TILES if n >= MR), default=0) for n in range(TALL + 1)])
"""The tallest tile for so many rows."""


def _product(
    real, M, N, out, o, out_m, init, k, init_m, x, i, x_m, w, j, w_strip, rows, taps, x_row, x_tap, w_tap, lanes
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
                w, j + n // (2 * lanes) * w_strip, rows, taps, x_row, x_tap, w_tap,
            )  # fmt: skip
            m += MR


@intrinsic
def product(
    context: Any, M: Any, N: Any, out: Any, o: Any, out_m: Any, init: Any, k: Any, init_m: Any, x: Any, i: Any,
    x_m: Any, w: Any, j: Any, w_strip: Any, rows: Any, taps: Any, x_row: Any, x_tap: Any, w_tap: Any, lanes: Any,
) -> Any:  # fmt: skip
    """`_product` for compiled code: each array is followed by the place in it where to begin."""
    del context, M, N, o, out_m, k, init_m, i, x_m, j, w_strip, rows, taps, x_row, x_tap, w_tap, lanes
    n = types.intp
    return types.void(n, n, out, n, n, init, n, n, x, n, n, w, *[n] * 8), partial(emit_call, "product")


def link_product(letter: str) -> None:
    """Compile the tiles of a dtype, which all kernels share."""
    link("product", _product, 20, letter)


@intrinsic
def _tile(
    context: Any, real: Any, MR: Any, NV: Any, out: Any, o: Any, out_m: Any, init: Any, k: Any, init_m: Any, x: Any,
    i: Any, x_m: Any, w: Any, j: Any, rows: Any, taps: Any, x_row: Any, x_tap: Any, w_tap: Any,
) -> Any:  # fmt: skip
    del context, MR, NV, out, o, out_m, init, k, init_m, x, i, x_m, w, j, rows, taps, x_row, x_tap, w_tap
    return types.void(real, *[types.intp] * 18), _emit


def _emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """One tile for each height and width that goes into the registers, and a jump to the one asked for."""
    _, height, width, *others = arguments
    v = Vectors(builder, signature.args[0])
    out, init, x, w = (v.address(others[at], others[at + 1]) for at in (0, 3, 6, 9))
    number = builder.add(builder.mul(height, ir.Constant(INT, 4)), width)
    tiles = {4 * MR + NV: partial(_emit_tile, v, MR, NV, out, init, x, w, others) for MR, NV in TILES}
    emit_switch(builder, number, tiles)
    return context.get_dummy_value()


def _emit_tile(v: Vectors, MR: int, NV: int, out: Any, init: Any, x: Any, w: Any, distances: list[Any]) -> None:
    """Two nested loops over rows and taps, whose state is the results so far."""
    b = v.b
    _, _, out_m, _, _, init_m, _, _, x_m, _, _, rows, taps, x_row, x_tap, w_tap = distances

    def row(m: int, distance: Any) -> Any:
        return b.mul(distance, ir.Constant(INT, m))

    starts = [[v.load(b.gep(init, [row(m, init_m)]), n) for n in range(NV)] for m in range(MR)]
    before = b.block
    row_block, tap_block, row_end, done = (b.append_basic_block(n) for n in ("row", "tap", "row_end", "done"))
    zero, one = ir.Constant(INT, 0), ir.Constant(INT, 1)
    b.branch(row_block)

    b.position_at_end(row_block)
    r, x_r, w_r = b.phi(INT), b.phi(INT), b.phi(INT)
    sums_r = [[b.phi(v.vector) for _ in range(NV)] for _ in range(MR)]
    b.branch(tap_block)

    b.position_at_end(tap_block)
    t, x_t, w_t = b.phi(INT), b.phi(INT), b.phi(INT)
    sums_t = [[b.phi(v.vector) for _ in range(NV)] for _ in range(MR)]
    columns = [v.load(b.gep(w, [w_t]), n) for n in range(NV)]
    sums = []
    for m in range(MR):
        number = v.spread(b.gep(x, [b.add(x_t, row(m, x_m))]))
        sums.append([v.fma(number, columns[n], sums_t[m][n]) for n in range(NV)])
    t_next, x_next, w_next = b.add(t, one), b.add(x_t, x_tap), b.add(w_t, w_tap)
    b.cbranch(b.icmp_signed("<", t_next, taps), tap_block, row_end)

    b.position_at_end(row_end)
    r_next, x_row_next = b.add(r, one), b.add(x_r, x_row)
    b.cbranch(b.icmp_signed("<", r_next, rows), row_block, done)

    for phi, first, again in ((r, zero, r_next), (x_r, zero, x_row_next), (w_r, zero, w_next)):
        phi.add_incoming(first, before)
        phi.add_incoming(again, row_end)
    for phi, first, again in ((t, zero, t_next), (x_t, x_r, x_next), (w_t, w_r, w_next)):
        phi.add_incoming(first, row_block)
        phi.add_incoming(again, tap_block)
    for m in range(MR):
        for n in range(NV):
            sums_r[m][n].add_incoming(starts[m][n], before)
            sums_r[m][n].add_incoming(sums[m][n], row_end)
            sums_t[m][n].add_incoming(sums_r[m][n], row_block)
            sums_t[m][n].add_incoming(sums[m][n], tap_block)

    b.position_at_end(done)
    for m in range(MR):
        for n in range(NV):
            v.store(sums[m][n], b.gep(out, [row(m, out_m)]), n)
