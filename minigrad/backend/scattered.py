"""Scattered: images that are zero but where each window's winner was, with the zeros left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minigrad.backend import Array
from minigrad.backend.windows import Pair, Window

if TYPE_CHECKING:
    from minigrad.backend.kernels import Kernels


class Scattered(NamedTuple):
    """What comes back through a max-pooling, and perhaps a ReLU before it.

    Attributes:
        y: what is at the argmax, (N, C, OH, OW).
        argmax: which element of each window that is, likewise.
        window: the pooling's.
        size: (H, W) of the images.
        mask: where else than there they are zero, too, (N, C, H, W); or None.
    """

    y: Array
    argmax: Array
    window: Window
    size: Pair
    mask: Array | None = None

    def masked(self, mask: Array) -> Scattered:
        """The same where the mask holds, else 0."""
        return self._replace(mask=mask if self.mask is None else mask & self.mask)

    def images(self, kernels: Kernels) -> Array:
        """With the zeros: (N, C, H, W)."""
        x = kernels.pool_scatter(self.y, self.argmax, self.size, self.window)
        return x if self.mask is None else kernels.masked(x, self.mask)
