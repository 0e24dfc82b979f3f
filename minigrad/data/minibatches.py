"""Minibatches: a data set in small shuffled pieces, and labels as one-hot rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import Array, device_of, is_array, to_device, to_numpy, xp_of
from minigrad.core import config
from minigrad.data.dataset import Dataset

Batch = tuple[Array, Array]

Augmentation = Callable[[Array, np.random.Generator], Array]
"""Changes a minibatch's images x at random, with the numbers of a generator."""


def batches(
    dataset: Dataset,
    batch_size: int,
    *,
    shuffle: bool = True,
    drop_last: bool = False,
    rng: np.random.Generator | None = None,
) -> Batches:
    """Cut a data set into minibatches.

    Args:
        dataset: the data set to go through.
        batch_size: examples in a minibatch; the last one of a pass may have fewer.
        shuffle: take each pass in a new random order.
        drop_last: leave out a pass's last minibatch if it has fewer examples.
        rng: the generator that shuffles; by default the context's when a pass starts (`minigrad.seed`).
    Returns:
        minibatches (x, t) for a `for` loop, or one after the other: x float32 (batch_size, C, H, W) in [0, 1], t int64
        (batch_size,). Each loop is a pass of its own; `len` says how many minibatches a pass has.
    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a number is out of range, or there is no minibatch to take.

    >>> five = Dataset(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5))
    >>> minibatches = batches(five, 2, shuffle=False)
    >>> for epoch in range(2):
    ...     print(len(minibatches), [t.tolist() for x, t in minibatches])
    3 [[0, 1], [2, 3], [4]]
    3 [[0, 1], [2, 3], [4]]
    """
    if not isinstance(dataset, Dataset):
        several = isinstance(dataset, tuple) and all(isinstance(part, Dataset) for part in dataset)
        advice = "train, test = data.mnist()" if several else "data.Dataset(images, labels)"
        raise TypeError(f"batches: dataset must be a Dataset, not {type(dataset).__name__}; write {advice}")
    checks.optional_generator("batches", "rng", rng)
    checks.integer("batches", "batch_size", batch_size)
    checks.boolean("batches", "shuffle", shuffle)
    checks.boolean("batches", "drop_last", drop_last)
    if len(dataset) < (batch_size if drop_last else 1):
        options = f"batch_size={batch_size}, drop_last={drop_last}"
        raise ValueError(f"batches: {len(dataset)} examples make no minibatch; {options}, {dataset}")
    return Batches(dataset, batch_size, shuffle, drop_last, rng)


@dataclass(frozen=True, eq=False)
class Batches:
    """The minibatches of a data set, made by `batches`; each iteration draws an order of its own when it starts."""

    dataset: Dataset
    batch_size: int
    shuffle: bool
    drop_last: bool
    rng: np.random.Generator | None
    augmentations: tuple[Augmentation, ...] = ()

    def augment(self, *augmentations: Augmentation) -> Batches:
        """These minibatches with their images changed at random, by one augmentation after the other."""
        for augmentation in augmentations:
            if not callable(augmentation):
                raise TypeError(f"augment: an augmentation must be callable as f(x, rng), not {augmentation!r}")
        return replace(self, augmentations=(*self.augmentations, *augmentations))

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Batch]:
        generator = config.generator() if self.rng is None else self.rng
        order = generator.permutation(len(self.dataset)) if self.shuffle else np.arange(len(self.dataset))
        order = to_device(order, device_of(self.dataset.images))  # once, not for each minibatch
        seed = int(generator.integers(2**63)) if self.augmentations else 0
        for i in range(len(self)):
            x, t = self.dataset[order[i * self.batch_size : (i + 1) * self.batch_size]]
            if self.augmentations:
                rng = np.random.default_rng([seed, i])  # the minibatch's own: who makes it, and when, changes nothing
                for augmentation in self.augmentations:
                    x = augmentation(x, rng)
            yield x, t


def one_hot(labels: Any, classes: int) -> Array:
    """Labels, ints (N,) in 0 to classes − 1, as rows, float32 (N, classes), that are 1 at the label and 0 elsewhere.

    Raises:
        TypeError: labels or classes are no ints.
        ValueError: a label is out of range, or labels have another number of dimensions than 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = labels if is_array(labels) else np.asarray(labels)
    checks.integer("one_hot", "classes", classes)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be ints, not {labels.dtype}; labels {labels.shape}")
    if labels.ndim != 1:
        raise ValueError(f"one_hot: labels must be (N,); labels {labels.shape} {labels.dtype}")
    numbers = to_numpy(labels)
    wrong = (numbers < 0) | (numbers >= classes)
    if wrong.any():
        row = int(wrong.argmax())
        known = f"there are {classes} classes (0 to {classes - 1})"
        raise ValueError(f"one_hot: labels[{row}] is {numbers[row]}, but {known}")
    return (xp_of(labels).arange(classes) == labels[:, None]).astype(np.float32)
