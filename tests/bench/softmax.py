"""Softmax and its logarithm, and losses."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.core.function import Function
from minigrad.functions.softmax import LogSoftmax, Softmax
from minigrad.testing.strategies import with_axis
from tests.bench.draws import matrices, one_hot, with_labels
from tests.bench.wrong import wrong


def _log_softmax(x, axis=-1):
    return x - x.max(axis, keepdims=True) - np.log(np.exp(x - x.max(axis, keepdims=True)).sum(axis, keepdims=True))


def _softmax(x, axis):
    return np.exp(_log_softmax(x, axis))


softmax = partial(wrong, "softmax", _softmax, shapes=with_axis(min_side=1))
log_softmax = partial(wrong, "softmax", _log_softmax, shapes=with_axis(min_side=1))


@softmax(of=Softmax, source="Apiquet/DeepLearningFrameworkFromScratchCpp#1")
def softmax_diagonal(self, gy, y):
    """softmax: only the diagonal."""
    return gy * y * (1 - y)


@softmax(of=Softmax, source="pjreddie/darknet#96")
def softmax_passing(self, gy):
    """softmax: gy is handed on. Hands gy on as it is."""
    return gy


@softmax(of=Softmax, hint="the gradient is missing")
def softmax_zero(self, gy):
    """softmax: zeros, right for a gy of ones. Zeros: right for a gy of ones, which many tests use."""
    return gy * 0


@softmax(of=Softmax, source="deeplearning4j/deeplearning4j#345")
def softmax_along_last(self, gy, y):
    """softmax: added up along the wrong axis. Adds up along the last axis, whichever the softmax went along."""
    return gy * y - y * (gy * y).sum(-1, keepdims=True)


@log_softmax(of=LogSoftmax, source="mlpack/mlpack#2360")
def log_softmax_plus(self, gy, y):
    """log_softmax: plus for minus. gy + softmax · Σ gy."""
    return gy + F.exp(y) * gy.sum(self.axis, keepdims=True)


@log_softmax(of=LogSoftmax, hint="gy enters other than as a factor")
def log_softmax_of_one_hot(self, gy, y):
    """log_softmax: the sum of gy is taken for 1.
    gy − softmax: takes it for granted that Σ gy is 1, or that gy is one-hot."""
    return gy - F.exp(y)


@dataclass(eq=False)
class CrossEntropy(Function):
    """The mean of −log softmax(x) at the labels, over the rows whose label is not −1."""

    labels: Any

    def forward(self, x):
        self.save(x)
        self.targets = one_hot(self.labels, x.shape[1])
        self.count = max(int(self.targets.sum()), 1)
        return np.asarray(-(_log_softmax(x) * self.targets).sum() / self.count, x.dtype)

    def backward(self, gy):
        (x,) = self.saved
        counted = self.targets.sum(1, keepdims=True)
        return gy * ((F.softmax(x) * counted - self.targets) / self.count)


def _cross_entropy(x, labels):
    rows = [-_log_softmax(row)[label] for row, label in zip(x, labels, strict=True) if label >= 0]
    return np.asarray(np.mean(rows) if rows else 0.0)


def _minigrad(x, labels):
    return F.softmax_cross_entropy(x, labels, ignore_label=-1)


_IGNORING = with_labels(ignored=True)


@wrong("loss", _cross_entropy, of=CrossEntropy, shapes=_IGNORING, source="PaddlePaddle/Paddle#28622")
def cross_entropy_of_ignored(self, gy, x):
    """cross-entropy: ignored rows get a gradient. Rows that don't count get a gradient."""
    return gy * ((F.softmax(x) - self.targets) / self.count)


@wrong(
    "loss", _cross_entropy, of=CrossEntropy, shapes=_IGNORING, hint="a factor of", source="PaddlePaddle/Paddle#23708"
)
def cross_entropy_over_all(self, gy, x):
    """cross-entropy: divided by the number of all rows."""
    counted = self.targets.sum(1, keepdims=True)
    return gy * ((F.softmax(x) * counted - self.targets) / len(self.labels))


@wrong(
    "loss",
    _cross_entropy,
    shapes=with_labels(),
    hint="saves an array made on the way",
    source="tensorflow/tensorflow#7403",
)
class CrossEntropyAtOnce(CrossEntropy):
    """cross-entropy: the gradient is computed in forward. Computes the gradient in forward, a constant to backward."""

    def forward(self, x):
        y = super().forward(x)
        self.save(((np.exp(_log_softmax(x)) - self.targets) / self.count).astype(x.dtype))
        return y

    def backward(self, gy):
        (gx,) = self.saved
        return gy * gx


def _smooth(x, labels):
    return F.softmax_cross_entropy(x, labels, label_smoothing=0.1)


@wrong("loss", _smooth, shapes=with_labels(), right=_smooth, source="TimDettmers/ConvE#55")
class CrossEntropySmoothedInFull(CrossEntropy):
    """cross-entropy: labels are smoothed in full. Smooths labels by 1 / C in backward, by a tenth of it in forward."""

    def forward(self, x):
        y = super().forward(x)
        smooth = 0.9 * self.targets + 0.1 / x.shape[1]
        return np.asarray(y * 0 - (_log_softmax(x) * smooth).sum() / self.count, x.dtype)

    def backward(self, gy):
        (x,) = self.saved
        return gy * ((F.softmax(x) - (0.9 * self.targets + 1 / x.shape[1])) / self.count)


_TWO = matrices().map(lambda shape: (shape, shape))


@wrong(
    "loss",
    lambda x, t: -np.sum(t * _log_softmax(x)),
    shapes=_TWO,
    domain={"t": (0.0, 1.0)},
    right=lambda x, t: -(t * F.log_softmax(x)).sum(),
    source="kvark/meganeura#102",
    forward=lambda x, t: np.asarray(-(_log_softmax(x) * t).sum(), x.dtype),
)
def soft_cross_entropy(self, gy, x, t):
    """cross-entropy: weights that do not add up to 1.
    −Σ t · log softmax(x) for weights t of any sum, whose gradient takes the sum for 1."""
    return gy * (F.softmax(x) - t), -gy * F.log_softmax(x)


def huber(x, delta):
    """½d² up to delta, delta · (|d| − ½delta) beyond."""
    inside = F.clip(x, -delta, delta)
    return inside * (x - inside / 2)


def _huber(x, delta):
    return np.where(np.abs(x) < delta, x * x / 2, delta * (np.abs(x) - delta / 2))


@wrong("loss", _huber, kwargs={"delta": [1.0, 0.5]}, right=huber, source="BobMcDear/attorch#13")
@dataclass(eq=False)
class Huber(Function):
    """huber: the sides are told by the sign, too.
    ½d² up to delta, delta · (|d| − ½delta) beyond; tells the sides by d, not by |d|."""

    delta: float

    def forward(self, x):
        self.save(x)
        size = np.abs(x)
        return np.where(size < self.delta, x * x / 2, self.delta * (size - self.delta / 2))

    def backward(self, gy):
        (x,) = self.saved
        return gy * F.where(x.data < self.delta, x, self.delta)


@wrong("loss", lambda x, t: np.mean(np.square(x - t)), shapes=_TWO, right=F.mean_squared_error, hint="a factor of 0.5")
class SquaredDistance(Function):
    """squared error: the 2 is forgotten. The mean of (x − t)²; the factor 2 is forgotten."""

    def forward(self, x, t):
        self.save(x, t)
        return np.asarray(np.mean((x - t) ** 2), x.dtype)

    def backward(self, gy):
        x, t = self.saved
        g = gy * (x - t) / x.size
        return g, -g


@wrong(
    "loss",
    lambda x, t: np.mean(np.square(x - t)),
    of=SquaredDistance,
    shapes=_TWO,
    right=F.mean_squared_error,
    hint="the sign",
)
def squared_distance_plus(self, gy, x, t):
    """squared error: the target gets +gy."""
    g = gy * (x - t) * (2 / x.size)
    return g, g


_PROBABLE = (0.05, 1.0)


@wrong(
    "loss",
    lambda x, t: np.sum(t * np.log(t / x)),
    shapes=_TWO,
    domain=_PROBABLE,
    right=lambda x, t: (t * (F.log(t) - F.log(x))).sum(),
    hint="the gradient is missing",
    forward=lambda x, t: np.asarray(np.sum(t * (np.log(t) - np.log(x))), x.dtype),
)
def divergence(self, gy, x, t):
    """divergence: nothing for the target. Σ t · (log t − log x), without a gradient towards t."""
    return -gy * t / x, None


@wrong(
    "loss", lambda x, t: np.logaddexp(0, x) - t * x, kwargs={"t": [0.0, 1.0]}, right=lambda x, t: F.softplus(x) - x * t
)
@dataclass(eq=False)
class BinaryCrossEntropy(Function):
    """binary cross-entropy: the sigmoid's derivative once more.
    log(1 + exp(x)) − t · x, with the derivative of the probability put before it once more."""

    t: float

    def forward(self, x):
        self.save(x)
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) - self.t * x

    def backward(self, gy):
        (x,) = self.saved
        p = F.sigmoid(x)
        return gy * (p - self.t) * p * (1 - p)
