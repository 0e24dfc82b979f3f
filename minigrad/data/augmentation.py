"""Augmentations: random changes of images that leave their labels true, drawn anew for each minibatch.

Each is called with x, floats (N, C, H, W), and the generator to draw from, and returns an array of x's shape, dtype and
device; x itself stays as it is. All channels of an image are changed alike, but for noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minigrad import checks
from minigrad.backend import Array, device_of, format_array, is_array, to_device, xp_of


@dataclass(frozen=True)
class RandomShift:
    """Moves each image by whole pixels, up to `pixels` up or down and left or right; zeros come in from the edge.

    >>> x = np.ones((1, 1, 2, 4), np.float32)
    >>> RandomShift(pixels=1)(x, np.random.default_rng(0))
    array([[[[1., 1., 1., 1.],
             [0., 0., 0., 0.]]]], dtype=float32)
    """

    pixels: int

    def __post_init__(self) -> None:
        checks.integer("RandomShift", "pixels", self.pixels, least=0)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """The images x moved, with numbers drawn from `rng`."""
        (N, C, H, W), m = images_shape("RandomShift", x), self.pixels
        top, left = to_device(rng.integers(0, 2 * m + 1, (2, N)), device_of(x))  # of each image, in the framed one
        framed = xp_of(x).zeros((N, C, H + 2 * m, W + 2 * m), x.dtype)
        framed[:, :, m : m + H, m : m + W] = x
        n, c, h, w = framed.strides
        cuts = xp_of(x).lib.stride_tricks.as_strided(framed, (N, 2 * m + 1, 2 * m + 1, C, H, W), (n, h, w, c, h, w))
        shifted: Array = cuts[xp_of(x).arange(N), top, left]  # (N, C, H, W)
        return shifted


@dataclass(frozen=True)
class RandomNoise:
    """Adds to each number one drawn from N(0, std²).

    >>> RandomNoise(std=0.1)(np.zeros((1, 1, 1, 2), np.float32), np.random.default_rng(0)).round(3)
    array([[[[ 0.112, -0.139]]]], dtype=float32)
    """

    std: float

    def __post_init__(self) -> None:
        checks.not_negative("RandomNoise", "std", self.std)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """The images x with noise, drawn from `rng`."""
        noise = rng.standard_normal(images_shape("RandomNoise", x), np.float32) * np.float32(self.std)
        return x + to_device(noise.astype(x.dtype), device_of(x))


@dataclass(frozen=True)
class Cutout:
    """Sets a square of `size` by `size` pixels of each image to zero.

    Its middle may be any pixel, so that a part of the square, or most of it, may lie beyond the edge.

    Source: DeVries & Taylor 2017, "Improved Regularization of Convolutional Neural Networks with Cutout",
    https://arxiv.org/abs/1708.04552.

    >>> Cutout(size=2)(np.ones((1, 1, 3, 4), np.float32), np.random.default_rng(0))
    array([[[[1., 1., 1., 1.],
             [1., 0., 0., 1.],
             [1., 0., 0., 1.]]]], dtype=float32)
    """

    size: int

    def __post_init__(self) -> None:
        checks.integer("Cutout", "size", self.size)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """The images x, each without a square that is drawn from `rng`."""
        N, _, H, W = images_shape("Cutout", x)
        rows, columns = (_covered(rng.integers(0, n, (N, 1)), self.size, n) for n in (H, W))  # (N, H), (N, W)
        hidden = rows[:, None, :, None] & columns[:, None, None, :]  # (N, 1, H, W)
        return xp_of(x).where(to_device(hidden, device_of(x)), x.dtype.type(0), x)


def _covered(middles: Array, size: int, n: int) -> Array:
    """Which of `n` pixels in a row lie in the `size` pixels around each middle."""
    first = middles - size // 2
    return (first <= np.arange(n)) & (np.arange(n) < first + size)


def images_shape(owner: str, x: Array) -> tuple[int, int, int, int]:
    """The shape of images; a TypeError or ValueError if x are none."""
    if not is_array(x) or x.dtype.kind != "f":
        given = f"{x.dtype}" if is_array(x) else type(x).__name__
        raise TypeError(f"{owner}: x must be an array of floats, not {given}")
    if x.ndim != 4:
        raise ValueError(f"{owner}: x must be (N, C, H, W), not {format_array(x)}")
    N, C, H, W = x.shape
    return N, C, H, W
