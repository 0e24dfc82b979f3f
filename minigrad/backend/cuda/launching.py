"""The CUDA sources of this directory, compiled for a dtype when they are first used, and their launch."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cupy
import numpy as np

from minigrad.backend import accumulation_dtype
from minigrad.backend.windows import Pair, Window

Array = Any
SOURCES = Path(__file__).parent
THREADS = 256
WARPS = (32, 8)
"""A block of eight warps."""

C_NAMES = {"float16": "__half", "float32": "float", "float64": "double"}
ARGMAX = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int"}
"""By the bytes of a kernel element's number."""


def compiled(source: str, dtype: Any, **defines: object) -> Any:
    """The module of a CUDA source, in which REAL is a dtype and WIDE the one that it is computed in."""
    half = "#include <cuda_fp16.h>\n" if dtype == np.float16 else ""
    defines |= {"REAL": C_NAMES[dtype.name], "WIDE": C_NAMES[accumulation_dtype(dtype).name]}
    options = [f"-D{name}={value}" for name, value in defines.items()]
    return cupy.RawModule(code=half + source, options=("-std=c++17", *options))


@cache
def _module(file: str, dtype: Any, argmax: str) -> Any:
    return compiled((SOURCES / f"{file}.cu").read_text("utf-8"), dtype, ARGMAX=argmax)


@cache
def kernel(file: str, name: str, dtype: Any, argmax: str = ARGMAX[1]) -> Any:
    """A kernel of one of the sources, to be called with (grid, block, arguments)."""
    return _module(file, dtype, argmax).get_function(name)


def for_each(count: int, file: str, name: str, dtype: Any, *arguments: Any, argmax: str = ARGMAX[1]) -> None:
    """Launch a kernel with a thread for each of `count` things."""
    if count:
        kernel(file, name, dtype, argmax)((-(-count // THREADS),), (THREADS,), arguments)


@lru_cache(maxsize=256)
def geometry(window: Window, N: int, size: Pair, C: int) -> Any:
    """A window over images (N, C, H, W) with (H, W) = size, as the kernels take it: one value, passed as it is."""
    numbers = (N, *size, C, *window.outputs(size), *window.kernel, *window.stride, *window.dilation)
    return structure(np.array([*numbers, window.pad[0][0], window.pad[1][0]], np.int32))


def structure(values: np.ndarray[Any, Any]) -> Any:
    """An array's bytes as a struct that a kernel takes by value; of a structured array CuPy's launch takes 20 µs."""
    return values.view(f"V{values.nbytes}")
