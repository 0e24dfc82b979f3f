"""SparseImages: images that are zero but at the argmax of each window, with the zeros left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minigrad.backend import Array
from minigrad.backend.windows import Pair, Window

if TYPE_CHECKING:
    from minigrad.backend.kernels import Kernels


class SparseImages(NamedTuple):
    """The gradient behind a max-pooling, and perhaps a ReLU before it.

    Attributes:
        y: the gradient of the pooling's output, (N, C, OH, OW).
        argmax: the element of its window at which each of them is, (N, C, OH, OW).
        window: the pooling's.
        size: (H, W) of the images.
        mask: False where the ReLU made them zero, (N, C, H, W); or None.
    """

    y: Array
    argmax: Array
    window: Window
    size: Pair
    mask: Array | None = None

    def dense(self, kernels: Kernels) -> Array:
        """The images with their zeros: (N, C, H, W)."""
        x = kernels.pool_scatter(self.y, self.argmax, self.size, self.window)
        return x if self.mask is None else kernels.masked(x, self.mask)
