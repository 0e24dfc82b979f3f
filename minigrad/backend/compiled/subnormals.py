"""Subnormal numbers taken as zero while a share of a kernel's work is done.

They lie between zero and the smallest normal number, 1.2e-38 in float32, and an operation with one takes some
processors a hundred times as long. What decays from step to step, such as an optimizer's moments, ends among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils

_BYTES, _I32, _I64, _NOTHING = ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(64), ir.VoidType()


@contextmanager
def subnormals_as_zero(b: Any, triple: str = llvm.get_default_triple()) -> Iterator[None]:
    """Write code before and after other code: in this thread subnormals are zero meanwhile, and then what they were.

    On x86 these are the bits "flush to zero" and "denormals are zero" of the register MXCSR, on ARM's 64 bits "flush to
    zero" of FPCR; elsewhere there is no such code. The other code must be a call that is not inlined: LLVM moves
    arithmetic across these instructions.
    """
    if triple.startswith(("x86_64", "i686")):
        get, set_ = (_function(b, f"llvm.x86.sse.{name}mxcsr", _NOTHING, _BYTES) for name in ("st", "ld"))
        place = cgutils.alloca_once(b, _I32)
        address = b.bitcast(place, _BYTES)
        b.call(get, [address])
        before = b.load(place)
        b.store(b.or_(before, ir.Constant(_I32, 0x8040)), place)
        b.call(set_, [address])
        yield
        b.store(before, place)
        b.call(set_, [address])
    elif triple.startswith(("aarch64", "arm64")):
        get, set_ = _function(b, "llvm.aarch64.get.fpcr", _I64), _function(b, "llvm.aarch64.set.fpcr", _NOTHING, _I64)
        before = b.call(get, [])
        b.call(set_, [b.or_(before, ir.Constant(_I64, 1 << 24))])
        yield
        b.call(set_, [before])
    else:
        yield


def _function(b: Any, name: str, result: Any, *arguments: Any) -> Any:
    return cgutils.get_or_insert_function(b.module, ir.FunctionType(result, arguments), name)
