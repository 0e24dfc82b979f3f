"""Accuracy: the part of the predictions that are right."""

from __future__ import annotations

from typing import Any

from minigrad import checks
from minigrad.backend import format_array, xp_of
from minigrad.metrics.metric import Metric, are_scores, fitting_labels, plain


class Accuracy(Metric):
    """The part of the predictions that are right, or have the right class among their `top_k` highest scores.

    Keras' names for it are categorical, sparse categorical and top-k categorical accuracy. Of equal scores the first
    counts as the highest; a NaN is never right.

    Args:
        top_k: so many of the highest scores count.

    >>> import numpy as np
    >>> accuracy = Accuracy(top_k=2)
    >>> accuracy.update(np.array([[0.1, 0.6, 0.3], [0.7, 0.2, 0.1]]), np.array([2, 2]))
    >>> accuracy.value()
    0.5
    """

    top_k = checks.Checked(checks.integer)

    def __init__(self, *, top_k: int = 1) -> None:
        self.top_k = top_k
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        super().reset()
        self._right: Any = 0
        self._count = 0

    def update(self, predictions: Any, labels: Any) -> None:
        """Count a batch.

        Args:
            predictions: scores, floats (N, C, ...), logits or probabilities; or classes, ints (N, ...).
            labels: classes, ints (N, ...); or distributions (N, C, ...), one-hot ones for example, whose largest
                number is meant.
        Raises:
            ValueError: the shapes do not fit, a label is no class, there is one class alone, or fewer than `top_k`.
            TypeError: labels (N, ...) are no integers.
        """
        p = plain("Accuracy", "predictions", predictions)
        t = fitting_labels("Accuracy", p, plain("Accuracy", "labels", labels))
        C = p.shape[1] if are_scores(p) else 1
        if self.top_k > C:
            raise ValueError(f"Accuracy: top_k={self.top_k} needs scores of as many classes, not {format_array(p)}")
        if are_scores(p) and C == 1:
            words = "scores of one class are always right; for numbers on both sides of a threshold see BinaryAccuracy"
            raise ValueError(f"Accuracy: {words}; predictions {format_array(p)}")
        if are_scores(p):
            self._check_range("labels", t, C)
        if are_scores(p) and self.top_k == 1:  # as below, but some times as fast
            best = p.argmax(1)
            highest = xp_of(p).take_along_axis(p, best[:, None], 1)[:, 0]  # a NaN, if there is one
            right = (best == t) & (highest == highest)  # noqa: PLR0124
        elif are_scores(p):
            xp, t = xp_of(p), t[:, None]  # (N, ...) -> (N, 1, ...)
            classes = xp.arange(C).reshape(C, *[1] * (p.ndim - 2))
            own = xp.take_along_axis(p, t.astype("int64").clip(0, C - 1), 1)
            behind = (p < own) | ((p == own) & (classes >= t))
            right = (~behind).sum(1) < self.top_k
        else:
            right = p == t
        self._right = self._right + right.sum()
        self._count += right.size

    def value(self) -> float:
        """The part that was right, 0 to 1.

        Raises:
            ValueError: nothing was counted, or a label in an array on a GPU was no class.
        """
        return self._quotient(self._right, self._count)


class BinaryAccuracy(Metric):
    """The part of the predictions that are on their label's side of a threshold; a NaN is on neither.

    Args:
        threshold: a prediction above it means 1, for probabilities 0.5, for logits 0.

    >>> import numpy as np
    >>> accuracy = BinaryAccuracy()
    >>> accuracy.update(np.array([0.9, 0.4, 0.5]), np.array([1, 1, 0]))
    >>> accuracy.value() == 2 / 3
    True
    """

    threshold = checks.Checked(checks.number)

    def __init__(self, *, threshold: float = 0.5) -> None:
        self.threshold = threshold
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        super().reset()
        self._right: Any = 0
        self._count = 0

    def update(self, predictions: Any, labels: Any) -> None:
        """Count a batch.

        Args:
            predictions: numbers of any shape.
            labels: of predictions' shape, 0 or 1.
        Raises:
            ValueError: the shapes differ, or a label is neither 0 nor 1.
        """
        p, t = plain("BinaryAccuracy", "predictions", predictions), plain("BinaryAccuracy", "labels", labels)
        if p.shape != t.shape:
            shapes = f"predictions {format_array(p)}, labels {format_array(t)}"
            raise ValueError(f"BinaryAccuracy: shapes must be equal; {shapes}")
        self._check_range("labels", t, 2)
        right = xp_of(p).where(t == 1, p > self.threshold, p <= self.threshold)
        self._right = self._right + right.sum()
        self._count += p.size

    def value(self) -> float:
        """The part that was right, 0 to 1.

        Raises:
            ValueError: nothing was counted, or a label in an array on a GPU was neither 0 nor 1.
        """
        return self._quotient(self._right, self._count)
