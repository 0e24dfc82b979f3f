"""Vectors of the processor, moved as a whole: what loops over single numbers are too slow for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir
from numba import types
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
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.b.insert_element(undefined, self.b.load(pointer), ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, undefined, [0] * self.lanes)

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
def take_larger(context: Any, pixel: Any, i: Any, k: Any, best: Any, j: Any, winner: Any, m: Any) -> Any:
    """A vector of best[j] and of winner[m], replaced by those of pixel[i] and k that beat them, as in max_pool2d."""
    del context, i, j, m

    def emit(context: Any, b: Any, signature: Any, arguments: Any) -> Any:
        pixel, i, k, best, j, winner, m = arguments
        v = Vectors(b, signature.args[0].dtype)
        best = v.pointer(context, signature.args[3], best, j)
        old, new = v.load(best), v.load(v.pointer(context, signature.args[0], pixel, i))
        beaten = b.or_(b.fcmp_ordered("<=", new, old), b.fcmp_unordered("uno", old, old))
        winners, ks, place = _numbers(context, b, v.lanes, signature.args[5], winner, m, k)
        v.store(b.select(beaten, old, new), best)
        b.store(b.select(beaten, winners, ks), place).align = 1
        return context.get_dummy_value()

    n = types.intp
    return types.void(pixel, n, k, best, n, winner, n), emit


@intrinsic
def put_won(context: Any, source: Any, i: Any, winner: Any, m: Any, k: Any, pixel: Any, j: Any) -> Any:
    """A vector to pixel[j]: that of source[i] where winner[m] is k, else 0."""
    del context, i, m, j

    def emit(context: Any, b: Any, signature: Any, arguments: Any) -> Any:
        source, i, winner, m, k, pixel, j = arguments
        v = Vectors(b, signature.args[0].dtype)
        winners, ks, _ = _numbers(context, b, v.lanes, signature.args[2], winner, m, k)
        values = v.load(v.pointer(context, signature.args[0], source, i))
        won = b.select(b.icmp_unsigned("==", winners, ks), values, ir.Constant(v.vector, None))
        v.store(won, v.pointer(context, signature.args[5], pixel, j))
        return context.get_dummy_value()

    n = types.intp
    return types.void(source, n, winner, n, k, pixel, n), emit


def _numbers(context: Any, b: Any, lanes: int, kind: Any, array: Any, place: Any, k: Any) -> tuple[Any, Any, Any]:
    """As many integers of an array as a vector of floats has, k as often, and where they lie."""
    integer, i32 = ir.IntType(kind.dtype.bitwidth), ir.IntType(32)
    vector = ir.VectorType(integer, lanes)
    data = context.make_array(kind)(context, b, array).data
    at = b.bitcast(b.gep(b.bitcast(data, integer.as_pointer()), [place]), vector.as_pointer())
    numbers = b.load(at)
    numbers.align = 1
    undefined = ir.Constant(vector, ir.Undefined)
    first = b.insert_element(undefined, k, ir.Constant(i32, 0))
    return numbers, b.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(i32, lanes), [0] * lanes)), at
