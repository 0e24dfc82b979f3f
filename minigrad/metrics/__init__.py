"""Metrics: how good predictions are, counted batch by batch.

Each is updated with predictions and labels, arrays or Variables, and has a value at any time. Predictions of classes
are scores, of which the highest is meant, probabilities or logits alike; or the classes themselves.

>>> import numpy as np
>>> from minigrad import metrics
>>> accuracy = metrics.Accuracy()
>>> accuracy.update(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
>>> accuracy.update(np.array([[0.3, 0.7], [0.6, 0.4]]), np.array([1, 0]))
>>> accuracy.value()
0.75

Counts are exact. They stay where the arrays are: a GPU is waited for in `value` alone.
"""

from typing import TYPE_CHECKING

from minigrad.metrics.accuracy import Accuracy, BinaryAccuracy
from minigrad.metrics.classes import F1, ConfusionMatrix, Precision, Recall
from minigrad.metrics.error import MeanAbsoluteError
from minigrad.metrics.metric import Metric
from minigrad.spelling import missing as _missing

__all__ = [
    "F1", "Accuracy", "BinaryAccuracy", "ConfusionMatrix", "MeanAbsoluteError", "Metric", "Precision", "Recall",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
