"""Kernels that are written with other kernels, or with whatever computes on an array: for sets without their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import Array, xp_of
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair

if TYPE_CHECKING:
    from minigrad.backend.kernels import Kernels


def conv_relu_pool(kernels: Kernels, x: Array, w: Array, b: Array | None, *windows: Any) -> tuple[Array, Array, Array]:
    window, groups, pool = windows
    images, positive = kernels.relu(kernels.conv2d(x, w, b, window, groups))
    y, argmax = kernels.max_pool2d(images, pool)
    return y, positive, argmax


def conv_gradients(
    kernels: Kernels, gy: SparseImages, x: Array | None, w: Array | None, size: Pair, *convolution: Any
) -> tuple[Array | None, Array | None, Array]:
    y = gy.dense(kernels)
    return (
        None if w is None else kernels.conv_transpose2d(y, w, size, *convolution),
        None if x is None else kernels.filter_correlation(x, y, *convolution),
        kernels.channel_sum(y),
    )


def batch_norm(kernels: Kernels, x: Array, w: Array | None, b: Array | None, eps: float) -> tuple[Array, Array]:
    n, shape = x.size // x.shape[1], (1, -1, *[1] * (x.ndim - 2))
    mean = kernels.channel_sum(x) / n
    distance = x - mean.reshape(shape)
    error = kernels.channel_sum(distance) / n  # the mean was rounded: a constant channel would have a variance
    distance -= error.reshape(shape)
    variance = kernels.channel_sum(distance * distance) / n
    factor = (variance + eps) ** -0.5
    distance *= (factor if w is None else factor * w).reshape(shape)
    if b is not None:
        distance += b.reshape(shape)
    return distance, xp_of(x).stack([mean, error, variance])


def batch_norm_gradients(
    kernels: Kernels, gy: Array, x: Array, w: Array | None, statistics: Array, eps: float
) -> tuple[Array, Array, Array]:
    n, shape = x.size // x.shape[1], (1, -1, *[1] * (x.ndim - 2))
    mean, error, variance = statistics.reshape(3, *shape)
    inverse = (variance + eps) ** -0.5
    z = (x - mean - error) * inverse
    gw, gb = kernels.channel_sum(gy * z), kernels.channel_sum(gy)
    gx = gy - gb.reshape(shape) / n - z * (gw.reshape(shape) / n)
    gx *= inverse if w is None else inverse * w.reshape(shape)
    return gx, gw, gb


def affine_transform(_: Kernels, x: Array, matrices: Array) -> Array:
    N, C, H, W = x.shape
    xp, frame = xp_of(x), 2  # two zeros beside it: a place outside lies between them
    size = xp.array([[H], [W]])
    here = xp.indices((H, W)).reshape(2, -1) - (size - 1) / 2  # (2, H · W), from the middle
    there = matrices.astype(np.float64) @ here + (size - 1) / 2 + frame  # (N, 2, H · W)
    there = xp.clip(there, 0, size + frame)
    corners = there.astype(np.int32)
    down, right = (there - corners).astype(x.dtype).transpose(1, 0, 2)[:, :, None]
    row, column = corners.transpose(1, 0, 2)[:, :, None]  # (N, 1, H · W) each, as down and right
    framed = xp.zeros((N, C, H + 2 * frame, W + 2 * frame), x.dtype)
    framed[:, :, frame : frame + H, frame : frame + W] = x
    width = framed.shape[3]
    first = xp.arange(0, framed.size, framed.shape[2] * width).reshape(N, C, 1)  # of each image
    at, pixels = first + (row * width + column), framed.reshape(-1)  # (N, C, H · W)
    upper, upper_right, lower, lower_right = (pixels[step:].take(at) for step in (0, 1, width, width + 1))
    upper += (upper_right - upper) * right
    lower += (lower_right - lower) * right
    mixed: Array = (upper + (lower - upper) * down).reshape(x.shape)
    return mixed


COMPOSED: dict[str, Callable[..., Any]] = {
    kernel.__name__: kernel
    for kernel in (conv_relu_pool, conv_gradients, batch_norm, batch_norm_gradients, affine_transform)
}
"""Each is given the kernel set first."""
