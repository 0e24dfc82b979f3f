"""Numba's kernels compiled at their first use, and from then on fetched from Numba's cache.

Each kernel is called once with next to nothing to do, for threads and alone. Two processes do so, a half of the kernels
each: it takes half the time, and the halves meet in the cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np

from minigrad.backend import numba_kernels as K
from minigrad.backend.compiled.convolution import packed_filters
from minigrad.backend.compiled.launching import launch
from minigrad.backend.compiled.linking import SOURCES
from minigrad.backend.compiled.processor import VECTOR_BYTES
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window


@cache
def prepare(dtype: Any) -> None:
    """Compile all kernels for a dtype, and say so; or fetch them from Numba's cache, where they are from then on."""
    K.linked(dtype.char)
    if (done := _mark(dtype)).exists():
        return
    with _second_process(dtype.char):
        _compile(dtype.char, 0, show=True)
    _compile(dtype.char, 1)
    with suppress(OSError):  # then it is done again next time, from the cache
        done.touch()


def _mark(dtype: Any) -> Path:
    """The file in Numba's cache that says: all kernels are in it, of these sources, for this Numba and processor."""
    processor = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    what = zlib.crc32(f"{SOURCES} {numba.__version__} {sys.version} {processor}".encode())
    return Path(packed_filters.stats.cache_path) / f"minigrad-{dtype}-{what:08x}.complete"


def prepare_half(letter: str) -> None:
    """Compile every second kernel: the task of the second process."""
    K.linked(letter)
    launch()
    _compile(letter, 1)


def _compile(letter: str, first: int, *, show: bool = False) -> None:
    """Compile every second kernel, from number `first` on, for the dtype of NumPy's `letter`."""
    calls = _small_calls(np.dtype(letter))[first::2]
    start, end = ("\r", "") if sys.stderr.isatty() else ("", "\n")
    for n, (kernel, arguments) in enumerate(calls, 1):
        if show:
            words = f"minigrad compiles its CPU kernels for {np.dtype(letter)}, once: {n} of {len(calls)}"
            sys.stderr.write(f"{start}{words}{end if n < len(calls) else chr(10)}")
            sys.stderr.flush()
        kernel(*arguments)


@contextmanager
def _second_process(letter: str) -> Iterator[None]:
    """Meanwhile compile the other half of the kernels there, into the cache; if it fails, only time is lost."""
    code = f"from minigrad.backend.compiled import preparing; preparing.prepare_half({letter!r})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    try:
        process = subprocess.Popen(  # noqa: S603 - this Python, with this package
            [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield
        return
    with process:
        yield


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
        (K.nhwc, (np.zeros((1, 2, 2, 2), dtype),)),
        (K.relu, (a,)),
        (K.masked, (a, a > 0)),
        (K.cross_entropy, (a, a)),
    ]
