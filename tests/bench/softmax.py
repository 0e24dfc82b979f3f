"""Softmax and its logarithm, and losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable
from minigrad.functions.activation import LogSoftmax, Softmax
from minigrad.testing.bench.draws import matrices, one_hot, with_labels
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec
from minigrad.testing.strategies import with_axis


class SoftmaxDiagonal(Softmax):
    """Only the diagonal of the Jacobian: y · (1 − y)."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * y * (1 - y)


class SoftmaxPassing(Softmax):
    """Hands gy on as it is."""

    def backward(self, gy: Variable) -> Gradients:
        return gy


class SoftmaxZero(Softmax):
    """Zeros: right for a gy of ones, which many tests use."""

    def backward(self, gy: Variable) -> Gradients:
        return gy * 0


class SoftmaxAlongLast(Softmax):
    """Adds up along the last axis, whichever the softmax went along."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * y - y * (gy * y).sum(-1, keepdims=True)


class LogSoftmaxPlus(LogSoftmax):
    """gy + softmax · Σ gy."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy + F.exp(y) * gy.sum(self.axis, keepdims=True)


class LogSoftmaxOfOneHot(LogSoftmax):
    """gy − softmax: takes it for granted that Σ gy is 1, or that gy is one-hot."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy - F.exp(y)


@dataclass(eq=False)
class CrossEntropy(Function):
    """The mean of −log softmax(x) at the labels, over the rows whose label is not −1."""

    labels: Any

    def forward(self, x: Array) -> Array:
        self.save(x)
        self.targets = one_hot(self.labels, x.shape[1])
        self.count = max(int(self.targets.sum()), 1)
        return np.asarray(-(_log_softmax(x) * self.targets).sum() / self.count, x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        counted = self.targets.sum(1, keepdims=True)
        gx: Variable = gy * ((F.softmax(x) * counted - self.targets) / self.count)
        return gx


class CrossEntropyOfIgnored(CrossEntropy):
    """Rows that don't count get a gradient."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * ((F.softmax(x) - self.targets) / self.count)


class CrossEntropyOverAll(CrossEntropy):
    """Divides by the number of all rows."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        counted = self.targets.sum(1, keepdims=True)
        gx: Variable = gy * ((F.softmax(x) * counted - self.targets) / len(self.labels))
        return gx


class CrossEntropyAtOnce(CrossEntropy):
    """Computes the gradient in forward, a constant to backward."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.save(((np.exp(_log_softmax(x)) - self.targets) / self.count).astype(x.dtype))
        return y

    def backward(self, gy: Variable) -> Gradients:
        (gx,) = self.saved
        return gy * gx


class CrossEntropySmoothedInFull(CrossEntropy):
    """Smooths labels by 1 / C in backward, by a tenth of it in forward."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        smooth = 0.9 * self.targets + 0.1 / x.shape[1]
        return np.asarray(y * 0 - (_log_softmax(x) * smooth).sum() / self.count, x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * ((F.softmax(x) - (0.9 * self.targets + 1 / x.shape[1])) / self.count)


class SoftCrossEntropy(Function):
    """−Σ t · log softmax(x) for weights t of any sum, whose gradient takes the sum for 1."""

    def forward(self, x: Array, t: Array) -> Array:
        self.save(x, t)
        return np.asarray(-(_log_softmax(x) * t).sum(), x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        x, t = self.saved
        return gy * (F.softmax(x) - t), -gy * F.log_softmax(x)


@dataclass(eq=False)
class Huber(Function):
    """½d² up to delta, delta · (|d| − ½delta) beyond; tells the sides by d, not by |d|."""

    delta: float

    def forward(self, x: Array) -> Array:
        self.save(x)
        size = np.abs(x)
        return np.where(size < self.delta, x * x / 2, self.delta * (size - self.delta / 2))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * F.where(x.data < self.delta, x, self.delta)


def huber(x: Variable, delta: float) -> Variable:
    """½d² up to delta, delta · (|d| − ½delta) beyond."""
    inside = F.clip(x, -delta, delta)
    return inside * (x - inside / 2)


class SquaredDistance(Function):
    """The mean of (x − t)²; the factor 2 is forgotten."""

    def forward(self, x: Array, t: Array) -> Array:
        self.save(x, t)
        return np.asarray(np.mean((x - t) ** 2), x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        x, t = self.saved
        g = gy * (x - t) / x.size
        return g, -g


class SquaredDistancePlus(SquaredDistance):
    """The target gets the prediction's gradient."""

    def backward(self, gy: Variable) -> Gradients:
        x, t = self.saved
        g = gy * (x - t) * (2 / x.size)
        return g, g


class Divergence(Function):
    """Σ t · (log t − log x), without a gradient towards t."""

    def forward(self, x: Array, t: Array) -> Array:
        self.save(x, t)
        return np.asarray(np.sum(t * (np.log(t) - np.log(x))), x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        x, t = self.saved
        return -gy * t / x, None


@dataclass(eq=False)
class BinaryCrossEntropy(Function):
    """log(1 + exp(x)) − t · x, with the derivative of the probability put before it once more."""

    t: float

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) - self.t * x

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        p = F.sigmoid(x)
        return gy * (p - self.t) * p * (1 - p)


def _log_softmax(x: Array, axis: int = -1) -> Array:
    return x - x.max(axis, keepdims=True) - np.log(np.exp(x - x.max(axis, keepdims=True)).sum(axis, keepdims=True))


def _softmax(x: Array, axis: int) -> Array:
    return np.exp(_log_softmax(x, axis))


def _cross_entropy(x: Array, labels: Array) -> Array:
    rows = [-_log_softmax(row)[label] for row, label in zip(x, labels, strict=True) if label >= 0]
    return np.asarray(np.mean(rows) if rows else 0.0)


def _huber(x: Array, delta: float) -> Array:
    return np.where(np.abs(x) < delta, x * x / 2, delta * (np.abs(x) - delta / 2))


def _minigrad(x: Variable, labels: Array) -> Variable:
    return F.softmax_cross_entropy(x, labels, ignore_label=-1)


def _smooth(x: Any, labels: Array) -> Variable:
    return F.softmax_cross_entropy(x, labels, label_smoothing=0.1)


def _softmax_spec(kind: Callable[..., Function]) -> OpSpec:
    return OpSpec(applied(kind), _softmax, shapes=with_axis(min_side=1))


def _log_spec(kind: Callable[..., Function]) -> OpSpec:
    return OpSpec(applied(kind), _log_softmax, shapes=with_axis(min_side=1))


_IGNORING = with_labels(ignored=True)
_TWO = matrices().map(lambda shape: (shape, shape))
_PROBABLE = (0.05, 1.0)

BENCH = [
    Wrong(
        "softmax: only the diagonal",
        _softmax_spec(SoftmaxDiagonal),
        "softmax",
        "Apiquet/DeepLearningFrameworkFromScratchCpp#1",
        right=F.softmax,
    ),
    Wrong("softmax: gy is handed on", _softmax_spec(SoftmaxPassing), "softmax", "pjreddie/darknet#96", right=F.softmax),
    Wrong(
        "softmax: zeros, right for a gy of ones",
        _softmax_spec(SoftmaxZero),
        "softmax",
        hint="the gradient is missing",
        right=F.softmax,
    ),
    Wrong(
        "softmax: added up along the wrong axis",
        _softmax_spec(SoftmaxAlongLast),
        "softmax",
        "deeplearning4j/deeplearning4j#345",
        right=F.softmax,
    ),
    Wrong(
        "log_softmax: plus for minus", _log_spec(LogSoftmaxPlus), "softmax", "mlpack/mlpack#2360", right=F.log_softmax
    ),
    Wrong(
        "log_softmax: the sum of gy is taken for 1",
        _log_spec(LogSoftmaxOfOneHot),
        "softmax",
        hint="gy enters other than as a factor",
        right=F.log_softmax,
    ),
    Wrong(
        "cross-entropy: ignored rows get a gradient",
        OpSpec(applied(CrossEntropyOfIgnored), _cross_entropy, shapes=_IGNORING),
        "loss",
        "PaddlePaddle/Paddle#28622",
        right=_minigrad,
    ),
    Wrong(
        "cross-entropy: divided by the number of all rows",
        OpSpec(applied(CrossEntropyOverAll), _cross_entropy, shapes=_IGNORING),
        "loss",
        "PaddlePaddle/Paddle#23708",
        hint="a factor of",
        right=_minigrad,
    ),
    Wrong(
        "cross-entropy: the gradient is computed in forward",
        OpSpec(applied(CrossEntropyAtOnce), _cross_entropy, shapes=with_labels()),
        "loss",
        "tensorflow/tensorflow#7403",
        hint="saves an array made on the way",
        right=_minigrad,
    ),
    Wrong(
        "cross-entropy: labels are smoothed in full",
        OpSpec(applied(CrossEntropySmoothedInFull), _smooth, shapes=with_labels()),
        "loss",
        "TimDettmers/ConvE#55",
        right=_smooth,
    ),
    Wrong(
        "cross-entropy: weights that do not add up to 1",
        OpSpec(
            applied(SoftCrossEntropy), lambda x, t: -np.sum(t * _log_softmax(x)), shapes=_TWO, domain={"t": (0.0, 1.0)}
        ),
        "loss",
        "kvark/meganeura#102",
        right=lambda x, t: -(t * F.log_softmax(x)).sum(),
    ),
    Wrong(
        "huber: the sides are told by the sign, too",
        OpSpec(applied(Huber), _huber, kwargs={"delta": [1.0, 0.5]}),
        "loss",
        "BobMcDear/attorch#13",
        right=huber,
    ),
    Wrong(
        "squared error: the 2 is forgotten",
        OpSpec(applied(SquaredDistance), lambda x, t: np.mean(np.square(x - t)), shapes=_TWO),
        "loss",
        hint="a factor of 0.5",
        right=F.mean_squared_error,
    ),
    Wrong(
        "squared error: the target gets +gy",
        OpSpec(applied(SquaredDistancePlus), lambda x, t: np.mean(np.square(x - t)), shapes=_TWO),
        "loss",
        hint="the sign",
        right=F.mean_squared_error,
    ),
    Wrong(
        "divergence: nothing for the target",
        OpSpec(applied(Divergence), lambda x, t: np.sum(t * np.log(t / x)), shapes=_TWO, domain=_PROBABLE),
        "loss",
        hint="the gradient is missing",
        right=lambda x, t: (t * (F.log(t) - F.log(x))).sum(),
    ),
    Wrong(
        "binary cross-entropy: the sigmoid's derivative once more",
        OpSpec(applied(BinaryCrossEntropy), lambda x, t: np.logaddexp(0, x) - t * x, kwargs={"t": [0.0, 1.0]}),
        "loss",
        right=lambda x, t: F.softplus(x) - x * t,
    ),
]
