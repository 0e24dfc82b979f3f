"""The kernels that are compared most, written out element by element: a second kernel set to hold NumPy's against."""

import numpy as np

from minigrad.backend.numpy_kernels import dropout_mask  # noqa: F401 - chance has no second form
from tests.contracts import loops


def _taps(window, size):
    """(output, kernel element, pixel) of every product within the image."""
    (OH, OW), (KH, KW) = window.outputs(size), window.kernel
    (SH, SW), (DH, DW), ((above, _), (left, _)) = window.stride, window.dilation, window.pad
    for i, j, k, m in np.ndindex(OH, OW, KH, KW):
        h, w = i * SH + k * DH - above, j * SW + m * DW - left
        if 0 <= h < size[0] and 0 <= w < size[1]:
            yield (i, j), (k, m), (h, w)


def _pairs(filters, C, groups):
    """(filter, channel, channel within the group)."""
    Cg = C // groups
    return [(o, o // (filters // groups) * Cg + c, c) for o in range(filters) for c in range(Cg)]


def conv2d(x, w, b, window, groups):
    return loops.conv2d(x, w, b, stride=window.stride, pad=window.pad, dilation=window.dilation, groups=groups)


def conv_transpose2d(y, w, size, window, groups):
    x = np.zeros((len(y), w.shape[1] * groups, *size), y.dtype)
    for (i, j), (k, m), (h, v) in _taps(window, size):
        for o, c, cg in _pairs(len(w), x.shape[1], groups):
            x[:, c, h, v] += y[:, o, i, j] * w[o, cg, k, m]
    return x


def filter_correlation(x, y, window, groups):
    w = np.zeros((y.shape[1], x.shape[1] // groups, *window.kernel), x.dtype)
    for (i, j), (k, m), (h, v) in _taps(window, x.shape[2:]):
        for o, c, cg in _pairs(len(w), x.shape[1], groups):
            w[o, cg, k, m] += (x[:, c, h, v] * y[:, o, i, j]).sum()
    return w


def conv_gradients(gy, x, w, size, window, groups):
    y = pool_scatter(gy.y, gy.argmax, gy.size, gy.window)
    if gy.mask is not None:
        y = np.where(gy.mask, y, y.dtype.type(0))
    gx = None if w is None else conv_transpose2d(y, w, size, window, groups)
    return gx, None if x is None else filter_correlation(x, y, window, groups), y.sum((0, 2, 3))


def max_pool2d(x, window):
    shape = (*x.shape[:2], *window.outputs(x.shape[2:]))
    y, argmax = np.full(shape, np.nan, x.dtype), np.full(shape, -1)
    for (i, j), (k, m), (h, v) in _taps(window, x.shape[2:]):
        for n, c in np.ndindex(x.shape[:2]):
            best, pixel = y[n, c, i, j], x[n, c, h, v]
            if argmax[n, c, i, j] < 0 or pixel > best or (np.isnan(pixel) and not np.isnan(best)):
                y[n, c, i, j], argmax[n, c, i, j] = pixel, k * window.kernel[1] + m
    return y, argmax.astype(np.min_scalar_type(window.kernel[0] * window.kernel[1] - 1))


def conv_relu_pool(x, w, b, window, groups, pool):
    y = conv2d(x, w, b, window, groups)
    maxima, argmax = max_pool2d(np.maximum(y, 0), pool)
    return maxima, y > 0, argmax


def pool_scatter(y, argmax, size, window):
    x = np.zeros((*y.shape[:2], *size), y.dtype)
    for (i, j), (k, m), (h, v) in _taps(window, size):
        x[:, :, h, v] += y[:, :, i, j] * (argmax[:, :, i, j] == k * window.kernel[1] + m)
    return x


def pool_gather(x, argmax, window):
    y = np.zeros(argmax.shape, x.dtype)
    for (i, j), (k, m), (h, v) in _taps(window, x.shape[2:]):
        y[:, :, i, j] += x[:, :, h, v] * (argmax[:, :, i, j] == k * window.kernel[1] + m)
    return y


def window_sum(x, window):
    wide = x.astype(np.result_type(x, np.float32))
    return loops.pool2d(
        wide, window.kernel, stride=window.stride, pad=window.pad, combine=lambda pixels, _: pixels.sum()
    )


def window_broadcast(y, size, window):
    x = np.zeros((*y.shape[:2], *size), y.dtype)
    for (i, j), _, (h, v) in _taps(window, size):
        x[:, :, h, v] += y[:, :, i, j]
    return x


def masked(x, mask):
    y = np.zeros_like(x, order="C")
    for index in np.ndindex(x.shape):
        if mask[index]:
            y[index] = x[index]
    return y


def cross_entropy(logits, targets, weights=None, smoothing=0.0):
    losses, probabilities = np.zeros(len(logits), np.result_type(logits, np.float32)), np.zeros_like(logits, order="C")
    targets = _distributions(targets, logits, smoothing)
    counted = logits if weights is None else np.where(weights[:, None] != 0, logits, 0)
    for n, row in enumerate(counted.astype(np.float64)):
        for c, z in enumerate(row - row.max()):
            total = np.exp(row - row.max()).sum()
            probabilities[n, c] = np.exp(z) / total
            losses[n] += targets[n, c] * (np.log(total) - z) if targets[n, c] else 0
    return losses if weights is None else losses * weights, probabilities


def cross_entropy_gradient(softmax, targets, scale, smoothing):
    gradient = np.zeros_like(softmax, order="C")
    for n, target in enumerate(_distributions(targets, softmax, smoothing)):
        for c, p in enumerate(softmax[n]):
            gradient[n, c] = scale[n] * (p * target.sum() - target[c])
    return gradient


def _distributions(targets, like, smoothing):
    C = like.shape[1]
    if targets.ndim == 2:
        return targets.astype(float) * (1 - smoothing) + smoothing / C
    return np.array([[(1 - smoothing) * (c == label) + smoothing / C for c in range(C)] for label in targets]).reshape(
        -1, C
    )


def update(formula, updates):
    for p, g, slots, numbers, done in updates:
        for i in np.ndindex(p.shape):
            step = slots[0].dtype.type(g[i]) if slots else float(g[i])
            found = formula(p[i], step, *(slot[i] for slot in slots), *numbers())
            for old, new in zip((p, *slots), found if isinstance(found, tuple) else (found,), strict=True):
                old[i] = new
        done()


def matmul(a, b):
    y = np.zeros((len(a), b.shape[1]), a.dtype)
    for k in range(len(b)):
        y += a[:, k : k + 1] * b[k]
    return y


def relu(x):
    y, positive = x.copy(), np.zeros(x.shape, bool)
    for i in np.ndindex(x.shape):
        positive[i] = x[i] > 0
        y[i] = 0 if x[i] <= 0 else x[i]  # noqa: FURB136 - of 0 and NaN, max gives 0
    return y, positive


def contiguous(x):
    return np.array(x, order="C")


def channel_sum(x):
    return np.array([x[:, c].sum(dtype=np.float64) for c in range(x.shape[1])], x.dtype)
