"""Metric, the base of all metrics, and the arrays that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.backend import Array, as_array, format_array, is_array, to_numpy
from minigrad.core.variable import Variable
from minigrad.spelling import Advised


class Metric(Advised):
    """A number that says how good predictions are, gathered batch by batch.

    A subclass begins in `reset`, counts in `update`, and says in `value` what it has counted.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self._strays: Any = 0  # labels that are no class, on a GPU

    def update(self, predictions: Any, labels: Any) -> None:
        """Count a batch."""
        raise NotImplementedError

    def value(self) -> Any:
        """The metric of all batches since the beginning or `reset`."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of what is counted, arrays by name in the computer's own memory."""
        return {name: np.array(to_numpy(value) if is_array(value) else value) for name, value in self._counted()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on counting from another metric's `state_dict`.

        Raises:
            ValueError: it has other names or shapes, as of another metric; nothing was changed.
        """
        wanted = {name: np.shape(value) for name, value in self._counted()}
        found = {name: getattr(array, "shape", None) for name, array in state.items()}
        if found != wanted:
            raise ValueError(f"{type(self).__name__}.load_state_dict: it must have arrays of the shapes {wanted}")
        for name, array in state.items():
            setattr(self, f"_{name}", np.array(array) if np.ndim(array) else array.item())

    def _counted(self) -> list[tuple[str, Any]]:
        return [(name[1:], value) for name, value in vars(self).items() if name.startswith("_")]

    def _check_range(self, name: str, labels: Array, classes: int) -> None:
        """Refuse labels that are no class: those in a NumPy array at once, others when the value is read."""
        if labels.dtype.kind == "i" and labels.itemsize == 8:
            stray = labels.view("u8") >= classes  # a negative one is large without its sign
        else:
            stray = (labels < 0) | (labels >= classes) | (labels % 1 != 0)
        if not isinstance(labels, np.ndarray):
            self._strays = self._strays + stray.sum()
        elif stray.any():
            place = tuple(map(int, np.unravel_index(stray.argmax(), stray.shape)))
            there = f"there are {classes} classes (0 to {classes - 1})"
            raise ValueError(
                f"{type(self).__name__}: {name}[{', '.join(map(str, place))}] is {labels[place]}, but {there}"
            )

    def _check_strays(self) -> None:
        if int(self._strays):
            raise ValueError(f"{type(self).__name__}: {int(self._strays)} labels or predictions were no class")

    def _quotient(self, part: Any, whole: int) -> float:
        """part / whole, if anything was counted."""
        self._check_strays()
        if not whole:
            raise ValueError(f"{type(self).__name__}: there is no value before the first update")
        return float(part) / whole


def plain(owner: str, name: str, values: Any) -> Array:
    """An array, a Variable's array, or an array made of numbers."""
    try:
        return as_array(values.data if isinstance(values, Variable) else values)
    except TypeError as error:
        raise TypeError(f"{owner}: {name}: {error}") from None


def are_scores(predictions: Array) -> bool:
    """True for scores of all classes, which are floats; False for classes."""
    return bool(predictions.dtype.kind == "f")


def fitting_labels(owner: str, predictions: Array, labels: Array) -> Array:
    """Labels as classes: ints (N, ...), from such or from distributions (N, C, ...) beside scores of that shape."""
    wanted = predictions.shape
    if are_scores(predictions):
        if predictions.ndim < 2 or predictions.shape[1] == 0:
            raise ValueError(f"{owner}: scores must be (N, C, ...); {_shapes(predictions, labels)}")
        if labels.shape == predictions.shape:
            return labels.argmax(1)
        wanted = (len(predictions), *predictions.shape[2:])
    if labels.shape != wanted:
        raise ValueError(
            f"{owner}: labels must be {wanted}, or distributions beside scores of their shape; "
            f"{_shapes(predictions, labels)}"
        )
    if labels.dtype.kind == "f":
        raise TypeError(f"{owner}: labels of this shape must be integers; {_shapes(predictions, labels)}")
    return labels


def _shapes(predictions: Array, labels: Array) -> str:
    return f"predictions {format_array(predictions)}, labels {format_array(labels)}"
