"""Normalization by the mean and the standard deviation of a training set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from minigrad import checks
from minigrad.backend import Array, accumulation_dtype, device_of, format_array, is_array, xp_of
from minigrad.core import config
from minigrad.core.variable import Variable
from minigrad.data.dataset import Dataset
from minigrad.data.minibatches import Part
from minigrad.nn.module import Buffer, Module

CHUNK = 1000
"""Examples read at a time: the floats of a whole set would take four times the memory of its bytes."""


class Normalization(Module):
    """Subtracts a mean and divides by a standard deviation, both fixed: a layer whose buffers are saved with the model.

    An array gives an array and a Variable a Variable, of the same dtype. So it is the first layer of a model, or a
    function for `batches(...).map(normalization, part=0)`.

    Args:
        mean: an array that broadcasts with the input, such as (C, 1, 1) for images.
        std: likewise; where it is 0, the mean alone is subtracted.

    >>> normalization = Normalization.fit(Dataset(np.array([[0.0, 5.0], [4.0, 5.0]])))
    >>> normalization(np.array([[6.0, 6.0]]))
    array([[2., 1.]])
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean, self.std = Buffer(mean), Buffer(std)
        if self.mean.shape != self.std.shape or self.mean.dtype.kind != "f" or self.std.dtype.kind != "f":
            given = f"{format_array(self.mean.data)} and {format_array(self.std.data)}"
            raise ValueError(f"Normalization: mean and std must be floats of one shape, not {given}")

    @classmethod
    def fit(cls, dataset: Dataset, *, part: Part = None, per_channel: bool = True) -> Self:
        """The Normalization that gives a training set the mean 0 and the standard deviation 1.

        Args:
            dataset: the training set; what is validated and tested on stays out of it.
            part: the array that is to be normalized: its place in the tuple, by default 0, or its name in the dict.
            per_channel: for each channel of (N, C, ...), or each feature of (N, C), by itself; otherwise for all
                numbers together.
        """
        if not isinstance(dataset, Dataset):
            raise TypeError(f"Normalization.fit: dataset must be a Dataset, not {type(dataset).__name__}")
        checks.boolean("Normalization.fit", "per_channel", per_channel)
        read = _reader(dataset, part)
        shape = read(slice(0)).shape[1:]
        if len(dataset) == 0 or 0 in shape:
            raise ValueError(f"Normalization.fit: there are no numbers in {dataset}")
        kept = per_channel and len(shape) > 0
        axes = (0, *range(2, len(shape) + 1)) if kept else tuple(range(len(shape) + 1))
        statistics = (shape[0], *[1] * (len(shape) - 1)) if kept else ()
        count = len(dataset) * int(np.prod(shape[1:] if kept else shape))
        mean = _total(dataset, lambda rows: read(rows).sum(axes, dtype=np.float64)) / count
        mean = mean.reshape(statistics)
        variance = _total(dataset, lambda rows: ((read(rows) - mean) ** 2).sum(axes, dtype=np.float64)) / count
        variance = variance.reshape(statistics)
        rounding = (count * np.finfo(np.float64).eps * mean) ** 2  # what numbers that are all alike may come to
        std = xp_of(mean).sqrt(xp_of(mean).where(variance > rounding, variance, 0))
        return cls(*(x.astype(config.float_type()) for x in (mean, std)))

    def forward(self, x: Array | Variable) -> Array | Variable:
        """(x − mean) / std."""
        if not isinstance(x, Variable) and not is_array(x):
            raise TypeError(f"Normalization: x must be an array or a Variable, not {type(x).__name__}")
        here, there = device_of(x.data if isinstance(x, Variable) else x), self.mean.device
        if here != there:
            raise ValueError(f'Normalization: x is on {here}, mean and std on {there}; move them by .to("{here}")')
        dtype = x.dtype if x.dtype.kind == "f" else config.float_type()
        mean, std = (buffer.data.astype(accumulation_dtype(dtype), copy=False) for buffer in (self.mean, self.std))
        std = xp_of(std).where(std > 0, std, std.dtype.type(1))
        y = (x - mean) / std
        return y if y.dtype == dtype else y.astype(dtype)

    def extra_repr(self) -> str:
        """The statistics' shape."""
        return f"{self.mean.shape}"


def _reader(dataset: Dataset, part: Part) -> Callable[[slice], Array]:
    arrays = dataset.arrays
    if part is None and isinstance(arrays, dict):
        raise TypeError(f"Normalization.fit: which array? write part=, one of {list(arrays)}")
    place = 0 if part is None and isinstance(arrays, tuple) else part
    return lambda rows: dataset[rows] if place is None else dataset[rows][place]


def _total(dataset: Dataset, of: Callable[[slice], Array]) -> Array:
    """The sum of what is found in pieces of a data set."""
    return sum(of(slice(start, start + CHUNK)) for start in range(0, len(dataset), CHUNK))
