"""Vectors of the processor, moved as a whole: what loops over single numbers are too slow for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minigrad.backend.compiled.processor import VECTOR_BYTES

INT = ir.IntType(64)


class Vectors:
    """Writes the instructions that load, shuffle and store vectors of one dtype."""

    def __init__(self, builder: Any, dtype: Any) -> None:
        self.b = builder
        self.align = dtype.bitwidth // 8
        self.real = ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType()
        self.lanes = VECTOR_BYTES // self.align
        self.vector = ir.VectorType(self.real, self.lanes)

    def pointer(self, context: Any, kind: Any, array: Any, place: Any) -> Any:
        """Where element `place` of a one-dimensional array is."""
        data = context.make_array(kind)(context, self.b, array).data
        return self.b.gep(self.b.bitcast(data, self.real.as_pointer()), [place])

    def address(self, start: Any, place: Any) -> Any:
        """Where element `place` from an address on is."""
        return self.b.gep(self.b.inttoptr(start, self.real.as_pointer()), [place])

    def load(self, pointer: Any, n: int = 0) -> Any:
        """Vector n from a place on; numbers may begin anywhere."""
        vector = self.b.load(self._place(pointer, n))
        vector.align = self.align
        return vector

    def store(self, vector: Any, pointer: Any, n: int = 0) -> None:
        """Vector n to a place on."""
        self.b.store(vector, self._place(pointer, n)).align = self.align

    def spread(self, pointer: Any) -> Any:
        """One number in all places of a vector."""
        return _spread(self.b, self.b.load(pointer), self.lanes)

    def shuffle(self, a: Any, b: Any, order: list[int]) -> Any:
        """Numbers of a (from 0 on) and of b (from `lanes` on), in another order."""
        return self.b.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), order))

    def fma(self, x: Any, w: Any, total: Any) -> Any:
        """x · w + total, rounded once where the processor has an instruction for it."""
        return self.b.fadd(self.b.fmul(x, w, flags=("contract",)), total, flags=("contract",))

    def _place(self, pointer: Any, n: int) -> Any:
        moved = self.b.gep(pointer, [ir.Constant(INT, n * self.lanes)])
        return self.b.bitcast(moved, self.vector.as_pointer())


def emit_switch(builder: Any, number: Any, cases: Mapping[int, Callable[[], None]]) -> None:
    """A jump to one of several pieces of code, by their numbers; to none, if there is none of that number."""
    end = builder.append_basic_block("end")
    jump = builder.switch(number, end)
    for case, emit in cases.items():
        block = builder.append_basic_block(f"case_{case}")
        jump.add_case(ir.Constant(INT, case), block)
        builder.position_at_end(block)
        emit()
        builder.branch(end)
    builder.position_at_end(end)


@intrinsic
def copy_pair(context: Any, source: Any, i: Any, target: Any, j: Any) -> Any:
    """Two vectors from source[i] to target[j]."""
    del context, i, j

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, i, target, j = arguments
        v = Vectors(builder, signature.args[0].dtype)
        start, end = v.pointer(context, signature.args[0], source, i), v.pointer(context, signature.args[2], target, j)
        for n, vector in enumerate([v.load(start, 0), v.load(start, 1)]):
            v.store(vector, end, n)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), emit


@intrinsic
def transpose_block(context: Any, source: Any, i: Any, source_row: Any, target: Any, j: Any, target_row: Any) -> Any:
    """A square of as many numbers each way as a vector has, from source[i], transposed to target[j]."""
    del context, i, j, source_row, target_row

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, i, source_row, target, j, target_row = arguments
        v = Vectors(builder, signature.args[0].dtype)
        start, end = v.pointer(context, signature.args[0], source, i), v.pointer(context, signature.args[3], target, j)
        rows = [v.load(builder.gep(start, [builder.mul(source_row, ir.Constant(INT, n))])) for n in range(v.lanes)]
        step = 1
        while step < v.lanes:  # exchange the off-diagonal squares of 1, 2, 4, ... numbers each way
            for n in range(v.lanes):
                if not n & step:
                    a, b = rows[n], rows[n + step]
                    low = [c if not c & step else c - step + v.lanes for c in range(v.lanes)]
                    high = [c + step if not c & step else c + v.lanes for c in range(v.lanes)]
                    rows[n], rows[n + step] = v.shuffle(a, b, low), v.shuffle(a, b, high)
            step *= 2
        for n, row in enumerate(rows):
            v.store(row, builder.gep(end, [builder.mul(target_row, ir.Constant(INT, n))]))
        return context.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, target, n, n), emit


@intrinsic
def max_of_pixels(
    context: Any, x: Any, i: Any, rows: Any, columns: Any, row: Any, column: Any, k: Any, k_row: Any, best: Any, j: Any,
    winner: Any, m: Any,
) -> Any:  # fmt: skip
    """The largest of rows × columns vectors of x to best[j], and which it is, counted from k, to winner[m].

    The first of several equal ones; a NaN beats all, and is beaten by nothing.
    """
    del context, i, rows, columns, row, column, k, k_row, j, m

    def emit(context: Any, b: Any, signature: Any, arguments: Any) -> Any:
        x, i, rows, columns, row, column, k, k_row, best, j, winner, m = arguments
        kinds = signature.args
        v = Vectors(b, kinds[0].dtype)
        start = v.pointer(context, kinds[0], x, i)
        number, place = _integers(context, b, v.lanes, kinds[10], winner, m)
        largest = cgutils.alloca_once_value(b, v.load(start))
        first = cgutils.alloca_once_value(b, _spread(b, b.trunc(k, number), v.lanes))
        with cgutils.for_range(b, rows) as down, cgutils.for_range(b, columns) as across:
            distance = b.add(b.mul(down.index, row), b.mul(across.index, column))
            count = b.add(k, b.add(b.mul(down.index, k_row), across.index))
            old, new = b.load(largest), v.load(b.gep(start, [distance]))
            kept = b.or_(b.fcmp_ordered("<=", new, old), b.fcmp_unordered("uno", old, old))
            b.store(b.select(kept, old, new), largest)
            b.store(b.select(kept, b.load(first), _spread(b, b.trunc(count, number), v.lanes)), first)
        v.store(b.load(largest), v.pointer(context, kinds[8], best, j))
        b.store(b.load(first), place).align = 1
        return context.get_dummy_value()

    n = types.intp
    return types.void(x, n, n, n, n, n, n, n, best, n, winner, n), emit


@intrinsic
def put_won(context: Any, source: Any, i: Any, winner: Any, m: Any, k: Any, pixel: Any, j: Any) -> Any:
    """A vector to pixel[j]: that of source[i] where winner[m] is k, else 0."""
    del context, i, m, k, j

    def emit(context: Any, b: Any, signature: Any, arguments: Any) -> Any:
        source, i, winner, m, k, pixel, j = arguments
        v = Vectors(b, signature.args[0].dtype)
        number, place = _integers(context, b, v.lanes, signature.args[2], winner, m)
        argmax = b.load(place)
        argmax.align = 1
        values = v.load(v.pointer(context, signature.args[0], source, i))
        here = b.icmp_unsigned("==", argmax, _spread(b, b.trunc(k, number), v.lanes))
        v.store(b.select(here, values, ir.Constant(v.vector, None)), v.pointer(context, signature.args[5], pixel, j))
        return context.get_dummy_value()

    n = types.intp
    return types.void(source, n, winner, n, n, pixel, n), emit


def _integers(context: Any, b: Any, lanes: int, kind: Any, array: Any, place: Any) -> tuple[Any, Any]:
    """The type of an array's integers, and where as many of them as a vector of floats has lie."""
    integer = ir.IntType(kind.dtype.bitwidth)
    data = b.bitcast(context.make_array(kind)(context, b, array).data, integer.as_pointer())
    return integer, b.bitcast(b.gep(data, [place]), ir.VectorType(integer, lanes).as_pointer())


def _spread(b: Any, number: Any, lanes: int) -> Any:
    """One number in all places of a vector."""
    undefined, i32 = ir.Constant(ir.VectorType(number.type, lanes), ir.Undefined), ir.IntType(32)
    first = b.insert_element(undefined, number, ir.Constant(i32, 0))
    return b.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(i32, lanes), [0] * lanes))
