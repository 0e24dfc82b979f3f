"""Machine code that calls a compiled function for each share of a kernel's work, one after the other or in threads.

Numba's own way, a loop over `prange` in each kernel, compiles all that the loop calls three times over. Here the
function is compiled once, by itself; `all_shares` keeps its address and hands it to `launch`, the one loop over
`prange` of all kernels.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minigrad.backend.compiled.cache import callback
from minigrad.backend.compiled.linking import renamed
from minigrad.backend.compiled.subnormals import subnormals_as_zero

DONE, FAILED, UNKNOWN = 0, 1, 2
"""How the shares went: all well, one without the memory it needs, or the address of their function is not known yet."""

_BYTES, _INT = ir.IntType(8).as_pointer(), ir.IntType(64)
_SHARE = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT])  # kept arguments, s, shares
_LAUNCH = ir.FunctionType(ir.VoidType(), [_INT, _INT, _INT])  # address of a share's function, kept arguments, shares
_PASSES = ("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil")


@intrinsic
def all_shares(context: Any, share: Any, launcher: Any, address: Any, shares: Any, arguments: Any) -> Any:
    """Call share(s, shares, *arguments) for each s, through `launch` at address `launcher`, or here if that is 0.

    The address of the code for such arguments must be given in each process once, and 0 is from then on as good.
    """
    called = share.get_call_type(context, (shares, shares, *arguments.types), {})

    def emit(context: Any, b: Any, _: Any, values: Any) -> Any:
        _, launcher, address, shares, given = values
        known = cgutils.add_global_variable(b.module, _INT, f"{b.function.name}.address")
        known.linkage, known.initializer = "internal", ir.Constant(_INT, 0)
        status = cgutils.alloca_once_value(b, ir.Constant(_INT, UNKNOWN))
        kept = cgutils.alloca_once_value(b, cgutils.pack_struct(b, [given, ir.Constant(_INT, DONE)]))
        one, data = _emit_share(context, b, called, kept.type, known), b.bitcast(kept, _BYTES)
        with b.if_then(cgutils.is_not_null(b, address)):
            b.store(address, known)
        with b.if_then(cgutils.is_not_null(b, b.load(known))):
            with b.if_else(cgutils.is_null(b, launcher)) as (here, there):
                with here, cgutils.for_range(b, shares) as loop:
                    b.call(one, [data, loop.index, shares])
                with there:
                    threads = b.inttoptr(launcher, _LAUNCH.as_pointer())
                    b.call(threads, [b.ptrtoint(one, _INT), b.ptrtoint(data, _INT), shares])
            b.store(b.extract_value(b.load(kept), 1), status)
        return b.load(status)

    return types.intp(share, launcher, address, shares, arguments), emit


def _emit_share(context: Any, caller: Any, share: Any, kept: Any, known: Any) -> Any:
    """A C function that calls what is at the address `known` with the arguments kept, and notes there if it fails."""
    function = ir.Function(caller.module, _SHARE, f"{caller.function.name}.share")
    function.linkage = "internal"
    b = ir.IRBuilder(function.append_basic_block())
    data, s, shares = function.args
    place = b.bitcast(data, kept)
    given = [b.extract_value(b.extract_value(b.load(place), 0), n) for n in range(len(share.args) - 2)]
    kind = context.call_conv.get_function_type(share.return_type, share.args)
    callee = b.inttoptr(b.load(known), kind.as_pointer())
    with subnormals_as_zero(b):
        status, _ = context.call_conv.call_function(b, callee, share.return_type, share.args, [s, shares, *given])
    with b.if_then(status.is_error, likely=False):
        b.store(ir.Constant(_INT, FAILED), cgutils.gep_inbounds(b, place, 0, 1))
    b.ret_void()
    return function


@cache
def launch() -> Any:
    """The loop over `prange`, compiled, or fetched from the cache."""
    options = {"prange": True, **dict.fromkeys(_PASSES, False)}
    return callback(types.void(*[types.intp] * 3), renamed(_launch, "launch"), parallel=options)


def _launch(address: int, data: int, shares: int) -> None:
    for s in numba.prange(shares):
        _call_share(address, data, s, shares)


@intrinsic
def _call_share(context: Any, address: Any, data: Any, s: Any, shares: Any) -> Any:
    """Call the C function at `address`."""
    del context

    def emit(context: Any, b: Any, _: Any, values: Any) -> Any:
        address, data, s, shares = values
        b.call(b.inttoptr(address, _SHARE.as_pointer()), [b.inttoptr(data, _BYTES), s, shares])
        return context.get_dummy_value()

    return types.void(address, data, s, shares), emit


def address_of(share: Any, arguments: tuple[Any, ...]) -> int:
    """Where a compiled function's code for such arguments is; compiled, or fetched from the cache, before."""
    kinds = (types.intp, types.intp, *map(numba.typeof, arguments))
    share.compile(kinds)
    compiled = share.overloads[kinds]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)  # type: ignore[no-any-return]
