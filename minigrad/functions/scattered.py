"""ScatteredGradient: what comes back through a max-pooling, mostly zeros that nobody writes unless asked to."""

from __future__ import annotations

from minigrad.backend import Array
from minigrad.backend.kernels import kernels_of
from minigrad.backend.scattered import Scattered
from minigrad.function import Spec
from minigrad.variable import Variable


class ScatteredGradient(Variable):
    """A constant whose array is made when somebody asks for it: a ReLU and a convolution, met next, do not."""

    def __init__(self, scattered: Scattered) -> None:
        self.scattered = scattered
        self._images: Array | None = None

    @property
    def data(self) -> Array:
        """The images, with all their zeros."""
        if self._images is None:
            self._images = self.scattered.images(kernels_of(self.scattered.y))
        return self._images

    @property
    def output(self) -> Spec:
        """Shape and dtype, without the images."""
        y = self.scattered.y
        return (*y.shape[:2], *self.scattered.size), y.dtype

    def masked(self, mask: Array) -> Variable:
        """The gradient where the mask holds, else 0."""
        if self.scattered.mask is not None:
            mask = mask & self.scattered.mask
        return ScatteredGradient(self.scattered._replace(mask=mask))
