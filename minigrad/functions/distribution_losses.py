"""Losses of probabilities, rates and directions. None of them broadcasts.

As in Keras, a probability below `eps` counts as `eps` in a logarithm: the loss of a class that was held impossible is
large, and not infinite; there the logarithm passes no gradient. `sigmoid_cross_entropy` and `softmax_cross_entropy`, of
logits, need no such bound, and are what to train with.
"""

from __future__ import annotations

import numpy as np

from minigrad import checks
from minigrad.backend import Array, device_of, format_array, ignore_underflow, xp_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.activation import sigmoid
from minigrad.functions.elementwise import clip, sqrt
from minigrad.functions.exponential import log
from minigrad.functions.loss_reduction import comparable, reduced
from minigrad.spelling import advised


@ignore_underflow
@advised
def binary_cross_entropy(
    prediction: Operand, target: Operand, *, eps: float = 1e-7, reduction: str = "mean"
) -> Variable:
    """The mean of −target · log(prediction) − (1 − target) · log(1 − prediction), both of one shape.

    A probability, or its complement, below `eps` counts as `eps`, and passes no gradient; Keras does the same, PyTorch
    counts a logarithm below −100 as −100. Of logits, `sigmoid_cross_entropy` is exact.

    Args:
        prediction: probabilities, 0 to 1 within a thousandth, which is checked on the CPU alone.
        target: of prediction's shape, likewise.
        eps: the least probability; in float16 it is 6·10⁻⁵ at least.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ, prediction or target holds no probabilities, or eps is not positive.
        TypeError: prediction holds no floats.

    >>> binary_cross_entropy(np.array([0.5, 1.0]), np.array([1, 1]), reduction="none")
    Variable([0.69314718 0.        ])
    """
    p, t = comparable("binary_cross_entropy", prediction, target)
    eps = _least("binary_cross_entropy", eps, p)
    _check_probabilities("binary_cross_entropy", "prediction", p, "; of logits, see sigmoid_cross_entropy")
    _check_probabilities("binary_cross_entropy", "target", t)
    losses = -t * log(clip(p, eps)) - (1 - t) * log(clip(1 - p, eps))
    return reduced("binary_cross_entropy", losses, reduction)


def _check_probabilities(function: str, argument: str, p: Variable, advice: str = "") -> None:
    """Refuse what is no probability, where it can be seen without waiting: the loss would have no minimum."""
    if device_of(p.data) == "cpu" and (abs(p.data - 0.5) > 0.501).any():
        worst = p.data.ravel()[abs(p.data - 0.5).argmax()]
        raise ValueError(
            f"{function}: {argument} must be probabilities, 0 to 1, not {worst}{advice}; {format_array(p)}"
        )


def _least(function: str, eps: float, p: Variable) -> float:
    """The least probability: `eps`, or what has an inverse in p's float type."""
    return max(checks.positive(function, "eps", eps), float(np.finfo(p.dtype).tiny))


class SigmoidCrossEntropy(Elementwise):
    """−t · log sigmoid(x) − (1 − t) · log sigmoid(−x)."""

    family = "loss"
    flops_per_element = 9

    @ignore_underflow
    def forward(self, x: Array, t: Array) -> Array:
        self.save(x, t)
        xp = xp_of(x)
        likely, unlikely = xp.logaddexp(0, -x), xp.logaddexp(0, x)  # −log of sigmoid(x) and of sigmoid(−x)
        zero = xp.zeros_like(x)  # where a weight is 0: an infinite logarithm times 0 is NaN
        return t * xp.where(t == 0, zero, likely) + (1 - t) * xp.where(t == 1, zero, unlikely)

    def backward(self, gy: Variable) -> Gradients:
        x, t = self.saved
        gx = gt = None
        if self.needs(0):
            gx = gy * ((1 - t) * sigmoid(x) - t * sigmoid(-x))  # sigmoid(x) − t would lose the digits of small ones
        if self.needs(1):
            gt = -gy * x
        return gx, gt


@ignore_underflow
@advised
def sigmoid_cross_entropy(logits: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of the cross-entropy between sigmoid(logits) and target, of one shape, for any logits.

    It is log(1 + exp(logits)) − target · logits, exact to rounding also where a probability is 10⁻³⁰ from its target.
    PyTorch calls it binary_cross_entropy_with_logits; Keras, binary_crossentropy with from_logits=True.

    Args:
        logits: before the sigmoid.
        target: of logits' shape, probabilities, 0 to 1 within a thousandth, which is checked on the CPU alone.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ, or target holds no probabilities.
        TypeError: logits are no floats.

    >>> sigmoid_cross_entropy(np.array([0.0, 1000.0, -1000.0]), np.array([1, 1, 1]), reduction="none").data.tolist()
    [0.6931471805599453, 0.0, 1000.0]
    """
    x, t = comparable("sigmoid_cross_entropy", logits, target, argument="logits")
    _check_probabilities("sigmoid_cross_entropy", "target", t)
    return reduced("sigmoid_cross_entropy", apply(SigmoidCrossEntropy(), x, t), reduction)


@ignore_underflow
@advised
def kl_divergence(prediction: Operand, target: Operand, *, eps: float = 1e-7, reduction: str = "mean") -> Variable:
    """The mean over rows of the Kullback–Leibler divergence Σ target · log(target / prediction).

    Both are probabilities, as in Keras; PyTorch's kl_div takes log-probabilities for the prediction, and its "mean" is
    over elements. A probability below `eps` counts as `eps` in the logarithm, and passes no gradient through it; what
    has target 0 adds nothing.

    Args:
        prediction: distributions, (..., C): 0 to 1 within a thousandth, which is checked on the CPU alone.
        target: distributions, of prediction's shape, likewise.
        eps: the least probability; in float16 it is 6·10⁻⁵ at least.
        reduction: "mean" over the rows (0 if there are none), "sum", or "none" for divergences (...).
    Raises:
        ValueError: the shapes differ, there are no classes, eps is not positive, or something is no probability.
        TypeError: prediction holds no floats.

    >>> kl_divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    Variable(0.69314718)
    """
    p, t = comparable("kl_divergence", prediction, target, rows=True)
    _check_probabilities("kl_divergence", "prediction", p, "; of logits, see softmax")
    _check_probabilities("kl_divergence", "target", t)
    eps = _least("kl_divergence", eps, p)
    return reduced("kl_divergence", (t * (log(clip(t, eps)) - log(clip(p, eps)))).sum(-1), reduction)


@ignore_underflow
@advised
def poisson(prediction: Operand, target: Operand, *, eps: float = 1e-7, reduction: str = "mean") -> Variable:
    """The mean of prediction − target · log(prediction + eps), both of one shape: −log of a Poisson probability.

    The term log(target!), which no prediction changes, is left out, as in Keras and PyTorch. PyTorch's poisson_nll_loss
    takes the rate's logarithm by default; this is the one with log_input=False, whose eps is 10⁻⁸.

    Args:
        prediction: rates, 0 or above.
        target: counts, of prediction's shape.
        eps: keeps the logarithm of a rate of 0 finite.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ, or eps is not positive.
        TypeError: prediction holds no floats.

    >>> poisson(np.array([1.0, 2.0]), np.array([3, 0]), eps=1e-20, reduction="none")
    Variable([1. 2.])
    """
    x, t = comparable("poisson", prediction, target)
    eps = checks.positive("poisson", "eps", eps)
    return reduced("poisson", x - t * log(x + eps), reduction)


@ignore_underflow
@advised
def cosine_similarity(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean over rows of −cos of the angle between prediction and target: −1 where they have one direction.

    It is a loss, and so the negative cosine, as in Keras (`cosine_proximity` in its older versions); PyTorch's
    cosine_similarity is the cosine itself. A row of zeros has no direction: its loss is 0, and so is its gradient.

    Args:
        prediction: vectors, (..., C), of any length; large and small numbers lose nothing.
        target: vectors, of prediction's shape.
        reduction: "mean" over the rows (0 if there are none), "sum", or "none" for losses (...).
    Raises:
        ValueError: the shapes differ, or the last axis has no elements.
        TypeError: prediction holds no floats.

    >>> cosine_similarity(np.array([[3.0, 0.0], [1e-200, 1e-200]]), np.array([[1.0, 0.0], [0.0, 1.0]]), reduction="sum")
    Variable(-1.70710678)
    """
    x, t = comparable("cosine_similarity", prediction, target, rows=True)
    return reduced("cosine_similarity", -(_direction(x) * _direction(t)).sum(-1), reduction)


def _direction(x: Variable) -> Variable:
    """Each row divided by its length; a row of zeros stays one, with gradient 0."""
    xp = xp_of(x.data)
    largest = xp.abs(x.data).max(-1, keepdims=True)
    moves = largest > 0
    scaled = x / xp.where(moves, largest, xp.inf).astype(x.dtype)  # a constant: the direction does not depend on it
    squares = (scaled * scaled).sum(-1, keepdims=True)
    direction: Variable = scaled / sqrt(squares + ~moves)  # of zeros: the root of 1, for that of 0 has no derivative
    return direction
