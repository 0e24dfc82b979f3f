"""In how many threads a context's compiled kernels work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_threads: ContextVar[int | None] = ContextVar("threads", default=None)


def set_num_threads(n: int) -> None:
    """Let the compiled kernels that this context calls work in `n` threads, the caller's among them.

    Until then it is as many as this process may use cores, or OMP_NUM_THREADS, where that is less. Results differ
    between numbers of threads by rounding, and repeat bit for bit with the same number. The matrix products of NumPy's
    own kernel set are NumPy's business: OPENBLAS_NUM_THREADS.

    Raises:
        TypeError: n is no int.
        ValueError: n is below 1.
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"set_num_threads: n must be an int, not {n!r}")
    if n < 1:
        raise ValueError(f"set_num_threads: n must be at least 1, not {n}")
    _threads.set(n)


def num_threads() -> int:
    """In how many threads they work."""
    return _threads.get() or _USUAL


def _usual() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(asked)) if asked.isdecimal() and int(asked) else cores


_USUAL = _usual()


@contextmanager
def soon_asleep() -> Iterator[None]:
    """Let the threads of GNU's OpenMP, if it is loaded meanwhile, wait actively for half a millisecond, then sleep.

    They would do so for ten times as long, and where another process is busy on their core, what they wait for can't
    go on. The library reads its settings when it is loaded; what the user has set stays.
    """
    if set(os.environ) & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = "30000"
    try:
        yield
    finally:
        os.environ.pop("GOMP_SPINCOUNT", None)
