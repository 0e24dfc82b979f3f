"""Compiled kernels that share their work between threads.

Numba's threads do the work: those of OpenMP or TBB, which several Python threads may call at once. In a process forked
from one whose kernels have run (OpenMP's threads do not survive that), and where there is neither of the two, a kernel
works through its shares alone. What a share is depends on the number of threads asked for, not on who comes: for a
fixed number the results repeat bit for bit.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, partial, wraps
from threading import local
from typing import Any

import numba

from minigrad.backend.compiled.linking import renamed
from minigrad.backend.threads import num_threads

alone = partial(numba.njit, nogil=True, cache=True, error_model="numpy", no_cfunc_wrapper=True)
"""Compiles a function that lets go of Python's lock, and divides without looking for zero."""

inner = partial(numba.njit, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Compiles a function that compiled ones alone call."""

_PASSES = ("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil")
_PROCESS = os.getpid()


trying: ContextVar[int] = ContextVar("trying", default=0)
"""So many shares, whatever the work: to compile both forms of a kernel with little of it."""


def shares(count: int, work: int, least: int = 2**15) -> int:
    """In how many parts to do `count` things: one a thread, and each part with at least so much work."""
    return trying.get() or max(1, min(num_threads(), count, work // least))


@inner()
def bounds(count: int, s: int, shares: int) -> tuple[int, int]:
    """Where share `s` of `count` things begins and ends."""
    return count * s // shares, count * (s + 1) // shares


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel whose first argument says how many shares its `prange` is over: for threads, or alone."""
    return _shared(function, often_small=False)


def shared_if_large(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel that often has little to do, and then keeps away from threads altogether: both ways, at once."""
    return _shared(function, often_small=True)


def _shared(function: Callable[..., Any], *, often_small: bool) -> Callable[..., Any]:
    threads = {"prange": True, **dict.fromkeys(_PASSES, False)}
    together = alone(parallel=threads)(renamed(function, function.__name__))
    by_itself = alone()(renamed(function, f"{function.__name__}_alone"))

    @wraps(function)
    def call(count: int, *arguments: Any) -> Any:
        if (often_small and count == 1) or layer() is None or os.getpid() != _PROCESS:
            return by_itself(count, *arguments)  # wakes nobody, and waits for nobody
        if getattr(_mask, "threads", None) != count:
            numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
            _mask.threads = count
        return together(count, *arguments)

    return call


_mask = local()
"""How many of its threads Numba was told to use last, in each of Python's."""


@cache
def layer() -> str | None:
    """What starts the threads: "tbb" or "omp"; None where neither is there, or another is asked for."""
    for name in ("tbb", "omp"):
        try:
            importlib.import_module(f"numba.np.ufunc.{name}pool")
        except ImportError:
            continue
        if numba.config.THREADING_LAYER in ("default", "safe", "threadsafe", name):
            return name
    return None
