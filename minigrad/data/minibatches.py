"""Minibatches: a data set in small shuffled pieces, and labels as one-hot rows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from minigrad.core import config
from minigrad.data.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        dataset: what to go through.
        batch_size: examples in a minibatch; the last one of an epoch may have fewer.
        shuffle: take each epoch in a new random order.
        epochs: how many times to go through the data set; None goes on for ever.
        drop_last: leave out an epoch's last minibatch if it has fewer examples.
        rng: what shuffles; by default the context's generator when the iteration starts (`minigrad.seed`).

    Returns:
        An iterator over (x, t): x float32 (batch_size, C, H, W) in [0, 1], t int64 (batch_size,).

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a number is out of range, or there is no minibatch to take.

    >>> five = Dataset(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5))
    >>> [t.tolist() for x, t in batches(five, 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """
    # Not a generator itself: a mistake is reported here, not at the first minibatch.
    if not isinstance(dataset, Dataset):
        raise TypeError(f"batches: dataset must be a Dataset, not {type(dataset).__name__}")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"batches: rng must be a numpy.random.Generator, not {type(rng).__name__}")
    _check_count("batches: batch_size", batch_size, least=1)
    if epochs is not None:
        _check_count("batches: epochs", epochs, least=0)
    if len(dataset) < (batch_size if drop_last else 1):
        raise ValueError(
            f"batches: {len(dataset)} examples make no minibatch; "
            f"batch_size={batch_size}, drop_last={drop_last}, {dataset}"
        )
    return _batches(dataset, batch_size, shuffle=shuffle, epochs=epochs, drop_last=drop_last, rng=rng)


def _batches(
    dataset: Dataset,
    batch_size: int,
    *,
    shuffle: bool,
    epochs: int | None,
    drop_last: bool,
    rng: np.random.Generator | None,
) -> Iterator[Batch]:
    rng = config.generator() if rng is None else rng
    end = len(dataset) - len(dataset) % batch_size if drop_last else len(dataset)
    for _ in itertools.count() if epochs is None else range(epochs):
        order = rng.permutation(len(dataset)) if shuffle else np.arange(len(dataset))
        for start in range(0, end, batch_size):
            yield dataset[order[start : start + batch_size]]


def one_hot(labels: npt.ArrayLike, classes: int) -> npt.NDArray[np.float32]:
    """Labels as rows that are 1 at the label and 0 elsewhere.

    Args:
        labels: ints, (N,), in 0 to classes − 1.
        classes: the number of classes.

    Returns:
        float32, (N, classes).

    Raises:
        TypeError: labels or classes are no ints.
        ValueError: a label is out of range, or labels have another number of dimensions than 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = np.asarray(labels)
    _check_count("one_hot: classes", classes, least=1)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be ints, not {labels.dtype}; labels {labels.shape}")
    if labels.ndim != 1:
        raise ValueError(f"one_hot: labels must be (N,); labels {labels.shape} {labels.dtype}")
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"one_hot: labels[{row}] is {labels[row]}, but there are {classes} classes (0 to {classes - 1})"
        )
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows


def _check_count(what: str, value: Any, *, least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{what} must be at least {least}, not {value}")
