"""Augmentations that turn and zoom images, whose new pixels lie between the old ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigrad import checks
from minigrad.backend import Array, accumulation_dtype, device_of, to_device
from minigrad.backend.kernels import kernels_of
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
        return _transformed(x, np.stack([cos, sin, -sin, cos], 1).reshape(N, 2, 2))


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
        return _transformed(x, np.eye(2) / zoom[:, None, None])


def _transformed(x: Array, matrices: npt.NDArray[np.float64]) -> Array:
    return kernels_of(x).affine_transform(x, to_device(matrices.astype(accumulation_dtype(x)), device_of(x)))
