"""Metrics of predicted numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.backend import format_array, xp_of
from minigrad.metrics.metric import Metric, plain


class MeanAbsoluteError(Metric):
    """The mean of |prediction − label| over all elements of all batches, added up in float64.

    >>> error = MeanAbsoluteError()
    >>> error.update(np.array([1.0, 2.0]), np.array([1, 5]))
    >>> error.value()
    1.5
    """

    def reset(self) -> None:
        """Forget all batches."""
        super().reset()
        self._sum: Any = 0
        self._count = 0

    def update(self, predictions: Any, labels: Any) -> None:
        """Count a batch.

        Args:
            predictions: numbers of any shape.
            labels: numbers, of predictions' shape: nothing broadcasts.
        Raises:
            ValueError: the shapes differ.
        """
        p, t = plain("MeanAbsoluteError", "predictions", predictions), plain("MeanAbsoluteError", "labels", labels)
        if p.shape != t.shape:
            shapes = f"predictions {format_array(p)}, labels {format_array(t)}"
            raise ValueError(f"MeanAbsoluteError: shapes must be equal; {shapes}")
        distance = xp_of(p).abs(p.astype(np.float64) - t)
        self._sum = self._sum + distance.sum()
        self._count += p.size

    def value(self) -> float:
        """The mean, in the predictions' unit.

        Raises:
            ValueError: nothing was counted.
        """
        return self._quotient(self._sum, self._count)
