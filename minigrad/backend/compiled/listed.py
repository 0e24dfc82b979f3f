"""The tile of a list: numbers of which each is multiplied with rows of another array, wherever these lie.

It adds up

    out[r, n] += Σ over i of values[i] · x[places[i] + r·x_row + n]

with R rows of NV vectors of results in the registers; the sum over the list begins at 0 and is added to `out` at last.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minigrad.backend.compiled.linking import emit_call, link
from minigrad.backend.compiled.processor import BLOCKS
from minigrad.backend.compiled.vectors import INT, Vectors, emit_switch


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
            sums[r][n].add_incoming(ir.Constant(v.vector, None), before)
            sums[r][n].add_incoming(new[r][n], loop)
    b.cbranch(b.icmp_signed("<", following, last), loop, done)
    b.position_at_end(done)
    for r in range(R):
        for n in range(NV):
            v.store(b.fadd(v.load(rows[r], n), new[r][n]), rows[r], n)
