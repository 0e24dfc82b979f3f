"""A labelled set of images in memory."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from minigrad.backend import Array, device_of, is_array, to_numpy, xp_of
from minigrad.data.dataset import Dataset, Index, copied


class LabelledImages(Dataset):
    """Images and their labels, as they are stored; indexing gives them as a model takes them, where they are.

    Args:
        images: uint8, (N, C, H, W); IDX files have C = 1.
        labels: int64, (N,), from 0 up.

    Raises:
        TypeError: images or labels are no arrays, or of another type.
        ValueError: a wrong number of dimensions, different lengths or devices, or a negative label.

    >>> digits = LabelledImages(np.full((3, 1, 2, 2), 51, np.uint8), np.array([7, 0, 7]))
    >>> x, t = digits[1:]
    >>> x.shape, x.max(), t
    ((2, 1, 2, 2), np.float32(0.2), array([0, 7]))
    """

    def __init__(self, images: Array, labels: Array) -> None:
        super().__init__(images, labels)

    def _check(self) -> None:
        for name, array, dtype, advice in (
            ("images", self.images, "uint8", "images.astype(np.uint8), of 255 * images if they are in [0, 1]"),
            ("labels", self.labels, "int64", "labels.astype(np.int64)"),
        ):
            if not is_array(array):
                given = f"{type(array).__name__}; write np.array({name}, np.{dtype})"
                raise TypeError(f"LabelledImages: {name} must be an array, not {given}")
            if array.dtype != dtype:
                given = f"{array.dtype}; {name} {array.shape} {array.dtype}; write {advice}"
                raise TypeError(f"LabelledImages: {name} must be {dtype}, not {given}")
        shapes = f"images {self.images.shape}, labels {self.labels.shape}"
        if self.images.ndim != 4:
            advice = "images[:, None]" if self.images.ndim == 3 else "images.reshape(-1, C, H, W)"
            raise ValueError(f"LabelledImages: images must be (N, C, H, W); {shapes}; write {advice}")
        if self.labels.ndim != 1:
            raise ValueError(f"LabelledImages: labels must be (N,); {shapes}; of one-hot rows write labels.argmax(1)")
        if len(self.images) != len(self.labels):
            raise ValueError(f"LabelledImages: {len(self.images)} images but {len(self.labels)} labels; {shapes}")
        if (there := device_of(self.images)) != device_of(self.labels):
            where = f"images are on {there}, labels on {device_of(self.labels)}"
            raise ValueError(f'LabelledImages: {where}; move a whole set with dataset.to("cuda") or .to("cpu")')
        labels = to_numpy(self.labels)
        if len(labels) > 0 and labels.min() < 0:
            row = int(labels.argmin())
            raise ValueError(f"LabelledImages: labels[{row}] is {labels[row]}, but labels start at 0")

    def __repr__(self) -> str:
        images, labels = (f"{array.shape} {array.dtype}" for array in (self.images, self.labels))
        return f"LabelledImages(images {images}, labels {labels})"

    @property
    def images(self) -> Array:
        """The images as they are stored: uint8, (N, C, H, W)."""
        return self._arrays[0]

    @property
    def labels(self) -> Array:
        """The labels: int64, (N,)."""
        return self._arrays[1]

    @property
    def classes(self) -> int:
        """The number of classes: the largest label + 1."""
        return int(to_numpy(self.labels).max(initial=-1)) + 1

    def __getitem__(self, index: Index) -> tuple[Array, Any]:
        """Copies of the examples at `index`, an int, a slice, an array of ints or a mask of bools.

        Returns:
            x, float32 (n, C, H, W) in [0, 1], and t, int64 (n,); of an int, one example's x (C, H, W) and its label.
        """
        x, t = self._rows("LabelledImages[index]", index, _scaled_images)
        return x, t

    def stratified_split(
        self, n: int, *, labels: Array | None = None, rng: np.random.Generator | None = None
    ) -> tuple[Self, Self]:
        """`n` examples drawn at random and the rest, each class in both in the same proportion: see Dataset's."""
        return super().stratified_split(n, labels=self.labels if labels is None else labels, rng=rng)


def _scaled_images(array: Array, key: Any) -> Array:
    """The rows at the key: of images, which are bytes, divided by 255."""
    if array.dtype == np.uint8:
        return xp_of(array).divide(array[key], np.float32(255), dtype=np.float32)
    return copied(array, key)
