"""Minibatches: a data set in small shuffled pieces, and labels as one-hot rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from minigrad import checks
from minigrad.core import config
from minigrad.data.dataset import Dataset

Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


def batches(
    dataset: Dataset,
    batch_size: int,
    *,
    shuffle: bool = True,
    epochs: int | None = 1,
    drop_last: bool = False,
    rng: np.random.Generator | None = None,
) -> Iterator[Batch]:
    """Go through a data set in minibatches.

    Args:
        dataset: the data set to go through.
        batch_size: examples in a minibatch; the last one of an epoch may have fewer.
        shuffle: take each epoch in a new random order.
        epochs: how many times to go through the data set; None goes on for ever.
        drop_last: leave out an epoch's last minibatch if it has fewer examples.
        rng: the generator that shuffles; by default the context's when the iteration starts (`minigrad.seed`).
    Returns:
        An iterator over (x, t): x float32 (batch_size, C, H, W) in [0, 1], t int64 (batch_size,).
    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a number is out of range, or there is no minibatch to take.

    >>> five = Dataset(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5))
    >>> [t.tolist() for x, t in batches(five, 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """
    # Not a generator function itself: a mistake is reported at the call, not at the first minibatch.
    if not isinstance(dataset, Dataset):
        raise TypeError(f"batches: dataset must be a Dataset, not {type(dataset).__name__}")
    checks.optional_generator("batches", "rng", rng)
    checks.integer("batches", "batch_size", batch_size)
    if epochs is not None:
        checks.integer("batches", "epochs", epochs, least=0)
    if len(dataset) < (batch_size if drop_last else 1):
        options = f"batch_size={batch_size}, drop_last={drop_last}"
        raise ValueError(f"batches: {len(dataset)} examples make no minibatch; {options}, {dataset}")
    end = len(dataset) - len(dataset) % batch_size if drop_last else len(dataset)

    def iterate() -> Iterator[Batch]:
        generator = config.generator() if rng is None else rng
        for _ in itertools.count() if epochs is None else range(epochs):
            order = generator.permutation(len(dataset)) if shuffle else np.arange(len(dataset))
            for start in range(0, end, batch_size):
                yield dataset[order[start : start + batch_size]]

    return iterate()


def one_hot(labels: npt.ArrayLike, classes: int) -> npt.NDArray[np.float32]:
    """Labels, ints (N,) in 0 to classes − 1, as rows, float32 (N, classes), that are 1 at the label and 0 elsewhere.

    Raises:
        TypeError: labels or classes are no ints.
        ValueError: a label is out of range, or labels have another number of dimensions than 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = np.asarray(labels)
    checks.integer("one_hot", "classes", classes)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be ints, not {labels.dtype}; labels {labels.shape}")
    if labels.ndim != 1:
        raise ValueError(f"one_hot: labels must be (N,); labels {labels.shape} {labels.dtype}")
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        row = int(wrong.argmax())
        known = f"there are {classes} classes (0 to {classes - 1})"
        raise ValueError(f"one_hot: labels[{row}] is {labels[row]}, but {known}")
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows
