"""Labels as one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import Array, is_array, to_numpy, xp_of


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
