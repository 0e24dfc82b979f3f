"""Inner loops that are compiled once for each dtype, and called by the kernels rather than compiled into each."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils

from minigrad.backend.compiled.cache import callback

if numba.config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set")

REALS = {"f": types.float32, "d": types.float64}
"""Numba's types, by NumPy's letters for them."""

_kept: dict[str, Any] = {}  # compiled code lives as long as its object does, and what calls it as long as the process


def link(name: str, function: Callable[..., None], count: int, letter: str) -> None:
    """Compile `function` of a number of the dtype `letter` and `count` integers; from then on the linker finds it."""
    symbol = _symbol(name, REALS[letter])
    if symbol in _kept:
        return
    signature = types.void(REALS[letter], *[types.intp] * count)
    _kept[symbol] = callback(signature, renamed(function, symbol))
    llvm.add_symbol(symbol, _kept[symbol].address)


def renamed(function: Callable[..., Any], name: str, **names: Any) -> Callable[..., Any]:
    """The function under another name, by which the cache knows it, and with more `names`."""
    copy = FunctionType(function.__code__, {**function.__globals__, **names} if names else function.__globals__, name)
    copy.__qualname__, copy.__module__ = name, function.__module__
    return copy


def emit_call(name: str, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """A call of what `link` compiled for the first array's dtype; an array is given as the address of its numbers."""
    given = []
    dtype = next(kind.dtype for kind in signature.args if isinstance(kind, types.Array))
    for kind, value in zip(signature.args, arguments, strict=True):
        if isinstance(kind, types.Array):
            data = context.make_array(kind)(context, builder, value).data
            given.append(builder.ptrtoint(data, ir.IntType(64)))
        else:
            given.append(value)
    real = context.get_value_type(dtype)
    kind = ir.FunctionType(ir.VoidType(), [real, *[ir.IntType(64)] * len(given)])
    function = cgutils.get_or_insert_function(builder.module, kind, _symbol(name, dtype))
    builder.call(function, [ir.Constant(real, 0), *given])
    return context.get_dummy_value()


def _symbol(name: str, dtype: Any) -> str:
    return f"minigrad_{name}_{dtype}"
