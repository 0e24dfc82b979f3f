"""Losses of scores: by how much a class's score is above the others', or above 0. None of them broadcasts."""

from __future__ import annotations

from minigrad.backend import ignore_underflow, xp_of
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.functions.activation import relu
from minigrad.functions.elementwise import square, where
from minigrad.functions.loss_reduction import comparable, reduced
from minigrad.spelling import advised


@ignore_underflow
@advised
def hinge(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of max(0, 1 − target · prediction), both of one shape; derivative 0 where target · prediction is 1.

    Args:
        prediction: scores, positive for the one class and negative for the other.
        target: of prediction's shape, 1 or −1; a 0 stands for −1, as in Keras, and has no gradient. (Keras' hinge takes
            the target first; PyTorch's hinge_embedding_loss is another loss.)
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ.
        TypeError: prediction holds no floats.

    >>> import numpy as np
    >>> hinge(np.array([3.0, 0.25, 0.25]), np.array([1, 1, 0]), reduction="none")
    Variable([0.   0.75 1.25])
    """
    return reduced("hinge", _shortfall("hinge", prediction, target), reduction)


@ignore_underflow
@advised
def squared_hinge(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of max(0, 1 − target · prediction)², both of one shape: see `hinge`.

    The second derivative where target · prediction is 1 is 0.

    >>> import numpy as np
    >>> squared_hinge(np.array([3.0, 0.5]), np.array([1, -1]), reduction="none")
    Variable([0.   2.25])
    """
    return reduced("squared_hinge", square(_shortfall("squared_hinge", prediction, target)), reduction)


def _shortfall(function: str, prediction: Operand, target: Operand) -> Variable:
    """max(0, 1 − target · prediction), with −1 for a target of 0."""
    x, t = comparable(function, prediction, target)
    sign = where(t.data == 0, xp_of(t.data).full_like(t.data, -1), t)
    return relu(1 - sign * x)


@ignore_underflow
@advised
def categorical_hinge(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean over rows of max(0, 1 + the highest wrong score − the right one).

    As in Keras, the highest wrong score is max((1 − target) · prediction) and so at least 0, which the right class's
    place holds. Equal scores share the gradient; that of max(0, ...) at 0 is 0. PyTorch's multi_margin_loss adds up all
    wrong scores' margins instead.

    Args:
        prediction: scores, (..., C).
        target: of prediction's shape, one-hot.
        reduction: "mean" over the rows (0 if there are none), "sum", or "none" for losses (...).
    Raises:
        ValueError: the shapes differ, or there are no classes.
        TypeError: prediction holds no floats.
    Source: Crammer & Singer 2001, "On the algorithmic implementation of multiclass kernel-based vector machines".

    >>> import numpy as np
    >>> categorical_hinge(np.array([[0.5, 2.0, 1.0]]), np.array([[0, 1, 0]]))
    Variable(0.)
    >>> categorical_hinge(np.array([[0.5, 2.0, 1.0]]), np.array([[1, 0, 0]]))
    Variable(2.5)
    """
    x, t = comparable("categorical_hinge", prediction, target, rows=True)
    right, wrong = (t * x).sum(-1), ((1 - t) * x).max(-1)
    return reduced("categorical_hinge", relu(1 + wrong - right), reduction)
