"""A labelled set of images in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.backend import Array, device_of, is_array, to_device, to_numpy, xp_of
from minigrad.backend.placement import own_key

Index: TypeAlias = Any
"""An int, a slice, or a 1-D array of ints or bools."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and their labels, as they are stored; indexing gives them as a model takes them, where they are.

    Attributes:
        images: uint8, (N, C, H, W); IDX files have C = 1.
        labels: int64, (N,), from 0 up.

    Raises:
        TypeError: images or labels are no arrays, or of another type.
        ValueError: a wrong number of dimensions, different lengths or devices, or a negative label.

    >>> digits = Dataset(np.full((3, 1, 2, 2), 51, np.uint8), np.array([7, 0, 7]))
    >>> x, t = digits[1:]
    >>> x.shape, x.max(), t
    ((2, 1, 2, 2), np.float32(0.2), array([0, 7]))
    """

    images: Array
    labels: Array

    def __post_init__(self) -> None:
        for name, array, dtype, advice in (
            ("images", self.images, "uint8", "images.astype(np.uint8), of 255 * images if they are in [0, 1]"),
            ("labels", self.labels, "int64", "labels.astype(np.int64)"),
        ):
            if not is_array(array):
                given = f"{type(array).__name__}; write np.array({name}, np.{dtype})"
                raise TypeError(f"Dataset: {name} must be an array, not {given}")
            if array.dtype != dtype:
                given = f"{array.dtype}; {name} {array.shape} {array.dtype}; write {advice}"
                raise TypeError(f"Dataset: {name} must be {dtype}, not {given}")
        shapes = f"images {self.images.shape}, labels {self.labels.shape}"
        if self.images.ndim != 4:
            advice = "images[:, None]" if self.images.ndim == 3 else "images.reshape(-1, C, H, W)"
            raise ValueError(f"Dataset: images must be (N, C, H, W); {shapes}; write {advice}")
        if self.labels.ndim != 1:
            raise ValueError(f"Dataset: labels must be (N,); {shapes}; of one-hot rows write labels.argmax(1)")
        if len(self.images) != len(self.labels):
            raise ValueError(f"Dataset: {len(self.images)} images but {len(self.labels)} labels; {shapes}")
        if (there := device_of(self.images)) != device_of(self.labels):
            where = f"images are on {there}, labels on {device_of(self.labels)}"
            raise ValueError(f'Dataset: {where}; move a whole set with dataset.to("cuda") or .to("cpu")')
        labels = to_numpy(self.labels)
        if len(self) > 0 and labels.min() < 0:
            row = int(labels.argmin())
            raise ValueError(f"Dataset: labels[{row}] is {labels[row]}, but labels start at 0")

    def __repr__(self) -> str:
        images, labels = (f"{array.shape} {array.dtype}" for array in (self.images, self.labels))
        return f"Dataset(images {images}, labels {labels})"

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: str) -> Dataset:
        """This data set on `device` ("cpu", "cuda", "cuda:1"), from which its minibatches come then."""
        return Dataset(to_device(self.images, device), to_device(self.labels, device))

    def __getitem__(self, index: Index) -> tuple[Array, Any]:
        """Copies of the examples at `index`, an int, a slice, an array of ints or a mask of bools.

        Returns:
            x, float32 (n, C, H, W) in [0, 1], and t, int64 (n,); of an int, one example's x (C, H, W) and its label.
        """
        one = isinstance(index, int | np.integer) and not isinstance(index, bool)
        many = is_array(index) and index.ndim == 1 and index.dtype.kind in "iub"
        if not (one or many or isinstance(index, slice)):
            wanted = "an int, a slice, or a 1-D array of ints or bools"
            raise TypeError(f"Dataset[index]: index must be {wanted}, not {index!r}")
        try:
            key = own_key((index,), self.images)
            images, labels = self.images[key], self.labels[key]
        except IndexError as error:
            raise IndexError(f"{self}: {error}") from None
        return xp_of(images).divide(images, np.float32(255), dtype=np.float32), labels.copy()

    def split(self, n: int) -> tuple[Dataset, Dataset]:
        """The first `n` examples and the rest, as views."""
        if not 0 <= checks.integer("split", "n", n, least=None) <= len(self):
            raise ValueError(f"split: n must be in 0 to {len(self)}, not {n}; {self}")
        return Dataset(self.images[:n], self.labels[:n]), Dataset(self.images[n:], self.labels[n:])

    @property
    def classes(self) -> int:
        """The number of classes: the largest label + 1."""
        return int(to_numpy(self.labels).max(initial=-1)) + 1
