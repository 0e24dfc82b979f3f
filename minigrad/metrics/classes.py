"""Metrics of single classes: the confusion matrix, and precision, recall and F1 that follow from it."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.backend import format_array, to_numpy, xp_of
from minigrad.backend.scattering import scatter_add
from minigrad.metrics.metric import Metric, are_scores, fitting_labels, plain

Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

AVERAGES = ("macro", "micro", "none")


class ConfusionMatrix(Metric):
    """The number of predictions of each class for each label: a row for a label, a column for a prediction.

    Args:
        classes: their number.

    >>> matrix = ConfusionMatrix(3)
    >>> matrix.update(np.array([0, 2, 2, 1]), np.array([0, 1, 2, 1]))
    >>> matrix.value()
    array([[1, 0, 0],
           [0, 1, 1],
           [0, 0, 1]])
    """

    classes = checks.Checked(checks.integer, fixed=True)

    def __init__(self, classes: int) -> None:
        self.classes = classes
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        super().reset()
        self._counts: Any = np.zeros((self.classes, self.classes), np.uint64)

    def update(self, predictions: Any, labels: Any) -> None:
        """Count a batch.

        Args:
            predictions: scores, floats (N, classes, ...), logits or probabilities; or classes, ints (N, ...), such as
                `probability > 0.5` where there are two.
            labels: classes, ints (N, ...); or distributions (N, classes, ...) beside scores, one-hot ones for example.
        Raises:
            ValueError: the shapes do not fit, or a label or a prediction is no class.
            TypeError: labels (N, ...) are no integers.
        """
        name, C = type(self).__name__, self.classes
        p = plain(name, "predictions", predictions)
        t = fitting_labels(name, p, plain(name, "labels", labels))
        if are_scores(p):
            if p.shape[1] != C:
                raise ValueError(f"{name}: scores must be of {C} classes; predictions {format_array(p)}")
            p = xp_of(p).where(xp_of(p).isnan(p).any(1), np.nan, p.argmax(1))  # NaN is no class
        self._check_range("labels", t, C)
        self._check_range("predictions", p, C)
        places = tuple(each.astype(np.int64).clip(0, C - 1) for each in (t, p))
        counts = scatter_add(xp_of(p).ones(p.shape, np.int64), places, (C, C))
        self._counts = xp_of(p).asarray(self._counts) + counts

    def value(self) -> Any:
        """The counts, ints (classes, classes).

        Raises:
            ValueError: a label or a prediction in an array on a GPU was no class.
        """
        return self._matrix()

    def _matrix(self) -> Counts:
        self._check_strays()
        return to_numpy(self._counts).astype(np.int64)


class _OfEachClass(ConfusionMatrix):
    """A quotient of counts for each class, or one of all; 0 where there is nothing to divide by.

    Args:
        classes: their number.
        average: "macro" for the mean over the classes, "micro" for the quotient of all classes' counts together, "none"
            for one number each.
    """

    average = checks.Checked(checks.choice, choices=AVERAGES)

    def __init__(self, classes: int, *, average: str = "macro") -> None:
        self.average = average
        super().__init__(classes)

    def value(self) -> Any:
        """A number from 0 to 1; with average="none" one for each class, (classes,).

        Raises:
            ValueError: nothing was counted, or a label or a prediction in an array on a GPU was no class.
        """
        matrix = self._matrix()
        if not matrix.any():
            raise ValueError(f"{type(self).__name__}: there is no value before the first update")
        right, predicted, there = matrix.diagonal(), matrix.sum(0), matrix.sum(1)
        part, whole = self._parts(right, predicted, there)
        if self.average == "micro":
            part, whole = part.sum(keepdims=True), whole.sum(keepdims=True)
        quotients = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
        return quotients if self.average == "none" else float(quotients.mean())

    def _parts(self, right: Counts, predicted: Counts, there: Counts) -> tuple[Counts, Counts]:
        """What is divided by what: of each class the right predictions, all predictions, and all labels."""
        raise NotImplementedError


class Precision(_OfEachClass):
    """The part of the predictions of a class that are right, for each class or averaged.

    It is 0 for a class that is never predicted.

    Args:
        classes: their number.
        average: "macro" for the mean over all classes, "micro" for that of all predictions together (the accuracy),
            "none" for one number each.

    >>> precision = Precision(2, average="none")
    >>> precision.update(np.array([0.9, 0.2, 0.6, 0.7]) > 0.5, np.array([1, 0, 0, 1]))
    >>> precision.value().round(3)  # the second is that of class 1, the positive one
    array([1.   , 0.667])
    """

    def _parts(self, right: Counts, predicted: Counts, there: Counts) -> tuple[Counts, Counts]:  # noqa: ARG002
        return right, predicted


class Recall(_OfEachClass):
    """The part of a class's labels that are predicted, for each class or averaged; 0 for a class that has none.

    Args:
        classes: their number.
        average: "macro" for the mean over all classes, "micro" for that of all labels together (the accuracy), "none"
            for one number each.

    >>> recall = Recall(2, average="none")
    >>> recall.update(np.array([1, 0, 1, 1]), np.array([1, 0, 0, 1]))
    >>> recall.value()
    array([0.5, 1. ])
    """

    def _parts(self, right: Counts, predicted: Counts, there: Counts) -> tuple[Counts, Counts]:  # noqa: ARG002
        return right, there


class F1(_OfEachClass):
    """The harmonic mean of precision and recall, for each class or averaged; 0 where both are.

    Args:
        classes: their number.
        average: "macro" for the mean over all classes, "micro" for all together (the accuracy), "none" for one number
            each.

    >>> f1 = F1(2, average="none")
    >>> f1.update(np.array([1, 0, 1, 1]), np.array([1, 0, 0, 1]))
    >>> f1.value().round(3)
    array([0.667, 0.8  ])
    """

    def _parts(self, right: Counts, predicted: Counts, there: Counts) -> tuple[Counts, Counts]:
        return 2 * right, predicted + there
