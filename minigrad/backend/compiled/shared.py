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
from functools import cache, partial, wraps
from threading import local
from typing import Any

import numba

from minigrad.backend.compiled.cache import kept
from minigrad.backend.compiled.launching import FAILED, UNKNOWN, address_of, all_shares, launch
from minigrad.backend.compiled.linking import renamed
from minigrad.backend.compiled.threads import num_threads, soon_asleep

_compiled = partial(numba.njit, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
"""Compiles a function that lets go of Python's lock, and divides without looking for zero."""

inner = partial(_compiled, no_cpython_wrapper=True)
"""Compiles a function that compiled ones alone call."""

_PROCESS = os.getpid()


def alone() -> Callable[[Callable[..., Any]], Any]:
    """Compiles a function that works in one thread."""
    return lambda function: kept(_compiled(function))


def shares(count: int, work: int, least: int = 2**15) -> int:
    """In how many parts to do `count` things: one a thread, and each part with at least so much work."""
    return max(1, min(num_threads(), count, work // least))


@inner()
def bounds(count: int, s: int, shares: int) -> tuple[int, int]:
    """Where share `s` of `count` things begins and ends."""
    return count * s // shares, count * (s + 1) // shares


def shared(function: Callable[..., None], *, cache: bool = True) -> Callable[..., None]:
    """Compile a kernel from the function that does share `s` of `shares`; it is called without `s`, and does all.

    Args:
        function: of s, shares and what the kernel is called with.
        cache: keep the machine code on disk, too.
    Raises:
        MemoryError: the kernel is called, and a share finds no memory for itself; the results hold anything.
    """
    name = f"{function.__module__.rpartition('.')[2]}_{function.__name__}"
    share = inner()(renamed(function, name))
    run = _compiled(renamed(_run, f"{name}_run", _share=share))
    if cache:
        kept(share)
        kept(run)

    @wraps(function)
    def call(count: int, *arguments: Any) -> None:
        status = run(_launcher(count), 0, count, *arguments)
        if status == UNKNOWN:
            status = run(_launcher(count), address_of(share, arguments), count, *arguments)
        if status == FAILED:
            raise MemoryError(f"{function.__name__}: not enough memory to work in, threads: {count}")

    return call


def _run(launcher: int, address: int, shares: int, *arguments: Any) -> Any:
    share: Any = _share  # type: ignore[name-defined]  # noqa: F821 - `shared` gives each kernel its own
    return all_shares(share, launcher, address, shares, arguments)


def _launcher(count: int) -> int:
    """The address of `launch`, with Numba told how many threads to use; 0 where a kernel is to work alone."""
    if count == 1 or layer() is None or os.getpid() != _PROCESS:
        return 0  # wakes nobody, and waits for nobody
    if getattr(_mask, "threads", None) != count:
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
        _mask.threads = count
    return launch().address  # type: ignore[no-any-return]


_mask = local()
"""How many of its threads Numba was told to use last, in each of Python's."""


@cache
def layer() -> str | None:
    """The layer that starts the threads, "tbb" or "omp"; None where neither is there, or another is asked for."""
    for name in ("tbb", "omp"):
        try:
            with soon_asleep():
                importlib.import_module(f"numba.np.ufunc.{name}pool")
        except ImportError:
            continue
        if numba.config.THREADING_LAYER in ("default", "safe", "threadsafe", name):
            return name
    return None
