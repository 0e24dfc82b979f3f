"""Matrix products by cuBLAS with handles of our own: CuPy refuses to use its own while a graph is captured."""

from __future__ import annotations

import ctypes
from functools import cache
from math import prod
from typing import Any

import cupy
import numpy as np

from minigrad.settings import settings

Array = Any
KINDS = {"f": (0, 68, ctypes.c_float), "d": (1, 70, ctypes.c_double), "e": (2, 68, ctypes.c_float)}
"""Of a dtype, by NumPy's letter: cudaDataType, cublasComputeType_t (CUBLAS_COMPUTE_32F, _64F), and alpha's type."""

TF32 = 77
"""CUBLAS_COMPUTE_32F_FAST_TF32."""

DEFAULT_ALGORITHM = -1
WORKSPACE = 32 * 2**20
"""Bytes, NVIDIA's advice for its largest devices; without a workspace of ours cuBLAS allocates while capturing."""


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """a @ b of two matrices, or of two stacks of them, of one dtype of floats; into `out` if it is given.

    The columns of `out` lie one beside the other in memory; its rows may be further apart.
    """
    if a.ndim > 2 or b.ndim > 2:
        return _stacks(a, b)
    (M, K), N, dtype = a.shape, b.shape[1], a.dtype
    if out is None:
        out = cupy.empty((M, N), dtype)
    if not out.size or not K:
        out.fill(0)
        return out
    (ta, lda, a), (tb, ldb, b) = _side(a), _side(b)
    kind, compute, one, zero = _numbers(dtype.char, settings.get().tf32)
    # Row-major out = a @ b is, to cuBLAS, which reads columns, outᵀ = bᵀ @ aᵀ.
    _call(
        "cublasGemmEx", _handle(cupy.cuda.device.get_device_id(), cupy.cuda.get_current_stream().ptr), tb, ta, N, M, K,
        one, b.data.ptr, kind, ldb, a.data.ptr, kind, lda, zero, out.data.ptr, kind, out.strides[0] // dtype.itemsize,
        compute, DEFAULT_ALGORITHM,
    )  # fmt: skip
    return out


def _stacks(a: Array, b: Array) -> Array:
    """The products of two stacks of matrices that broadcast."""
    lead = a.shape[:-2] if a.shape[:-2] == b.shape[:-2] else np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (M, K), N, dtype, count = a.shape[-2:], b.shape[-1], a.dtype, prod(lead)
    if b.ndim == 2 or (b.size and prod(b.shape[:-2]) == 1):  # one matrix: all rows at once
        return matmul(a.reshape(-1, K), b.reshape(K, N)).reshape(*lead, M, N)
    out = cupy.empty((*lead, M, N), dtype)
    if not out.size or not K:
        out.fill(0)
        return out
    (ta, lda, a, step_a), (tb, ldb, b, step_b) = _sides(a, lead), _sides(b, lead)
    kind, compute, one, zero = _numbers(dtype.char, settings.get().tf32)
    _call(
        "cublasGemmStridedBatchedEx", _handle(cupy.cuda.device.get_device_id(), cupy.cuda.get_current_stream().ptr), tb,
        ta, N, M, K, one, b.data.ptr, kind, ldb, step_b, a.data.ptr, kind, lda, step_a, zero, out.data.ptr, kind, N,
        M * N, count, compute, DEFAULT_ALGORITHM,
    )  # fmt: skip
    return out


def _side(x: Array) -> tuple[int, int, Array]:
    """Whether cuBLAS has to transpose a matrix, how far apart its rows (or else columns) are, and the matrix."""
    size, (rows, columns), (M, N) = x.itemsize, x.strides, x.shape
    if (columns == size or N == 1) and rows >= N * size and rows % size == 0:
        return 0, rows // size, x
    if (rows == size or M == 1) and columns >= M * size and columns % size == 0:
        return 1, columns // size, x
    return 0, N, cupy.ascontiguousarray(x)


def _sides(x: Array, lead: tuple[int, ...]) -> tuple[int, int, Array, int]:
    """`_side` of a stack, and how far apart its matrices are."""
    if x.shape[:-2] != lead:
        x = cupy.broadcast_to(x, (*lead, *x.shape[-2:]))
    transposed = x.swapaxes(-2, -1).flags.c_contiguous and not x.flags.c_contiguous
    x = x if transposed else cupy.ascontiguousarray(x)
    return int(transposed), x.shape[-2 if transposed else -1], x, x.shape[-2] * x.shape[-1]


@cache
def _numbers(letter: str, fast: bool) -> tuple[int, int, Any, Any]:
    """Of a dtype: its numbers in cuBLAS, and pointers to 1 and 0."""
    kind, compute, number = KINDS[letter]
    return kind, TF32 if fast and letter == "f" else compute, ctypes.byref(number(1)), ctypes.byref(number(0))


@cache
def _handle(device: int, stream: int) -> int:
    """A handle of a device's stream, which keeps its workspace."""
    handle = ctypes.c_void_p()
    _call("cublasCreate_v2", ctypes.byref(handle))
    _call("cublasSetStream_v2", handle, stream)
    _call("cublasSetWorkspace_v2", handle, _workspace(device, stream).data.ptr, WORKSPACE)
    assert handle.value
    return handle.value


@cache
def _workspace(device: int, stream: int) -> Array:  # noqa: ARG001 - each handle has its own
    return cupy.empty(WORKSPACE, np.uint8)


def _call(name: str, *arguments: Any) -> None:
    if status := _function(name)(*arguments):
        raise RuntimeError(f"{name} failed with status {status}")


@cache
def _function(name: str) -> Any:
    function = getattr(_library(), name)
    function.argtypes = [_TYPES[letter] for letter in _SIGNATURES[name]]
    return function


@cache
def _library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libcublas.so.13")  # CuPy may have loaded it
    except OSError:
        from cuda import pathfinder  # noqa: PLC0415 - CuPy brings it

        return ctypes.CDLL(pathfinder.load_nvidia_dynamic_lib("cublas").abs_path)


_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "l": ctypes.c_longlong, "z": ctypes.c_size_t}
_SIGNATURES = {
    "cublasCreate_v2": "p",
    "cublasSetStream_v2": "pp",
    "cublasSetWorkspace_v2": "ppz",
    "cublasGemmEx": "piiiiippiipiippiiii",
    "cublasGemmStridedBatchedEx": "piiiiippiilpiilppiiliii",
}
"""The arguments' types, by the letters of `_TYPES`."""
