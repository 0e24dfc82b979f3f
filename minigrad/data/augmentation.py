"""Augmentations: random changes of images that leave their labels true, drawn anew for each minibatch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minigrad import checks
from minigrad.backend import Array, device_of, to_device, xp_of


@dataclass(frozen=True)
class RandomShift:
    """Moves each image by whole pixels, up to `pixels` up or down and left or right; zeros come in from the edge.

    Called with x, (N, C, H, W), and the generator to draw from, it returns an array of x's shape and dtype.

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
        (N, C, H, W), m, xp = x.shape, self.pixels, xp_of(x)
        first = rng.integers(0, 2 * m + 1, (2, N, 1))  # of each image's rows and columns, in the padded image
        rows, columns = (to_device(start + np.arange(n), device_of(x)) for start, n in zip(first, (H, W), strict=True))
        padded = xp.pad(x, ((0, 0), (0, 0), (m, m), (m, m)))  # (N, C, H + 2m, W + 2m)
        n, c = xp.arange(N)[:, None, None, None], xp.arange(C)[:, None, None]
        shifted: Array = padded[n, c, rows[:, None, :, None], columns[:, None, None, :]]  # (N, C, H, W)
        return shifted
