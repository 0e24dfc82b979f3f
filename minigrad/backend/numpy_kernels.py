"""The reference kernels: plain NumPy, short, the specification of the others.

Convolutions work on NHWC memory behind NCHW shapes: a row of a window is then one run of KW·C numbers, and a bias or a
maximum runs along the channels. Windows are laid out as rows of a matrix (im2col) for a few images at a time, so that
the memory needed does not depend on the batch, and stays in the processor's cache.

With many channels only a window's rows are laid out, each once for all the windows that share it, with one matrix
product for each row of the kernel: a KH-th of the copying, and of what one core fetches from another's cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minigrad.backend import BLOCK, accumulation_dtype, errstate, subtract_max, sum_rounded, sum_wide
from minigrad.backend.distributions import distributions
from minigrad.backend.windows import Pair, Window

Array = np.ndarray[Any, Any]

COLUMN_NUMBERS = 2**20
"""The most numbers that the laid-out windows of one chunk of images have (4 MiB of float32)."""

PRODUCT_NUMBERS = 128
"""The fewest numbers in a row of a window that are worth a matrix product of their own."""

PRODUCT_TERMS = 2**11
"""The most terms of one matrix product of NumPy's, whose error grows with them; longer ones are added up in float64."""

SMALL_PRODUCT, SMALL_PRODUCT_TERMS = 10**6, 2**8
"""The most multiplications of a product whose terms OpenBLAS adds one after the other with AVX-512: they are fewer."""

CHUNK = 2**15
"""The parameters that an optimizer updates at a time: its half a dozen passes then find them in the cache."""

ERF_NEAR = (
    -3.80659122412214e-13, 9.21125018742823e-12, -2.035231956483527e-10, 4.115751500265885e-09, -7.51156925108609e-08,
    1.2233827638093572e-06, -1.75371694412802e-05, 0.00021751715603563488, -0.0022854855611440855, 0.019852496688984218,
    -0.1405360890227171, 0.9654687386698673,
)  # fmt: skip
"""A polynomial for erf(x) / x, |x| ≤ 1, in 2·x² − 1, highest power first; tests/backend/erf_coefficients.py fits it."""

ERF_FAR = (
    -7.970561922845925e-13, 5.9943243455437045e-12, 6.917780982018686e-11, -1.0609088834225667e-10,
    -4.956466489229388e-09, -2.5772220860626256e-08, 1.4320649275925599e-07, 3.498817724639476e-06,
    3.346127706454e-05, 0.00022259643172453767, 0.0011615374405673708, 0.004990286041095359, 0.018078437227012082,
    0.055891085566079926, 0.14812992991458332, 0.19907263099386566,
)  # fmt: skip
"""Likewise for (1 − erf(x)) · exp(x²), 1 ≤ x ≤ 6, in 20 / (x + 4) − 3."""


def conv2d(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    (N, _, H, W), O = x.shape, w.shape[0]
    OH, OW = window.outputs((H, W))
    result = np.result_type(x, w) if b is None else np.result_type(x, w, b)
    dtype = accumulation_dtype(result)
    y = np.empty((N, OH, OW, groups, O // groups), dtype)
    y[...] = 0 if b is None else b.reshape(groups, -1)
    matrices = _matrices(w, window, groups, dtype)
    for chunk, parts in _columns(_nhwc(x), window, groups, dtype):
        rows = y[chunk].transpose(3, 1, 0, 2, 4)  # (groups, OH, n, OW, O / groups)
        for columns, matrix in zip(parts, matrices, strict=True):
            rows += matmul(columns, matrix).reshape(rows.shape)
    return _nchw(y.reshape(N, OH, OW, O)).astype(result, copy=False)


def conv_transpose2d(y: Array, w: Array, size: Pair, window: Window, groups: int) -> Array:
    # x[h] = Σ_k y[(h + above − D·k) / S] · w[k]: the pixels of y, S apart, correlated with the flipped filters.
    O, Cg, KH, KW = w.shape
    flipped = w[:, :, ::-1, ::-1].reshape(groups, O // groups, Cg, KH, KW).swapaxes(1, 2)
    flipped = flipped.reshape(groups * Cg, O // groups, KH, KW)  # input and output channels exchanged in each group
    (RH, RW), (SH, SW), ((above, _), (left, _)) = window.effective_kernel, window.stride, window.pad
    spread = np.zeros((y.shape[0], size[0] + RH - 1, size[1] + RW - 1, O), y.dtype)
    to_rows, from_rows = _placed(y.shape[2], spread.shape[1], SH, RH - 1 - above)
    to_columns, from_columns = _placed(y.shape[3], spread.shape[2], SW, RW - 1 - left)
    spread[:, to_rows, to_columns] = _nhwc(y)[:, from_rows, from_columns]
    return conv2d(_nchw(spread), flipped, None, Window(window.kernel, dilation=window.dilation), groups)


def filter_correlation(x: Array, y: Array, window: Window, groups: int) -> Array:
    (N, O, OH, OW), Cg = y.shape, x.shape[1] // groups
    (KH, KW), R = window.kernel, _rows_together(window, Cg)
    dtype = accumulation_dtype(x, y)
    gy = _nhwc(y).reshape(N, OH, OW, groups, O // groups)
    w = np.zeros((KH // R, groups, R * KW * Cg, O // groups))
    for chunk, parts in _columns(_nhwc(x), window, groups, dtype):
        rows = gy[chunk].transpose(3, 1, 0, 2, 4).reshape(groups, -1, O // groups)  # (groups, OH · n · OW, O / groups)
        rows = rows.astype(dtype, copy=False)
        for columns, matrix in zip(parts, w, strict=True):
            matrix += matmul(columns.swapaxes(1, 2), rows)
    w = w.reshape(KH // R, groups, R, KW, Cg, O // groups).transpose(1, 5, 4, 0, 2, 3)
    return w.reshape(O, Cg, KH, KW).astype(np.result_type(x, y), copy=False)


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    image = _padded(x, window, -np.inf)
    valid = np.zeros(image.shape[2:], bool)
    valid[window.valid_region()] = True
    (rows, columns), *others = window.taps(x.shape[2:])
    y = image[:, :, rows, columns].copy(order="K")
    seen = valid[rows, columns].copy()
    argmax = np.zeros_like(y, dtype=np.min_scalar_type(len(others)))
    for k, (rows, columns) in enumerate(others, start=1):
        pixel = image[:, :, rows, columns]
        better = ~(pixel <= y)  # larger, or one of them is NaN;
        better &= ~np.isnan(y)  # a NaN is beaten by nothing
        if not seen.all():
            better |= valid[rows, columns] & ~seen  # a pixel of the border is beaten by all, even by −inf
            seen |= valid[rows, columns]
        np.maximum(argmax, better * argmax.dtype.type(k), out=argmax)  # k is above any argmax so far
        np.maximum(y, pixel, out=y)
    return y, argmax


def pool_scatter(y: Array, argmax: Array, size: Pair, window: Window) -> Array:
    image = _blank(y, size, window)
    finite = all_finite(y)
    for k, (rows, columns) in enumerate(window.taps(size)):
        part = _masked(y, argmax == k, finite=finite)
        if window.overlaps:
            image[:, :, rows, columns] += part
        else:
            image[:, :, rows, columns] = part
    return image[:, :, *window.valid_region()].astype(y.dtype, copy=False)


def pool_gather(x: Array, argmax: Array, window: Window) -> Array:
    image = _padded(x, window, 0)
    y = np.zeros_like(argmax, dtype=x.dtype)
    for k, (rows, columns) in enumerate(window.taps(x.shape[2:])):
        np.copyto(y, image[:, :, rows, columns], where=argmax == k)
    return y


def window_sum(x: Array, window: Window) -> Array:
    image = _padded(x, window, 0)
    (rows, columns), *others = window.taps(x.shape[2:])
    y = image[:, :, rows, columns].astype(_sum_dtype(x, window))
    for rows, columns in others:
        y += image[:, :, rows, columns]
    return y.astype(accumulation_dtype(x), copy=False)


def window_broadcast(y: Array, size: Pair, window: Window) -> Array:
    image = _blank(y, size, window)
    for rows, columns in window.taps(size):
        image[:, :, rows, columns] += y
    return image[:, :, *window.valid_region()].astype(y.dtype, copy=False)


def contiguous(x: Array) -> Array:
    return np.ascontiguousarray(x)


def matmul(a: Array, b: Array) -> Array:
    K, dtype = a.shape[-1], np.result_type(a, b)
    small = dtype == np.float32 and a.shape[-2] * b.shape[-1] * min(K, PRODUCT_TERMS) <= SMALL_PRODUCT
    terms = SMALL_PRODUCT_TERMS if small else PRODUCT_TERMS
    if terms >= K or dtype.kind != "f":
        return a @ b
    parts = [slice(start, start + terms) for start in range(0, K, terms)]
    products = (np.matmul(a[..., part], b[..., part, :], dtype=accumulation_dtype(dtype)) for part in parts)
    return sum(products, np.float64(0)).astype(dtype)  # type: ignore[no-any-return]


def channel_sum(x: Array) -> Array:
    return sum_rounded(x, (0, *range(2, x.ndim)), keepdims=False)  # type: ignore[no-any-return]


def relu(x: Array) -> tuple[Array, Array]:
    return np.maximum(x, 0), x > 0


def masked(x: Array, mask: Array) -> Array:
    return _masked(x, mask, finite=all_finite(x))


def erf(x: Array) -> Array:
    distance = np.abs(x).astype(np.float64)
    near, far = distance.clip(0, 1), distance.clip(1, 6)  # beyond 6 it is 1
    inner = near * np.polyval(ERF_NEAR, 2 * near * near - 1)
    outer = 1 - np.exp(-far * far) * np.polyval(ERF_FAR, 20 / (far + 4) - 3)
    return np.copysign(np.where(distance < 1, inner, outer), x).astype(x.dtype)


def cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None, smoothing: float = 0.0
) -> tuple[Array, Array]:
    logits, targets = counted(logits, weights), distributions(targets, logits, smoothing)
    shifted = subtract_max(logits.astype(accumulation_dtype(logits), copy=False), 1)
    exponentials = np.exp(shifted)
    sums = sum_wide(exponentials, 1, keepdims=True)
    surprise = np.log(sums) - shifted
    parts = np.multiply(targets, surprise, where=targets != 0, out=np.zeros_like(surprise))
    losses = sum_wide(parts, 1, keepdims=False)
    softmax = (exponentials / sums).astype(logits.dtype, copy=False)
    return losses if weights is None else losses * weights, softmax


def counted(logits: Array, weights: Array | None) -> Array:
    """The logits, with zeros in rows without a weight: 0 times a loss that is not finite would be NaN."""
    if weights is None or weights.all():
        return logits
    return _masked(logits, (weights != 0)[:, None], finite=False)


def cross_entropy_gradient(softmax: Array, targets: Array, scale: Array, smoothing: float) -> Array:
    targets = distributions(targets, softmax, smoothing)
    mass = sum_wide(targets, 1, keepdims=True)  # 1, to rounding or to what a user's distributions may be off
    gradient = (softmax * mass - targets) * scale.reshape(-1, 1)
    return gradient.astype(softmax.dtype, copy=False)  # type: ignore[no-any-return]


def dropout_mask(x: Array, p: float, rng: np.random.Generator) -> Array:
    if p == 1:
        return np.zeros_like(x)
    kept = rng.random(x.shape, np.float32) >= p
    scale = min(1 / (1 - p), np.finfo(x.dtype).max.item())  # infinity times 0 would not drop
    return np.multiply(kept, scale, dtype=x.dtype)  # type: ignore[no-any-return]


def update(formula: Any, updates: Iterable[Any]) -> None:
    for p, g, slots, numbers, done in updates:
        dtype, last = accumulation_dtype(p), numbers()
        for p_, g_, *slots_ in _chunks(p, g, *slots):
            wide = [array.astype(dtype, copy=False) for array in (p_, g_)]
            results = _without_subnormals(formula, (*wide, *slots_, *last), dtype)
            for old, new in zip((p_, *slots_), results, strict=True):
                old[...] = new
        done()


def _without_subnormals(formula: Any, arguments: tuple[Any, ...], dtype: Any) -> Sequence[Array]:
    """A formula's results, with 0 for what slots decay to and some processors are slow with."""

    def results() -> Sequence[Array]:
        result = formula(*arguments)
        return result if isinstance(result, tuple) else (result,)

    try:
        return errstate(under="raise")(results)()  # there are none: this costs nothing
    except FloatingPointError:
        return [np.multiply(new, np.abs(new) >= np.finfo(dtype).smallest_normal) for new in results()]


@errstate(all="ignore")  # a sum that overflows does no harm
def all_finite(x: Array) -> bool:
    return bool(np.isfinite(x.sum()))  # one pass


def _masked(x: Array, mask: Array, *, finite: bool) -> Array:
    # A random mask makes np.where several times as slow as a product; but 0 · inf is NaN.
    return x * mask if finite else np.where(mask, x, x.dtype.type(0))


def _nhwc(x: Array) -> Array:
    return x.transpose(0, 2, 3, 1)


def _nchw(x: Array) -> Array:
    return x.transpose(0, 3, 1, 2)


def _rows_together(window: Window, channels: int) -> int:
    """The number of a window's rows in one matrix product: one if they are long and windows share them, else all."""
    KH, KW = window.kernel
    return 1 if window.stride[0] == 1 and KW * channels >= PRODUCT_NUMBERS else KH


def _matrices(w: Array, window: Window, groups: int, dtype: Any) -> Array:
    """Filters (O, C / groups, KH, KW) as the matrices (R · KW · C / groups, O / groups) of each product and group."""
    O, Cg, KH, KW = w.shape
    R = _rows_together(window, Cg)
    grouped = w.astype(dtype, copy=False).reshape(groups, O // groups, Cg, KH // R, R, KW)
    return grouped.transpose(3, 0, 4, 5, 2, 1).reshape(KH // R, groups, R * KW * Cg, O // groups)


def _columns(x: Array, window: Window, groups: int, dtype: Any) -> Iterator[tuple[slice, list[Array]]]:
    """The windows of a few images (N, H, W, C) at a time, as rows of matrices: im2col.

    Yields:
        a slice of the batch, and for each R rows of the kernel the numbers that they meet:
        (groups, OH · n · OW, R · KW · C / groups), in memory that the next ones overwrite.
    """
    N, H, W, C = x.shape
    (OH, OW), (KH, KW), Cg = window.outputs((H, W)), window.kernel, C // groups
    (SH, SW), (DH, DW) = window.stride, window.dilation
    R = _rows_together(window, Cg)
    high = OH + DH * (KH - R)  # a step of 1 from row to row where R is not KH
    n = max(1, min(N, COLUMN_NUMBERS // max(1, high * OW * R * KW * C)))
    HP, WP = window.padded((H, W))
    padded = np.zeros((HP, n, WP, C), dtype)
    memory = np.empty(groups * high * n * OW * R * KW * Cg, dtype)
    h, a, w, c = padded.strides
    strides = (c * Cg, h * SH, a, w * SW, h * DH, w * DW, c)
    valid_rows, valid_columns = window.valid_region()
    for start in range(0, N, n):
        chunk = slice(start, min(start + n, N))
        count = chunk.stop - start
        padded[valid_rows, :count, valid_columns] = x[chunk].swapaxes(0, 1)
        shape = (groups, high, count, OW, R, KW, Cg)
        columns = memory[: prod(shape)].reshape(shape)
        columns[...] = as_strided(padded, shape, strides)
        rows = columns.reshape(groups, high, count * OW, R * KW * Cg)
        yield chunk, [rows[:, i : i + OH].reshape(groups, -1, R * KW * Cg) for i in range(0, DH * KH, DH * R)]


def _placed(n: int, length: int, stride: int, start: int) -> tuple[slice, slice]:
    """Slices of 0 ... length − 1 and of 0 ... n − 1 that put value i at `start + i · stride`, where that exists."""
    first = max(0, -(start // stride))
    count = max(0, min(n, (length - 1 - start) // stride + 1) - first)
    begin = start + first * stride
    return slice(begin, begin + count * stride, stride), slice(first, first + count)


def _padded(x: Array, window: Window, value: float) -> Array:
    """Images (N, C, H, W) with their border, in the same memory order; the images themselves if it is empty."""
    if window.pad == ((0, 0), (0, 0)):
        return x
    image = np.empty_like(x, shape=(*x.shape[:2], *window.padded(x.shape[2:])))
    image.fill(value)
    image[:, :, *window.valid_region()] = x
    return image


def _blank(y: Array, size: Pair, window: Window) -> Array:
    """Zeros for the padded images (N, C, H, W) that y's windows lie in, in y's memory order, to add up in."""
    dtype = _sum_dtype(y, window) if window.overlaps else None
    return np.zeros_like(y, dtype, shape=(*y.shape[:2], *window.padded(size)))


def _sum_dtype(x: Array, window: Window) -> Any:
    """The dtype to add up a window's pixels in, one after the other."""
    return np.float64 if prod(window.kernel) > BLOCK else accumulation_dtype(x)


def _chunks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The same piece of each array, a cache-sized one at a time; as a whole if their memory orders differ."""
    if all(array.flags.c_contiguous for array in arrays):
        flat = [array.reshape(-1) for array in arrays]
        for start in range(0, flat[0].size, CHUNK):
            yield tuple([array[start : start + CHUNK] for array in flat])
    else:
        yield arrays
