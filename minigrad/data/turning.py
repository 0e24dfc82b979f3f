"""Augmentations that turn and zoom images, whose new pixels lie between the old ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigrad import checks
from minigrad.backend import Array, device_of, to_device, xp_of
from minigrad.data.augmentation import images_shape


@dataclass(frozen=True)
class RandomRotation:
    """Turns each image about its middle, by up to `degrees` either way; zeros come in at the corners.

    A new pixel is mixed of the four old ones around the place that it comes from (bilinear interpolation).

    >>> x = np.zeros((1, 1, 3, 3), np.float32)
    >>> x[..., 0] = 1
    >>> RandomRotation(degrees=60)(x, np.random.default_rng(0)).round(1)
    array([[[[0.5, 0. , 0. ],
             [1. , 0. , 0. ],
             [0.8, 0.3, 0. ]]]], dtype=float32)
    """

    degrees: float

    def __post_init__(self) -> None:
        checks.not_negative("RandomRotation", "degrees", self.degrees)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """The images x turned, by angles drawn from `rng`."""
        N, _, _, _ = images_shape("RandomRotation", x)
        angle = np.radians(rng.uniform(-self.degrees, self.degrees, N))
        cos, sin = np.cos(angle), np.sin(angle)
        return _moved(x, np.stack([cos, sin, -sin, cos], 1).reshape(N, 2, 2))


@dataclass(frozen=True)
class RandomZoom:
    """Makes each image larger or smaller about its middle, up to `factor` times either way; zeros come in at the edge.

    The logarithm of the zoom is drawn evenly, so that 1/z is as likely as z. A new pixel is mixed of the four old ones
    around the place that it comes from (bilinear interpolation).

    Args:
        factor: 1 or more; 1.2 draws from 1/1.2 to 1.2.

    >>> RandomZoom(factor=2)(np.ones((1, 1, 3, 3), np.float32), np.random.default_rng(2)).round(1)
    array([[[[0.4, 0.6, 0.4],
             [0.6, 1. , 0.6],
             [0.4, 0.6, 0.4]]]], dtype=float32)
    """

    factor: float

    def __post_init__(self) -> None:
        if checks.number("RandomZoom", "factor", self.factor) < 1:
            raise ValueError(f"RandomZoom: factor must be at least 1, not {self.factor}; 1.2 zooms from 1/1.2 to 1.2")

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """The images x zoomed, by factors drawn from `rng`."""
        N, _, _, _ = images_shape("RandomZoom", x)
        most = math.log(self.factor)
        zoom = np.exp(rng.uniform(-most, most, N))
        return _moved(x, np.eye(2) / zoom[:, None, None])


def _moved(x: Array, matrices: npt.NDArray[np.float64]) -> Array:
    """Images whose pixel at (row, column) from the middle is what x has at `matrix · (row, column)`; zero outside."""
    N, C, H, W = x.shape
    xp, here, beside = xp_of(x), device_of(x), 2  # zeros beside the image: a place outside lies between them
    row, column = np.arange(H)[:, None] - (H - 1) / 2, np.arange(W) - (W - 1) / 2
    a, b, c, d = matrices.reshape(N, 4).T[:, :, None, None]  # (N, 1, 1) each
    places = np.stack([a * row + b * column + (H - 1) / 2, c * row + d * column + (W - 1) / 2])  # (2, N, H, W)
    corners = np.floor(places)
    down, right = to_device((places - corners).astype(x.dtype), here)[:, :, None]  # (N, 1, H, W) each
    rows, columns = (np.clip(corner, -beside, n) + beside for corner, n in zip(corners, (H, W), strict=True))
    width = W + 2 * beside
    padded = xp.pad(x, ((0, 0), (0, 0), (beside, beside), (beside, beside)))  # (N, C, H + 4, W + 4)
    images = xp.arange(N * C).reshape(N, C, 1, 1) * (padded.shape[2] * width)  # where each one begins
    at = images + to_device((rows * width + columns).astype(np.int64), here)[:, None]  # (N, C, H, W)
    pixels = padded.reshape(-1)
    upper = pixels[at] * (1 - right) + pixels[at + 1] * right
    lower = pixels[at + width] * (1 - right) + pixels[at + width + 1] * right
    mixed: Array = upper * (1 - down) + lower * down
    return mixed
