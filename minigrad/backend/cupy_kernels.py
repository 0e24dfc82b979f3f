"""The kernels for CuPy's arrays: CUDA C++ of our own (cuda/*.cu) around cuBLAS's matrix products.

They work on NHWC memory behind NCHW shapes, in which they also return images, and give the same bits each time: nothing
is added up by atomics.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cupy
import numpy as np

from minigrad.backend import accumulation_dtype
from minigrad.backend.cuda import products
from minigrad.backend.cuda.capture import later
from minigrad.backend.cuda.launching import ARGMAX, WARPS, for_each, geometry, kernel
from minigrad.backend.cuda.updates import update
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair, Window

Array = Any

__all__ = ["OnDevice", "update"]

ROWS_OF_A_BLOCK, BLOCKS = 64, 264
"""Of channel_sum: the fewest rows worth a block, and the most blocks, two for each multiprocessor of a large device."""


class OnDevice:
    """The kernels of this module, run on the device of their arrays, which need not be the current one."""

    def __init__(self, device: int) -> None:
        self._device = device

    def __getattr__(self, name: str) -> Any:
        if name not in globals():
            raise AttributeError(name)  # it is one that is written with others
        kernel, device = globals()[name], self._device

        def run(*arguments: Any) -> Any:
            if cupy.cuda.device.get_device_id() == device:
                return kernel(*arguments)
            with cupy.cuda.Device(device):
                return kernel(*arguments)

        setattr(self, name, run)
        return run


def conv2d(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    y = _without_bias(x, w, window, groups)
    if b is None:
        return y
    dtype, rows = np.result_type(y.dtype, b.dtype), y.transpose(0, 2, 3, 1)
    if dtype != y.dtype:
        return _nchw(rows.astype(dtype) + b)
    rows += b  # in place, along the channels in memory
    return y


def _without_bias(x: Array, w: Array, window: Window, groups: int) -> Array:
    dtype, N, O = np.result_type(x.dtype, w.dtype), len(x), len(w)
    y = cupy.empty((N, *window.outputs(x.shape[2:]), O), dtype)
    rows, Og = y.reshape(-1, O), O // groups
    matrices = w.astype(dtype, copy=False).reshape(groups, Og, -1)
    for g, columns in enumerate(_columns(x, window, groups, dtype)):
        products.matmul(columns, matrices[g].T, out=rows[:, g * Og : (g + 1) * Og])
    return _nchw(y)


def _columns(x: Array, window: Window, groups: int, dtype: Any) -> Array:
    """im2col: (groups, N · OH · OW, C / groups · KH · KW), the rows in the order of outputs, each as a filter is."""
    (N, C, H, W), (OH, OW), (KH, KW) = x.shape, window.outputs(x.shape[2:]), window.kernel
    rows = N * OH * OW
    columns = cupy.empty((groups, rows, C // groups * KH * KW), dtype)
    if columns.size:
        arguments = _nhwc(x.astype(dtype, copy=False)), columns, np.int32(groups), geometry(window, N, (H, W), C)
        kernel("windows", "im2col", dtype)((-(-rows // WARPS[1]),), WARPS, arguments)
    return columns


def conv_transpose2d(y: Array, w: Array, size: Pair, window: Window, groups: int) -> Array:
    dtype, (O, Cg, KH, KW), N = np.result_type(y.dtype, w.dtype), w.shape, len(y)
    rows, Og = _nhwc(y.astype(dtype, copy=False)).reshape(-1, O), O // groups
    matrices = w.astype(dtype, copy=False).reshape(groups, Og, -1)
    columns = cupy.empty((groups, len(rows), Cg * KH * KW), dtype)
    for g, part in enumerate(columns):
        products.matmul(rows[:, g * Og : (g + 1) * Og], matrices[g], out=part)
    x = cupy.empty((N, *size, groups * Cg), dtype)
    for_each(x.size, "windows", "col2im", dtype, columns, x, np.int32(groups), geometry(window, N, size, groups * Cg))
    return _nchw(x)


def filter_correlation(x: Array, y: Array, window: Window, groups: int) -> Array:
    dtype, O, Cg = np.result_type(x.dtype, y.dtype), y.shape[1], x.shape[1] // groups
    rows, Og = _nhwc(y.astype(dtype, copy=False)).reshape(-1, O), O // groups
    w = cupy.empty((O, Cg, *window.kernel), dtype)  # no view: a gradient that is kept has memory of its own
    matrices = w.reshape(groups, Og, -1)
    for g, columns in enumerate(_columns(x, window, groups, dtype)):
        products.matmul(rows[:, g * Og : (g + 1) * Og].T, columns, out=matrices[g])
    return w


def conv_gradients(
    gy: SparseImages, x: Array | None, w: Array | None, size: Pair, window: Window, groups: int
) -> tuple[Array | None, Array | None, Array]:
    y = _scatter(gy.y, gy.argmax, gy.mask, gy.size, gy.window)
    return (
        None if w is None else conv_transpose2d(y, w, size, window, groups),
        None if x is None else filter_correlation(x, y, window, groups),
        channel_sum(y),
    )


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    (N, C, H, W), (y, argmax, kind) = x.shape, _maxima(x, window)
    what = geometry(window, N, (H, W), C)
    for_each(y.size, "windows", "max_pool2d", x.dtype, _nhwc(x), y, argmax, what, argmax=kind)
    return _nchw(y), _nchw(argmax)


def conv_relu_pool(x: Array, w: Array, b: Array | None, window: Window, groups: int, pool: Window) -> Any:
    size = window.outputs(x.shape[2:])
    tiled = pool.kernel == pool.stride and pool.pad == ((0, 0), (0, 0)) and pool.dilation == (1, 1)
    if not tiled or size[0] % pool.kernel[0] or size[1] % pool.kernel[1]:
        return NotImplemented
    images = _without_bias(x, w, window, groups)
    if b is not None and b.dtype != images.dtype:
        return NotImplemented
    (N, C, H, W), (y, argmax, kind) = images.shape, _maxima(images, pool)
    positive = cupy.empty((N, H, W, C), np.bool_)
    what = geometry(pool, N, (H, W), C)
    for_each(
        y.size, "windows", "bias_relu_pool", y.dtype, _nhwc(images), b, positive, y, argmax, what, argmax=kind
    )  # fmt: skip
    return _nchw(y), _nchw(positive), _nchw(argmax)


def _maxima(x: Array, window: Window) -> tuple[Array, Array, str]:
    """Memory for the maxima of windows of images and for their argmax, (N, OH, OW, C), and what the latter is in C."""
    shape = len(x), *window.outputs(x.shape[2:]), x.shape[1]
    argmax = cupy.empty(shape, np.min_scalar_type(window.kernel[0] * window.kernel[1] - 1))
    return cupy.empty(shape, x.dtype), argmax, ARGMAX[argmax.itemsize]


def pool_scatter(y: Array, argmax: Array, size: Pair, window: Window) -> Array:
    return _scatter(y, argmax, None, size, window)


def _scatter(y: Array, argmax: Array, mask: Array | None, size: Pair, window: Window) -> Array:
    N, C = y.shape[:2]
    x = cupy.empty((N, *size, C), y.dtype)
    arguments = _nhwc(y), _nhwc(argmax), None if mask is None else _nhwc(mask), x, geometry(window, N, size, C)
    for_each(x.size, "windows", "pool_scatter", y.dtype, *arguments, argmax=ARGMAX[argmax.itemsize])
    return _nchw(x)


def pool_gather(x: Array, argmax: Array, window: Window) -> Array:
    N, C, H, W = x.shape
    y = cupy.empty((N, *window.outputs((H, W)), C), x.dtype)
    arguments = _nhwc(x), _nhwc(argmax), y, geometry(window, N, (H, W), C)
    for_each(y.size, "windows", "pool_gather", x.dtype, *arguments, argmax=ARGMAX[argmax.itemsize])
    return _nchw(y)


def window_sum(x: Array, window: Window) -> Array:
    N, C, H, W = x.shape
    y = cupy.empty((N, *window.outputs((H, W)), C), accumulation_dtype(x.dtype))
    for_each(y.size, "windows", "window_sum", x.dtype, _nhwc(x), y, geometry(window, N, (H, W), C))
    return _nchw(y)


def window_broadcast(y: Array, size: Pair, window: Window) -> Array:
    N, C = y.shape[:2]
    x = cupy.empty((N, *size, C), y.dtype)
    for_each(x.size, "windows", "window_broadcast", y.dtype, _nhwc(y), x, geometry(window, N, size, C))
    return _nchw(x)


def contiguous(x: Array) -> Array:
    return cupy.ascontiguousarray(x)


def matmul(a: Array, b: Array) -> Array:
    if a.dtype != b.dtype:
        dtype = np.result_type(a.dtype, b.dtype)
        a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
    return products.matmul(a, b) if a.dtype.kind == "f" else cupy.matmul(a, b)


def channel_sum(x: Array) -> Array:
    C, R = x.shape[1], x.size // max(1, x.shape[1])
    y = cupy.empty(C, x.dtype)
    if not R:
        y.fill(0)
        return y
    last = cupy.ascontiguousarray(x.transpose(0, *range(2, x.ndim), 1))
    tiles = -(-C // WARPS[0])
    parts = max(1, min(-(-R // ROWS_OF_A_BLOCK), BLOCKS // tiles))
    partial = cupy.empty((parts, C), np.float64)
    finished = _finished(x.device.id, cupy.cuda.get_current_stream().ptr, -(-tiles // BLOCKS) * BLOCKS)
    kernel("rows", "channel_sum", x.dtype)((tiles, parts), WARPS, (last, partial, finished, y, R, C))
    return y


@cache
def _finished(device: int, stream: int, count: int) -> Array:  # noqa: ARG001 - kernels of one stream run in turn
    """The counters of channel_sum, which it leaves at 0."""
    return cupy.zeros(count, np.uint32)


def relu(x: Array) -> tuple[Array, Array]:
    if x.dtype.kind != "f":
        return cupy.maximum(x, 0), x > 0
    x = x if _alike(x) else cupy.ascontiguousarray(x)
    y, positive = _like(x, x.dtype), _like(x, np.bool_)
    for_each(x.size, "elementwise", "relu", x.dtype, x, y, positive, x.size)
    return y, positive


def masked(x: Array, mask: Array) -> Array:
    if x.shape != mask.shape or x.dtype.kind != "f" or not _alike(x, mask):
        return cupy.where(mask, x, x.dtype.type(0))
    y = _like(x, x.dtype)
    for_each(x.size, "elementwise", "masked", x.dtype, x, mask, y, x.size)
    return y


def erf(x: Array) -> Array:
    x = x if _alike(x) else cupy.ascontiguousarray(x)
    y = _like(x, x.dtype)
    for_each(x.size, "elementwise", "error_function", x.dtype, x, y, x.size)
    return y


def cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None, smoothing: float = 0.0
) -> tuple[Array, Array]:
    (N, C), dtype = logits.shape, logits.dtype
    losses, softmax = cupy.empty(N, accumulation_dtype(dtype)), cupy.empty((N, C), dtype)
    weights = weights if weights is None else cupy.ascontiguousarray(weights, losses.dtype)
    given = cupy.ascontiguousarray(logits), *_targets(targets, softmax, smoothing), weights
    _for_each_row("cross_entropy", dtype, *given, losses, softmax, N, C)
    return losses, softmax


def cross_entropy_gradient(softmax: Array, targets: Array, scale: Array, smoothing: float) -> Array:
    (N, C), dtype = softmax.shape, softmax.dtype
    softmax, gradient = cupy.ascontiguousarray(softmax), cupy.empty((N, C), dtype)
    scale = cupy.ascontiguousarray(scale, accumulation_dtype(dtype))
    given = softmax, *_targets(targets, softmax, smoothing), scale
    _for_each_row("cross_entropy_gradient", dtype, *given, gradient, N, C)
    return gradient


def _targets(targets: Array, like: Array, smoothing: float) -> tuple[Any, ...]:
    """The numbers of rows.cu's Targets."""
    rest, share = 1 - smoothing, smoothing / like.shape[1]
    if targets.ndim == 1:
        return None, cupy.ascontiguousarray(targets, np.int64), rest, share
    return cupy.ascontiguousarray(targets, like.dtype), None, rest, share


def _for_each_row(name: str, dtype: Any, *arguments: Any) -> None:
    """Launch a kernel with a warp for each row; its last arguments are N and C."""
    if N := arguments[-2]:
        kernel("rows", name, dtype)((-(-N // WARPS[1]),), WARPS, arguments)


def dropout_mask(x: Array, p: float, rng: np.random.Generator) -> Array:
    mask = _like(x, x.dtype) if _alike(x) else cupy.empty(x.shape, x.dtype)
    scale = 0.0 if p == 1 else min(1 / (1 - p), np.finfo(x.dtype).max.item())  # infinity times 0 would not drop

    def key() -> int:
        return int(rng.integers(-(2**63), 2**63))

    later_key = later(lambda: [key()], 1, np.int64)
    arguments = mask, float(p), scale, key() if later_key is None else 0, later_key, x.size
    for_each(-(-x.size // 4), "elementwise", "dropout_mask", x.dtype, *arguments)
    return mask


def _nhwc(x: Array) -> Array:
    """Images (N, C, H, W) as (N, H, W, C), in that memory order: a view where they are kept so."""
    return cupy.ascontiguousarray(x.transpose(0, 2, 3, 1))


def _nchw(x: Array) -> Array:
    return x.transpose(0, 3, 1, 2)


def _alike(*arrays: Array) -> bool:
    """True if arrays of one shape lie in memory in one order, row by row or as images (N, H, W, C), without gaps."""
    return all(array.flags.c_contiguous for array in arrays) or all(
        array.ndim == 4 and array.transpose(0, 2, 3, 1).flags.c_contiguous for array in arrays
    )


def _like(x: Array, dtype: Any) -> Array:
    """Memory in the order of a dense array's."""
    if x.flags.c_contiguous:
        return cupy.empty(x.shape, dtype)
    N, C, H, W = x.shape
    return _nchw(cupy.empty((N, H, W, C), dtype))  # in half the time of empty_like
