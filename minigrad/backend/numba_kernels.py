"""The kernels compiled for the CPU with Numba: NumPy's results, to rounding, from one pass over memory each.

They take float32 and float64 and work on NHWC memory behind NCHW shapes, in which they also return images; what they do
not take, float16 or mixed dtypes, NumPy's set does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numba
import numpy as np

from minigrad.backend import KERNEL_DTYPES, numpy_kernels
from minigrad.backend.compiled import conv_relu_pool as fused
from minigrad.backend.compiled import (
    convolution,
    elementwise,
    listed,
    normalization,
    pooling,
    products,
    scattered,
    tile,
    transforming,
)
from minigrad.backend.compiled.processor import VECTOR_BYTES
from minigrad.backend.compiled.shared import layer, shares
from minigrad.backend.compiled.threads import num_threads
from minigrad.backend.compiled.update import compiled_update
from minigrad.backend.distributions import distributions
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair, Window

Array = np.ndarray[Any, Any]

SMALL = 2**17
"""The most numbers of a matrix product's right factor, no wider than the left one is high, to pack as a whole."""

LOW = 512
"""The most rows of any other matrix product that is done here; above, NumPy's library is as fast."""

ROW_NUMBERS = 128
"""The numbers of rows (N, C) that are normalized at a time."""

SPARSE = 0.4
"""The largest part of the pixels that a pooling may keep for lists of them to pay."""


def conv2d(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    size, outputs = window.padded(x.shape[2:]), window.outputs(x.shape[2:])
    filters = convolution.packed_filters(_plain(w), groups, False, _lanes(x))
    return _convolved(
        nhwc(x), filters, len(w), b, size, _corner(window), (1, 1), outputs, window.stride, window.dilation
    )


def conv_transpose2d(y: Array, w: Array, size: Pair, window: Window, groups: int) -> Array:
    y, w = nhwc(y), _plain(w)
    (above, left), (RH, RW) = _corner(window), window.effective_kernel
    # x[h] = Σ_k y[(h + above − D·k) / S] · w[k]: the pixels of y, S apart, correlated with the flipped filters.
    filters = convolution.packed_filters(w, groups, True, _lanes(y))
    padded, first = (size[0] + RH - 1, size[1] + RW - 1), (RH - 1 - above, RW - 1 - left)
    channels = groups * w.shape[1]
    return _convolved(y, filters, channels, None, padded, first, window.stride, size, (1, 1), window.dilation)


def _convolved(
    x: Array, filters: Array, channels: int, b: Array | None, padded: Pair, first: Pair, apart: Pair, outputs: Pair,
    stride: Pair, dilation: Pair,
) -> Array:  # fmt: skip
    """Images (N, H, W, C) placed into their padded form from `first` on, `apart`, correlated with packed filters."""
    out = np.empty((len(x), *outputs, channels), x.dtype)
    parts = shares(len(x), out.size * filters[0, 0, ..., 0].size)
    bias = _packed_bias(b, filters, channels)
    convolution.convolve(parts, x, filters, bias, *padded, *first, *apart, *stride, *dilation, _lanes(x), out)
    return out.transpose(0, 3, 1, 2)


def _packed_bias(b: Array | None, filters: Array, channels: int) -> Array:
    """The bias, or zeros, for each group filled up to whole vectors."""
    groups, lanes = len(filters), _lanes(filters)
    Og = channels // groups
    bias = np.zeros((groups, -(-Og // lanes) * lanes), filters.dtype)
    if b is not None:
        bias[:, :Og] = b.reshape(groups, Og)
    return bias


def filter_correlation(x: Array, y: Array, window: Window, groups: int) -> Array:
    x, y, padded, corner, lanes = nhwc(x), nhwc(y), window.padded(x.shape[2:]), _corner(window), _lanes(x)
    O, Cg, (KH, KW) = y.shape[3], x.shape[3] // groups, window.kernel
    Og, parts = O // groups, shares(len(x), y.size * Cg * KH * KW)
    totals = np.zeros((parts, groups, KH, KW * Cg, -(-Og // lanes) * lanes))
    w = np.empty((groups, Og, Cg, KH, KW), x.dtype)
    convolution.correlate(parts, x, y, *padded, Cg, *corner, *window.stride, *window.dilation, lanes, totals)
    convolution.add_shares(totals, w)
    return w.reshape(O, Cg, KH, KW)


def conv_gradients(gy: SparseImages, x: Array | None, w: Array | None, size: Pair, window: Window, groups: int) -> Any:
    factors = [factor for factor in (x, w) if factor is not None]
    if factors and gy.y.dtype == factors[0].dtype and groups == 1 and gy.window.pad == ((0, 0), (0, 0)) and gy.y.size:
        if x is not None and w is None and window.kernel[1] * x.shape[1] < _lanes(x):
            return None, *_first_layers_gradients(gy, x, window)
        if _pays_to_list(gy, factors, window):
            return _gradients_by_lists(gy, x, w, size, window)
    return NotImplemented


def _first_layers_gradients(gy: SparseImages, x: Array, window: Window) -> tuple[Array, Array]:
    """The filters' and the bias's, of images with few channels."""
    (N, O, _, _), lanes, (KH, KW), C = gy.y.shape, _lanes(x), window.kernel, x.shape[1]
    parts = shares(N, gy.y.size * C * KH * KW)
    totals, bias = np.zeros((parts, 1, KH, KW * C, -(-O // lanes) * lanes)), np.zeros((parts, O))
    scattered.correlate(
        parts, *_scattered(gy), *gy.size, *gy.window.stride, *gy.window.kernel, gy.window.overlaps, nhwc(x),
        *window.padded(x.shape[2:]), *_corner(window), *window.stride, *window.dilation, lanes, totals, bias,
    )  # fmt: skip
    gw = np.empty((1, O, C, KH, KW), x.dtype)
    convolution.add_shares(totals, gw)
    return gw[0], bias.sum(0).astype(x.dtype)


def _pays_to_list(gy: SparseImages, factors: list[Array], window: Window) -> bool:
    """True for few numbers other than zero, and steps of one pixel; an infinite factor must meet the zeros."""
    return (
        window.stride == window.dilation == (1, 1)
        and gy.y[0, 0].size <= SPARSE * gy.size[0] * gy.size[1]
        and all(map(numpy_kernels.all_finite, (gy.y, *factors)))
    )


def _gradients_by_lists(
    gy: SparseImages, x: Array | None, w: Array | None, size: Pair, window: Window
) -> tuple[Array | None, Array | None, Array]:
    (N, O, _, _), (KH, KW), C = gy.y.shape, window.kernel, next(f.shape[1] for f in (w, x) if f is not None)
    dtype, lanes, parts = gy.y.dtype, _lanes(gy.y), shares(N, gy.y.size * C * KH * KW)
    none = np.empty((0, 0, 0, 0), dtype)
    gx = none if w is None else np.empty((N, *size, C), dtype)
    totals, bias = np.zeros((parts, O, KH, -(-KW * C // lanes) * lanes)), np.zeros((parts, O))
    scattered.gradients(
        parts, *_scattered(gy), gy.size[1], *gy.window.stride, *gy.window.kernel, none if x is None else nhwc(x),
        np.empty(0, dtype) if w is None else scattered.packed_rows(_plain(w), lanes), C, KH, KW, *window.padded(size),
        *_corner(window), lanes, totals.reshape(parts, -1), bias, gx,
    )  # fmt: skip
    gw = None
    if x is not None:
        gw = np.empty((O, C, KH, KW), dtype)
        scattered.add_shares(totals, gw)
    return None if w is None else gx.transpose(0, 3, 1, 2), gw, bias.sum(0).astype(dtype)


def _scattered(gy: SparseImages) -> tuple[Array, Array, Array]:
    """The numbers and the argmax (N, OH, OW, C), and the mask (N, H · W · C), or (N, 0) without one."""
    N = len(gy.y)
    mask = np.empty((N, 0), np.bool_) if gy.mask is None else nhwc(gy.mask).reshape(N, -1)
    return nhwc(gy.y), nhwc(gy.argmax), mask


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    y = np.empty((len(x), *window.outputs(x.shape[2:]), x.shape[1]), x.dtype)
    argmax = np.empty(y.shape, np.min_scalar_type(window.kernel[0] * window.kernel[1] - 1))
    pooling.max_of_windows(shares(len(x), x.size), nhwc(x), *_geometry(window), _lanes(x), y, argmax)
    return y.transpose(0, 3, 1, 2), argmax.transpose(0, 3, 1, 2)


def conv_relu_pool(
    x: Array, w: Array, b: Array | None, window: Window, groups: int, pool: Window
) -> tuple[Array, Array, Array]:
    filters, size = convolution.packed_filters(_plain(w), groups, False, _lanes(x)), window.outputs(x.shape[2:])
    positive = np.empty((len(x), *size, len(w)), np.bool_)
    y = np.empty((len(x), *pool.outputs(size), len(w)), x.dtype)
    argmax = np.empty(y.shape, np.min_scalar_type(pool.kernel[0] * pool.kernel[1] - 1))
    fused.conv_relu_pool(
        shares(len(x), positive.size * w[0].size), nhwc(x), filters, _packed_bias(b, filters, len(w)),
        *window.padded(x.shape[2:]), *_corner(window), *window.stride, *window.dilation, *_geometry(pool), _lanes(x),
        positive, y, argmax,
    )  # fmt: skip
    return y.transpose(0, 3, 1, 2), positive.transpose(0, 3, 1, 2), argmax.transpose(0, 3, 1, 2)


def pool_scatter(y: Array, argmax: Array, size: Pair, window: Window) -> Array:
    x = np.empty((len(y), *size, y.shape[1]), y.dtype)
    parts = shares(len(x), x.size)
    pooling.scatter(parts, nhwc(y), nhwc(argmax), *_geometry(window), window.overlaps, _lanes(x), x)
    return x.transpose(0, 3, 1, 2)


def pool_gather(x: Array, argmax: Array, window: Window) -> Array:
    argmax = nhwc(argmax)
    y = np.empty(argmax.shape, x.dtype)
    pooling.gather(shares(len(x), x.size), nhwc(x), argmax, *_geometry(window)[1:], y)
    return y.transpose(0, 3, 1, 2)


def window_sum(x: Array, window: Window) -> Array:
    y = np.empty((len(x), *window.outputs(x.shape[2:]), x.shape[1]), x.dtype)
    pooling.sum_of_windows(shares(len(x), x.size), nhwc(x), *_geometry(window), y, False)
    return y.transpose(0, 3, 1, 2)


def window_broadcast(y: Array, size: Pair, window: Window) -> Array:
    x = np.empty((len(y), *size, y.shape[1]), y.dtype)
    pooling.sum_of_windows(shares(len(x), x.size), x, *_geometry(window), nhwc(y), True)
    return x.transpose(0, 3, 1, 2)


def contiguous(x: Array) -> Array:
    last, (_, C, H, W) = x.transpose(0, 2, 3, 1), x.shape
    if x.flags.carray or not last.flags.carray or x.dtype not in KERNEL_DTYPES:
        return np.ascontiguousarray(x)
    return _exchanged(last, H * W, C).reshape(x.shape)


def matmul(a: Array, b: Array) -> Any:
    if a.ndim != 2 or b.ndim != 2:
        return NotImplemented
    (M, K), N = a.shape, b.shape[1]
    if K > tile.LONG:
        return _long_product(a, b)
    packs = K * N <= SMALL and M >= N
    if not packs and M > LOW:
        return NotImplemented
    out = np.empty((M, N), a.dtype)
    if out.size and K == 0:
        out[...] = 0
    elif out.size:
        work, lanes, flat_a, flat_b, flat = M * K * N, _lanes(a), _flat(a), _flat(b), out.reshape(-1)
        if packs:
            packed = products.packed_whole(*flat_b, K, N, lanes)
            products.rows_times(shares(M, work), M, K, N, *flat_a, packed, lanes, flat)
        else:
            products.times_columns(shares(N, work), M, K, N, *flat_a, *flat_b, lanes, flat)
    return out


def _long_product(a: Array, b: Array) -> Array:
    """The product of any matrices; its columns are shared out, and of its rows a few are made at a time."""
    (M, K), N = a.shape, b.shape[1]
    if M > N:
        return np.ascontiguousarray(_long_product(b.T, a.T).T)
    out, flat_b, parts = np.empty((M, N), a.dtype), _flat(b), shares(N, M * K * N)
    for m in range(0, M, LOW):
        rows = a[m : m + LOW]
        products.times_columns(parts, len(rows), K, N, *_flat(rows), *flat_b, _lanes(a), out[m : m + LOW].reshape(-1))
    return out


def channel_sum(x: Array) -> Any:
    last = x.transpose(0, *range(2, x.ndim), 1)
    if not last.flags.carray or x.size == 0:
        return NotImplemented
    rows = last.reshape(-1, x.shape[1])
    totals = np.zeros((shares(len(rows), x.size), x.shape[1]))
    elementwise.sum_rows(len(totals), rows, totals)
    return totals.sum(0).astype(x.dtype)


def batch_norm(x: Array, w: Array | None, b: Array | None, eps: float) -> Any:
    if (rows := _rows(x)) is None:
        return NotImplemented
    (n, C), parts = rows.shape, shares(len(rows), rows.size)
    total, _ = _added(normalization.add_distances, parts, rows, np.zeros((2, C)))
    mean = (total / n).astype(x.dtype)  # rounded: what it lost is the mean of the distances from it
    distance, squares = _added(normalization.add_distances, parts, rows, np.array([mean, np.zeros(C)]))
    error = distance / n
    variance = np.maximum(squares / n - error * error, 0)
    statistics = np.array([mean, error, variance], x.dtype)
    factor = (statistics[2] + eps) ** -0.5 * (1 if w is None else w)
    y = np.empty_like(rows)
    each = _wide(C, statistics[0], statistics[1], factor, np.zeros(C) if b is None else b)
    normalization.scale_distances(parts, rows, *each, y)
    return _as_images(y, x), statistics


def batch_norm_gradients(gy: Array, x: Array, w: Array | None, statistics: Array, eps: float) -> Any:
    if (rows := _rows(x)) is None or (rows_gy := _rows(gy)) is None:
        return NotImplemented
    (n, C), parts, (mean, error, variance) = rows.shape, shares(len(rows), rows.size), statistics.astype(np.float64)
    inverse = (variance + eps) ** -0.5
    gb, product = _added(normalization.add_products, parts, rows_gy, rows, np.array([mean, error]))
    each = _wide(C, mean, error, gb / n, inverse * inverse * product / n, inverse * (1 if w is None else w))
    gx = np.empty_like(rows)
    normalization.gradient(parts, rows_gy, rows, *each, gx)
    return _as_images(gx, x), (inverse * product).astype(x.dtype), gb.astype(x.dtype)


def _rows(x: Array) -> Array | None:
    """(N, C, ...) as rows (N · ..., C): a view where channels are the last axis in memory, else a copy of images."""
    last = nhwc(x) if x.ndim == 4 else x.transpose(0, *range(2, x.ndim), 1)
    return last.reshape(-1, x.shape[1]) if last.flags.carray and x.size else None


def _as_images(rows: Array, x: Array) -> Array:
    """Rows (N · ..., C) in x's shape."""
    return rows.reshape(len(x), *x.shape[2:], x.shape[1]).transpose(0, -1, *range(1, x.ndim - 1))


def _wide(C: int, *of_channels: Array) -> list[Array]:
    """What belongs to each of C channels, (C,), in float64 and as often as rows go together."""
    return [np.tile(np.asarray(each, np.float64), max(1, ROW_NUMBERS // C)) for each in of_channels]


def _added(kernel: Any, parts: int, *arguments: Array) -> Any:
    """The two sums (2, C) of a kernel; the last argument is the mean in two parts."""
    *rows, mean = arguments
    each = _wide(mean.shape[1], *mean)
    totals = np.zeros((parts, 2, len(each[0])))
    kernel(parts, *rows, *each, totals)
    return totals.sum(0).reshape(2, -1, mean.shape[1]).sum(1)


def affine_transform(x: Array, matrices: Array) -> Any:
    if not x.flags.carray:
        return NotImplemented
    y = np.empty_like(x)
    transforming.affine(1, x, _plain(matrices), y)  # in this thread alone: it may be the one of `prefetch`
    return y


def relu(x: Array) -> Any:
    y, positive = np.empty_like(x), np.empty_like(x, bool)
    if (flat := _as_one(x, y, positive)) is None:
        return NotImplemented
    elementwise.relu(shares(x.size, x.size), *flat)
    return y, positive


def masked(x: Array, mask: Array) -> Any:
    y = np.empty_like(x)
    if x.shape != mask.shape or (flat := _as_one(x, mask, y)) is None:
        return NotImplemented
    elementwise.masked(shares(x.size, x.size), *flat)
    return y


def erf(x: Array) -> Any:
    y = np.empty_like(x)
    if (flat := _as_one(x, y)) is None:
        return NotImplemented
    elementwise.erf(shares(x.size, 8 * x.size), *flat)
    return y


def cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None, smoothing: float = 0.0
) -> tuple[Array, Array]:
    logits, parts = _plain(logits), shares(len(logits), 16 * logits.size)
    losses, softmax = np.empty(len(logits), logits.dtype), np.empty(logits.shape, logits.dtype)
    if targets.ndim == 1:
        weights = np.ones_like(losses) if weights is None else _plain(weights)
        elementwise.label_cross_entropy(parts, logits, *_labels(targets, logits, weights, smoothing), losses, softmax)
        return losses, softmax
    targets = distributions(targets, logits, smoothing)
    elementwise.cross_entropy(parts, _plain(numpy_kernels.counted(logits, weights)), _plain(targets), losses, softmax)
    return losses if weights is None else losses * weights, softmax


def cross_entropy_gradient(softmax: Array, targets: Array, scale: Array, smoothing: float) -> Any:
    if targets.ndim == 2:
        return NotImplemented
    gradient, parts = np.empty(softmax.shape, softmax.dtype), shares(len(softmax), softmax.size)
    given = _labels(targets, softmax, _plain(scale), smoothing)
    elementwise.label_gradient(parts, _plain(softmax), *given, gradient)
    return gradient


def _labels(labels: Array, like: Array, weights: Array, smoothing: float) -> tuple[Array, ...]:
    """Labels and weights as the kernels take them, and the targets at a label and elsewhere."""
    miss = np.full(1, smoothing / like.shape[1], like.dtype)
    hit = np.full(1, 1 - smoothing, like.dtype) + miss
    return _plain(labels.astype(np.int64, copy=False)), weights, hit, miss


def update(formula: Any, updates: Iterable[Any]) -> None:
    for each in updates:
        p, g, slots, numbers, done = each
        flat, step = _as_one(p, g, *slots), compiled_update(formula, len(slots))
        if flat is None or step is None or step(shares(p.size, p.size), *flat, numbers()) is NotImplemented:
            numpy_kernels.update(formula, [each])
        else:
            done()


def description() -> str:
    """Version, vectors and threads, for `minigrad doctor`."""
    threads = f"{num_threads()} threads of {layer()}" if layer() else "1 thread: there is neither OpenMP nor TBB"
    return f"Numba {numba.__version__}, vectors of {8 * VECTOR_BYTES} bits, {threads}"


@cache
def linked(letter: str) -> bool:
    """True, as soon as what the kernels of a dtype share is compiled."""
    tile.link_product(letter)
    listed.link_add_listed(letter)
    return True


def _lanes(x: Array) -> int:
    """The number of elements in a vector register."""
    return VECTOR_BYTES // x.itemsize


def _corner(window: Window) -> Pair:
    """The first window's offset above and left of the image."""
    (above, _), (left, _) = window.pad
    return above, left


def nhwc(x: Array) -> Array:
    """Images (N, C, H, W) as (N, H, W, C), in that memory order: a view where they are kept so."""
    last, (_, C, H, W) = x.transpose(0, 2, 3, 1), x.shape
    if last.flags.carray or not x.flags.carray or x.dtype not in KERNEL_DTYPES:
        return _plain(last)
    return _exchanged(x, C, H * W).reshape(last.shape)


def _exchanged(x: Array, R: int, C: int) -> Array:
    """Matrices (R, C), one after the other in memory, each transposed."""
    y = np.empty(x.size, x.dtype)
    products.transpose(shares(len(x), x.size), x.reshape(-1), len(x), R, C, _lanes(x), y)
    return y


def _plain(x: Array) -> Array:
    """x as the kernels were compiled for it, row-major, aligned and writable; a copy where it is not."""
    return x if x.flags.carray else np.require(x, requirements=["C", "A", "W"])


def _geometry(window: Window) -> tuple[int, ...]:
    return (*window.kernel, *window.stride, *_corner(window))


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
