"""Numba's kernels compiled at their first use, and from then on fetched from the cache.

Each kernel is called once with next to nothing to do, for threads and alone. Two processes do so, a half of the kernels
each: it takes half the time, and the halves meet in the cache.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba.core.compiler_lock import global_compiler_lock as compiler_lock

from minigrad.backend import numba_kernels as K
from minigrad.backend.compiled.cache import directory, sweep
from minigrad.backend.compiled.launching import launch
from minigrad.backend.compiled.processor import VECTOR_BYTES
from minigrad.backend.forks import held_while_forking
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window


def prepare(dtype: Any) -> None:
    """Compile all kernels for a dtype, and say so; or fetch them from the cache, where they are from then on."""
    with compiler_lock:  # one thread of this process at a time
        _prepare(dtype)


@cache
def _prepare(dtype: Any) -> None:
    K.linked(dtype.char)
    if not (done := directory() / f"{dtype}.complete").exists():
        with _second_process(dtype.char):
            _compile(dtype.char, 0, show=True)
        _compile(dtype.char, 1)
        with suppress(OSError):  # then it is done again next time, from the cache
            done.touch()
    sweep()


held_while_forking(compiler_lock)


def prepare_half(letter: str) -> None:
    """Compile every second kernel: the task of the second process."""
    K.linked(letter)
    launch()
    _compile(letter, 1)


def _compile(letter: str, first: int, *, show: bool = False) -> None:
    """Compile every second kernel, from number `first` on, for the dtype of NumPy's `letter`."""
    calls = _small_calls(np.dtype(letter))[first::2]
    show = show and sys.stderr is not None
    start, end = ("\r", "") if show and sys.stderr.isatty() else ("", "\n")
    for n, (kernel, arguments) in enumerate(calls, 1):
        if show:
            words = f"minigrad compiles its CPU kernels for {np.dtype(letter)}, once: {n} of {len(calls)}"
            sys.stderr.write(f"{start}{words}{end if n < len(calls) else chr(10)}")
            sys.stderr.flush()
        kernel(*arguments)


@contextmanager
def _second_process(letter: str) -> Iterator[None]:
    """Meanwhile compile the other half of the kernels there, into the cache; if it fails, only time is lost."""
    if getattr(sys, "frozen", False) or not Path(sys.executable or "").name.lower().startswith("python"):
        yield  # it would start another program once more
        return
    try:
        process = subprocess.Popen(  # noqa: S603 - this Python, with this package
            [sys.executable, "-I", "-c", _program(letter)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield
        return
    with process:
        yield


def _program(letter: str) -> str:
    """What the second process runs; it imports nothing from the current directory, whatever lies there."""
    here = Path.cwd()
    paths = [path for path in sys.path if Path(path).is_absolute() and Path(path).resolve() != here]
    paths.append(str(Path(__file__).parents[3]))  # minigrad may be in the current directory alone
    prepare = f"from minigrad.backend.compiled import preparing; preparing.prepare_half({letter!r})"
    return f"import sys; sys.path[:] = {paths!r}; {prepare}"


def _small_calls(dtype: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    """Each kernel with arguments that it is soon done with."""
    window, pool = Window((2, 2)), Window((2, 2), (2, 2))
    lanes = VECTOR_BYTES // dtype.itemsize
    x, w, y = (np.zeros(shape, dtype) for shape in ((1, lanes, 4, 4), (1, lanes, 2, 2), (1, 1, 3, 3)))
    argmax, a, tall = np.zeros((1, lanes, 2, 2), np.uint8), np.zeros((2, 2), dtype), np.zeros((2, 3), dtype)
    behind = SparseImages(y[:, :, :1, :1], argmax[:, :1, :1, :1], window, (3, 3))
    return [
        (K.conv2d, (x, w, None, window, 1)),
        (K.conv_relu_pool, (x, w, None, window, 1, pool)),
        (K.conv_transpose2d, (y, w, (4, 4), window, 1)),
        (K.filter_correlation, (x, y, window, 1)),
        (K.conv_gradients, (behind, x, w, (4, 4), window, 1)),
        (K.conv_gradients, (behind, x[:, :1], None, (4, 4), window, 1)),
        (K.max_pool2d, (x, pool)),
        (K.pool_scatter, (x[:, :, :2, :2], argmax, (4, 4), pool)),
        (K.pool_gather, (x, argmax, pool)),
        (K.window_sum, (x, pool)),
        (K.matmul, (a, a)),
        (K.matmul, (a, tall)),
        (K.channel_sum, (a,)),
        (K.batch_norm, (a, None, None, 1.0)),
        (K.batch_norm_gradients, (a, a, None, np.ones((3, 2), dtype), 1.0)),
        (K.affine_transform, (x, np.zeros((1, 2, 2), dtype))),
        (K.nhwc, (np.zeros((1, 2, 2, 2), dtype),)),
        (K.relu, (a,)),
        (K.masked, (a, a > 0)),
        (K.erf, (a,)),
        (K.cross_entropy, (a, a)),
        (K.cross_entropy, (a, np.zeros(2, np.int64))),
        (K.cross_entropy_gradient, (a, np.zeros(2, np.int64), a[0], 0.0)),
    ]
