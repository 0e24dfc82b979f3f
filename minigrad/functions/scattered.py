"""ScatteredGradient: what comes back through a max-pooling, mostly zeros that nobody writes unless asked to."""

from __future__ import annotations

from typing import Any

from minigrad.backend import Array
from minigrad.backend.kernels import kernels_of
from minigrad.backend.scattered import Scattered
from minigrad.core.function import Spec
from minigrad.core.variable import Variable


class ScatteredGradient(Variable):
    """A constant whose array is made when somebody asks for it, and counts alone from then on."""

    def __init__(self, scattered: Scattered) -> None:
        self._scattered: Scattered | None = scattered
        self._images: Array | None = None

    @property
    def data(self) -> Array:
        """The images, with all their zeros."""
        if self._scattered is not None:
            self._images, self._scattered = self._scattered.images(kernels_of(self._scattered.y)), None
        return self._images

    @data.setter
    def data(self, images: Array) -> None:
        self._images, self._scattered = images, None

    @property
    def output(self) -> Spec:
        """Shape and dtype, without the images."""
        if self._scattered is None:
            return super().output
        y = self._scattered.y
        return (*y.shape[:2], *self._scattered.size), y.dtype

    def __reduce__(self) -> tuple[Any, ...]:
        return self.detach().__reduce__()


def without_zeros(gradient: Variable) -> Scattered | None:
    """What a gradient is, if it came back through a max-pooling and nobody has asked for its array."""
    return gradient._scattered if isinstance(gradient, ScatteredGradient) else None


def numbers_of(gradient: Variable) -> Array:
    """A gradient's array to be read by who looks on; the gradient does not become that array by it."""
    scattered = without_zeros(gradient)
    return gradient.data if scattered is None else scattered.images(kernels_of(scattered.y))
