"""The kernels compiled for the CPU with Numba: NumPy's results, to rounding, from one pass over memory each.

They take float32 and float64 and work on NHWC memory behind NCHW shapes, in which they also return images; what they do
not take, float16 or mixed dtypes, NumPy's set does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from typing import Any

import numba
import numpy as np

from minigrad.backend import numpy_kernels
from minigrad.backend.compiled import convolution, elementwise, pooling, products, sparse, tile
from minigrad.backend.compiled.processor import VECTOR_BYTES
from minigrad.backend.compiled.shared import layer, shares, trying
from minigrad.backend.threads import num_threads
from minigrad.backend.windows import Pair, Window

Array = np.ndarray[Any, Any]

COMPILED = (np.dtype(np.float32), np.dtype(np.float64))
"""The dtypes that the kernels take."""

SMALL = 2**17
"""Up to how many numbers the right factor of a matrix product is packed as a whole, if the left one is higher than it is wide."""

LOW = 512
"""Up to how many rows any other matrix product is done here; above, NumPy's library is as fast."""


SPARSE = 0.4
"""Below which part of numbers that are not zero it pays to list them."""


def conv2d(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    if not _takes(x, w) or (b is not None and b.dtype != x.dtype):
        return numpy_kernels.conv2d(x, w, b, window, groups)
    filters = convolution.packed_filters(_plain(w), groups, False, VECTOR_BYTES // w.itemsize)
    ((above, _), (left, _)) = window.pad
    return _convolved(
        x, filters, len(w), b, window.padded(x.shape[2:]), (above, left), (1, 1), window.outputs(x.shape[2:]),
        window.stride, window.dilation,
    )  # fmt: skip


def conv_transpose2d(y: Array, w: Array, size: Pair, window: Window, groups: int) -> Array:
    if not _takes(y, w):
        return numpy_kernels.conv_transpose2d(y, w, size, window, groups)
    if _is_sparse(y, w, window, groups):
        x = np.empty((len(y), *size, w.shape[1]), y.dtype)
        parts = shares(len(y), y.size * w[0].size)
        (above, _), (left, _) = window.pad
        lanes = VECTOR_BYTES // y.itemsize
        sparse.spread(parts, _nhwc(y), _plain(w), *window.padded(size), above, left, lanes, x)
        return x.transpose(0, 3, 1, 2)
    # x[h] = Σ_k y[(h + above − D·k) / S] · w[k]: the pixels of y, S apart, correlated with the flipped filters.
    filters = convolution.packed_filters(_plain(w), groups, True, VECTOR_BYTES // w.itemsize)
    (RH, RW), ((above, _), (left, _)) = window.reach, window.pad
    padded, first = (size[0] + RH - 1, size[1] + RW - 1), (RH - 1 - above, RW - 1 - left)
    channels = groups * w.shape[1]
    return _convolved(y, filters, channels, None, padded, first, window.stride, size, (1, 1), window.dilation)


def _convolved(
    x: Array, filters: Array, channels: int, b: Array | None, padded: Pair, first: Pair, apart: Pair, outputs: Pair,
    stride: Pair, dilation: Pair,
) -> Array:  # fmt: skip
    """Images placed into their padded form from `first` on, `apart`, correlated with packed filters."""
    groups, _, KH, KW, Cg, _ = filters.shape
    lanes, Og = VECTOR_BYTES // x.itemsize, channels // groups
    bias = np.zeros((groups, -(-Og // lanes) * lanes), x.dtype)
    if b is not None:
        bias[:, :Og] = b.reshape(groups, Og)
    out = np.empty((len(x), *outputs, channels), x.dtype)
    parts = shares(len(x), out.size * Cg * KH * KW)
    convolution.convolve(
        parts, _nhwc(x), filters, bias, *padded, *first, *apart, *stride, *dilation, lanes, out
    )  # fmt: skip
    return out.transpose(0, 3, 1, 2)


def filter_correlation(x: Array, y: Array, window: Window, groups: int) -> Array:
    if not _takes(x, y):
        return numpy_kernels.filter_correlation(x, y, window, groups)
    (N, O, _, _), Cg, (KH, KW) = y.shape, x.shape[1] // groups, window.kernel
    lanes = VECTOR_BYTES // x.itemsize
    Og = O // groups
    parts = shares(N, y.size * Cg * KH * KW)
    if _is_sparse(y, x, window, groups):
        (above, _), (left, _) = window.pad
        w = np.empty((O, Cg, KH, KW), x.dtype)
        sparse.correlate(parts, _nhwc(x), _nhwc(y), *window.padded(x.shape[2:]), above, left, lanes, w)
        return w
    sums = np.zeros((parts, groups, KH, KW * Cg, -(-Og // lanes) * lanes), x.dtype)
    w = np.empty((groups, Og, Cg, KH, KW), x.dtype)
    ((above, _), (left, _)) = window.pad
    convolution.correlate(
        parts, _nhwc(x), _nhwc(y), *window.padded(x.shape[2:]), above, left, *window.stride, *window.dilation,
        lanes, sums, w,
    )  # fmt: skip
    return w.reshape(O, Cg, KH, KW)


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    if not _takes(x):
        return numpy_kernels.max_pool2d(x, window)
    y = np.empty((len(x), *window.outputs(x.shape[2:]), x.shape[1]), x.dtype)
    winners = np.empty(y.shape, np.min_scalar_type(window.kernel[0] * window.kernel[1] - 1))
    lanes = VECTOR_BYTES // x.itemsize
    pooling.max_of_windows(shares(len(x), x.size), _nhwc(x), *_geometry(window), lanes, y, winners)
    return y.transpose(0, 3, 1, 2), winners.transpose(0, 3, 1, 2)


def pool_scatter(y: Array, winners: Array, size: Pair, window: Window) -> Array:
    if not _takes(y):
        return numpy_kernels.pool_scatter(y, winners, size, window)
    x = np.empty((len(y), *size, y.shape[1]), y.dtype)
    lanes, parts = VECTOR_BYTES // x.itemsize, shares(len(x), x.size)
    pooling.scatter(parts, _nhwc(y), _nhwc(winners), *_geometry(window), window.overlaps, lanes, x)
    return x.transpose(0, 3, 1, 2)


def pool_gather(x: Array, winners: Array, window: Window) -> Array:
    if not _takes(x):
        return numpy_kernels.pool_gather(x, winners, window)
    winners = _nhwc(winners)
    y = np.empty(winners.shape, x.dtype)
    pooling.gather(shares(len(x), x.size), _nhwc(x), winners, *_geometry(window)[1:], y)
    return y.transpose(0, 3, 1, 2)


def window_sum(x: Array, window: Window) -> Array:
    if not _takes(x):
        return numpy_kernels.window_sum(x, window)
    y = np.empty((len(x), *window.outputs(x.shape[2:]), x.shape[1]), x.dtype)
    pooling.sum_of_windows(shares(len(x), x.size), _nhwc(x), *_geometry(window), y, False)
    return y.transpose(0, 3, 1, 2)


def window_spread(y: Array, size: Pair, window: Window) -> Array:
    if not _takes(y):
        return numpy_kernels.window_spread(y, size, window)
    x = np.empty((len(y), *size, y.shape[1]), y.dtype)
    pooling.sum_of_windows(shares(len(x), x.size), x, *_geometry(window), _nhwc(y), True)
    return x.transpose(0, 3, 1, 2)


def matmul(a: Array, b: Array) -> Array:
    if a.ndim != 2 or b.ndim != 2 or not _takes(a, b):
        return numpy_kernels.matmul(a, b)
    (M, K), N = a.shape, b.shape[1]
    packs = K * N <= SMALL and M >= N
    if not packs and M > LOW:
        return numpy_kernels.matmul(a, b)
    out = np.empty((M, N), a.dtype)
    if out.size and K == 0:
        out[...] = 0
    elif out.size:
        work = M * K * N
        lanes = VECTOR_BYTES // a.itemsize
        if packs:
            parts = shares(M, work)
            products.rows_times(parts, M, K, N, *_flat(a), *_flat(b), lanes, out.reshape(-1))
        else:
            parts = shares(N, work)
            products.times_columns(parts, M, K, N, *_flat(a), *_flat(b), lanes, out.reshape(-1))
    return out


def channel_sum(x: Array) -> Array:
    last = np.moveaxis(x, 1, -1)
    if not _takes(x) or not last.flags.carray or x.size == 0:
        return numpy_kernels.channel_sum(x)
    y = np.empty(x.shape[1], x.dtype)
    rows = last.reshape(-1, len(y))
    elementwise.sum_of_rows(shares(len(rows), x.size), rows, y)
    return y


def relu(x: Array) -> tuple[Array, Array]:
    if not _takes(x) or (flat := _as_one(x)) is None:
        return numpy_kernels.relu(x)
    y, positive = np.empty_like(x), np.empty_like(x, bool)
    elementwise.relu(shares(x.size, x.size), *flat, *_as_one(y, positive))
    return y, positive


def masked(x: Array, mask: Array) -> Array:
    if not _takes(x) or x.shape != mask.shape or (flat := _as_one(x, mask)) is None:
        return numpy_kernels.masked(x, mask)
    y = np.empty_like(x)
    elementwise.masked(shares(x.size, x.size), *flat, _as_one(y)[0])
    return y


def cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    if not _takes(logits, targets):
        return numpy_kernels.cross_entropy(logits, targets)
    losses, softmax = np.empty(len(logits), logits.dtype), np.empty(logits.shape, logits.dtype)
    elementwise.cross_entropy(_plain(logits), _plain(targets), losses, softmax)
    return losses, softmax


def dropout_mask(x: Array, p: float, rng: np.random.Generator) -> Array:
    return numpy_kernels.dropout_mask(x, p, rng)


def sgd_update(p: Array, g: Array, velocity: Array | None, *, lr: float, momentum: float) -> None:
    arrays = [p, g] if velocity is None else [p, g, velocity]
    if not _takes(*arrays) or (flat := _as_one(*arrays)) is None:
        numpy_kernels.sgd_update(p, g, velocity, lr=lr, momentum=momentum)
    elif velocity is None:
        elementwise.sgd(shares(p.size, p.size), *flat, lr)
    else:
        elementwise.momentum_sgd(shares(p.size, p.size), *flat, lr, momentum)


def adam_update(
    p: Array, g: Array, m: Array, v: Array, *, lr: float, beta1: float, beta2: float, eps: float, step: int
) -> None:
    if not _takes(p, g, m, v) or (flat := _as_one(p, g, m, v)) is None:
        numpy_kernels.adam_update(p, g, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps, step=step)
        return
    # lr · m̂ / (√v̂ + eps), with the two bias corrections drawn out of the loop
    scale = (1 - beta2**step) ** 0.5
    elementwise.adam(shares(p.size, p.size), *flat, lr * scale / (1 - beta1**step), beta1, beta2, eps * scale)


def adagrad_update(p: Array, g: Array, h: Array, *, lr: float, eps: float) -> None:
    if not _takes(p, g, h) or (flat := _as_one(p, g, h)) is None:
        numpy_kernels.adagrad_update(p, g, h, lr=lr, eps=eps)
    else:
        elementwise.adagrad(shares(p.size, p.size), *flat, lr, eps)


def prepare(dtype: Any) -> None:
    """Compile all kernels for a dtype, and say so; or fetch them from Numba's cache, where they are from then on."""
    _linked(dtype.char)
    sparse.share_of_nonzeros(np.zeros((1, 1, 1, 1), dtype))
    if any(sparse.share_of_nonzeros.stats.cache_misses.values()):
        with _second_process(dtype.char):
            copy_context().run(compile_kernels, dtype.char, 0, show=True)
        copy_context().run(compile_kernels, dtype.char, 1)


def compile_kernels(letter: str, first: int, *, show: bool = False) -> None:
    """Compile every second kernel, from number `first` on, for the dtype of NumPy's `letter`."""
    calls = _small_calls(np.dtype(letter))[first::2]
    words = f"minigrad compiles its CPU kernels for {np.dtype(letter)}, once:"
    for n, (kernel, arguments, options) in enumerate(calls, 1):
        if show:
            start, end = ("\r", "") if sys.stderr.isatty() else ("", "\n")
            print(f"{start}{words} {n} of {len(calls)}", end=end if n < len(calls) else "\n", file=sys.stderr, flush=True)
        for number in (1, 2):
            trying.set(number)
            kernel(*arguments, **options)


@contextmanager
def _second_process(letter: str) -> Iterator[None]:
    """Compile the other half of the kernels there meanwhile, into the cache; if that fails, nothing is lost but time."""
    code = f"from minigrad.backend import numba_kernels as k; k.prepare_half({letter!r})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield
        return
    with process:
        yield


def prepare_half(letter: str) -> None:
    """What the second process does."""
    _linked(letter)
    compile_kernels(letter, 1)


def description() -> str:
    """What `minigrad doctor` says of them."""
    threads = f"{num_threads()} threads of {layer()}" if layer() else "1 thread: there is neither OpenMP nor TBB"
    return f"Numba {numba.__version__}, vectors of {8 * VECTOR_BYTES} bits, {threads}"


def _small_calls(dtype: Any) -> list[tuple[Any, tuple[Any, ...], dict[str, Any]]]:
    """Each kernel with arguments that it is soon done with."""
    window, pool = Window((2, 2)), Window((2, 2), (2, 2))
    lanes = VECTOR_BYTES // dtype.itemsize
    x, w, y = (np.zeros(shape, dtype) for shape in ((1, lanes, 4, 4), (1, lanes, 2, 2), (1, 1, 3, 3)))
    winners, a, tall = np.zeros((1, lanes, 2, 2), np.uint8), np.zeros((2, 2), dtype), np.zeros((2, 3), dtype)
    p, g, m, v = (np.zeros(1, dtype) for _ in range(4))
    rate = {"lr": 0.1}
    return [
        (conv2d, (x, w, None, window, 1), {}),
        (conv_transpose2d, (y, w, (4, 4), window, 1), {}),
        (filter_correlation, (x, y, window, 1), {}),
        (filter_correlation, (x, y + 1, window, 1), {}),
        (max_pool2d, (x, pool), {}),
        (pool_scatter, (x[:, :, :2, :2], winners, (4, 4), pool), {}),
        (pool_gather, (x, winners, pool), {}),
        (window_sum, (x, pool), {}),
        (matmul, (a, a), {}),
        (matmul, (a, tall), {}),
        (channel_sum, (a,), {}),
        (_nhwc, (np.zeros((1, 2, 2, 2), dtype),), {}),
        (relu, (a,), {}),
        (masked, (a, a > 0), {}),
        (cross_entropy, (a, a), {}),
        (sgd_update, (p, g, None), {**rate, "momentum": 0.0}),
        (sgd_update, (p, g, v), {**rate, "momentum": 0.9}),
        (adam_update, (p, g, m, v), {**rate, "beta1": 0.9, "beta2": 0.9, "eps": 1.0, "step": 1}),
        (adagrad_update, (p, g, v), {**rate, "eps": 1.0}),
    ]


def _takes(*arrays: Array) -> bool:
    dtype = arrays[0].dtype
    return dtype in COMPILED and _linked(dtype.char) and all(array.dtype == dtype for array in arrays[1:])


@cache
def _linked(letter: str) -> bool:
    """True, as soon as what the kernels of a dtype share is compiled."""
    tile.link_product(letter)
    sparse.link_add_listed(letter)
    return True


def _is_sparse(y: Array, other: Array, window: Window, groups: int) -> bool:
    """Whether a gradient of a convolution is better computed from those numbers of y alone that are not zero."""
    lanes = VECTOR_BYTES // y.itemsize
    return (
        groups == 1
        and window.stride == window.dilation == (1, 1)
        and window.kernel[1] * other.shape[1] % lanes == 0
        and sparse.share_of_nonzeros(_nhwc(y)) < SPARSE
        and sparse.all_finite(_plain(other if other.flags.c_contiguous else _nhwc(other)).reshape(-1))
    )


def _nhwc(x: Array) -> Array:
    """Images (N, C, H, W) as (N, H, W, C), in that memory order: a view where they are kept so."""
    last = x.transpose(0, 2, 3, 1)
    if last.flags.carray or not x.flags.carray or x.dtype not in COMPILED:
        return _plain(last)
    (N, C, H, W), y = x.shape, np.empty(last.shape, x.dtype)
    lanes = VECTOR_BYTES // x.itemsize
    products.transpose(shares(N, x.size), x.reshape(-1), N, C, H * W, lanes, y.reshape(-1))
    return y


def _plain(x: Array) -> Array:
    """x as the kernels were compiled for it, row-major, aligned and writable; a copy where it is not."""
    return x if x.flags.carray else np.require(x, requirements="CAW")


def _geometry(window: Window) -> tuple[int, ...]:
    ((above, _), (left, _)) = window.pad
    return (*window.kernel, *window.stride, above, left)


def _flat(a: Array) -> tuple[Array, int, int]:
    """A matrix as its numbers in memory, and how far apart rows and columns are."""
    if a.T.flags.carray and not a.flags.carray:
        return a.T.reshape(-1), 1, a.shape[0]
    return _plain(a).reshape(-1), a.shape[1], 1


def _as_one(*arrays: Array) -> list[Array] | None:
    """The numbers of arrays of one shape, each in the same order of memory, without a copy; None where that fails."""
    if all(array.flags.carray for array in arrays):
        return [array.reshape(-1) for array in arrays]
    if arrays[0].ndim == 4 and all(array.transpose(0, 2, 3, 1).flags.carray for array in arrays):
        return [array.transpose(0, 2, 3, 1).reshape(-1) for array in arrays]
    return None
