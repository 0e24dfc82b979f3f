"""Normalizations and dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable, apply
from minigrad.functions.activation import Dropout
from minigrad.testing.bench.draws import matrices
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec

EPS = 1e-2


class Normalize(Function):
    """(x − mean) / √(var + eps) · scale + shift for a matrix x (N, C), over the rows `axis` 0 or the columns 1."""

    axis = 0

    def forward(self, x: Array, scale: Array, shift: Array) -> Array:
        self.save(x, scale)
        return (x - x.mean(self.axis, keepdims=True)) / self.deviation(x) * scale + shift

    def deviation(self, x: Any) -> Any:
        """√(var + eps)."""
        distance = x - x.mean(self.axis, keepdims=True)
        return np.sqrt((distance * distance).mean(self.axis, keepdims=True) + EPS)

    def backward(self, gy: Variable) -> Gradients:
        x, scale = self.saved
        deviation = self.deviation(x)
        z = (x - x.mean(self.axis, keepdims=True)) / deviation
        return self.towards_x(gy * scale, z) / deviation, (gy * z).sum(0), gy.sum(0)

    def towards_x(self, g: Variable, z: Variable) -> Variable:
        """The gradient of x, to be divided by the deviation; of z the gradient is g."""
        return g - self.mean(g) - z * self.mean(g * z)

    def mean(self, g: Variable) -> Variable:
        """The mean over the axis."""
        return g.mean(self.axis, keepdims=True)


class WithoutMean(Normalize):
    """The term through the mean is missing."""

    def towards_x(self, g: Variable, z: Variable) -> Variable:
        return g - z * self.mean(g * z)


class WithoutVariance(Normalize):
    """The term through the variance is missing."""

    def towards_x(self, g: Variable, z: Variable) -> Variable:  # noqa: ARG002 - forgotten
        return g - self.mean(g)


class OneLess(Normalize):
    """Divides by one less than the count in the term through the variance."""

    def towards_x(self, g: Variable, z: Variable) -> Variable:
        n = g.shape[self.axis]
        return g - self.mean(g) - z * self.mean(g * z) * (n / max(n - 1, 1))


class WithoutScale(Normalize):
    """Forgets the scale in the gradient of x."""

    def backward(self, gy: Variable) -> Gradients:
        x, _ = self.saved
        deviation = self.deviation(x)
        z = (x - x.mean(self.axis, keepdims=True)) / deviation
        return self.towards_x(gy, z) / deviation, (gy * z).sum(0), gy.sum(0)


class LayerNormalize(Normalize):
    """The same over the features of each row."""

    axis = 1


class ScaleForShift(LayerNormalize):
    """Exchanges the gradients of scale and shift."""

    def backward(self, gy: Variable) -> Gradients:
        found = super().backward(gy)
        assert isinstance(found, tuple)
        gx, gscale, gshift = found
        return gx, gshift, gscale


class MeanOverRows(LayerNormalize):
    """Takes the means over the batch."""

    def mean(self, g: Variable) -> Variable:
        return g.mean(0, keepdims=True)


class RootMeanSquare(Function):
    """x / √(mean x² + eps) over the last axis, with a constant denominator."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / F.sqrt((x * x).mean(-1, keepdims=True) + EPS)


@dataclass(eq=False)
class Dropped(Dropout):
    """A right dropout."""


class DropoutScaled(Dropped):
    """Scales gy, and drops none of it."""

    def backward(self, gy: Variable) -> Gradients:
        return gy / (1 - self.p)


class DropoutUnscaled(Dropped):
    """Drops, and does not scale."""

    def backward(self, gy: Variable) -> Gradients:
        (mask,) = self.saved
        gx: Variable = gy * (mask.data > 0)
        return gx


class DropoutOfOutput(Dropped):
    """Takes for dropped what is 0 in the output."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        gx: Variable = gy * (y.data != 0) / (1 - self.p)
        return gx


class DropoutAgain(Dropped):
    """Draws another mask for gy."""

    def backward(self, gy: Variable) -> Gradients:
        return apply(Dropout(self.p, self.rng), gy)


def _dropout(kind: type[Dropout]) -> Any:
    """Dropout with a generator made anew from a seed."""

    def op(x: Variable, p: float, seed: int) -> Variable:
        return apply(kind(p, np.random.default_rng(seed)), x)

    op.__name__ = kind.__name__
    return op


def _normalized(axis: int) -> Any:
    def reference(x: Array, scale: Array, shift: Array) -> Array:
        return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + EPS) * scale + shift

    return reference


_SHAPES = matrices().map(lambda shape: (shape, shape[1:], shape[1:]))
_P = {"p": [0.25, 0.5], "seed": [0, 1, 2]}


def _batch_norm(kind: type[Normalize]) -> OpSpec:
    return OpSpec(applied(kind), _normalized(kind.axis), shapes=_SHAPES, domain=(-10.0, 10.0))


BENCH = [
    Wrong(
        "batch_norm: the term through the mean",
        _batch_norm(WithoutMean),
        "normalization",
        "mlpack/mlpack#2474",
        right=applied(Normalize),
    ),
    Wrong(
        "batch_norm: the term through the variance",
        _batch_norm(WithoutVariance),
        "normalization",
        right=applied(Normalize),
    ),
    Wrong("batch_norm: one less than the count", _batch_norm(OneLess), "normalization", right=applied(Normalize)),
    Wrong(
        "batch_norm: the scale is forgotten",
        _batch_norm(WithoutScale),
        "normalization",
        hint="a factor is missing: input 1",
        right=applied(Normalize),
    ),
    Wrong(
        "layer_norm: scale and shift exchanged",
        _batch_norm(ScaleForShift),
        "normalization",
        "Oneflow-Inc/oneflow#6149",
        hint="exchanged",
        right=applied(LayerNormalize),
    ),
    Wrong(
        "layer_norm: means over the batch", _batch_norm(MeanOverRows), "normalization", right=applied(LayerNormalize)
    ),
    Wrong(
        "rms_norm: a constant denominator",
        OpSpec(
            applied(RootMeanSquare),
            lambda x: x / np.sqrt(np.mean(np.square(x), -1, keepdims=True) + EPS),
            shapes=matrices(),
        ),
        "normalization",
        right=lambda x: x / F.sqrt((x * x).mean(-1, keepdims=True) + EPS),
    ),
    Wrong(
        "dropout: nothing is dropped",
        OpSpec(_dropout(DropoutScaled), kwargs=_P),
        "dropout",
        "ddbourgin/numpy-ml#94",
        right=_dropout(Dropped),
    ),
    Wrong(
        "dropout: nothing is scaled",
        OpSpec(_dropout(DropoutUnscaled), kwargs=_P),
        "dropout",
        hint="a factor of",
        right=_dropout(Dropped),
    ),
    Wrong(
        "dropout: what is 0 is taken for dropped",
        OpSpec(_dropout(DropoutOfOutput), kwargs=_P),
        "dropout",
        "kaldi-asr/kaldi#3890",
        hint="only where the input is 0",
        right=_dropout(Dropped),
    ),
    Wrong(
        "dropout: another mask in backward",
        OpSpec(_dropout(DropoutAgain), kwargs=_P),
        "dropout",
        right=_dropout(Dropped),
    ),
]
