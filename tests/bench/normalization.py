"""Normalizations and dropout."""

from dataclasses import dataclass
from functools import partial

import numpy as np

import minigrad.functions as F
from minigrad.core.function import Function
from minigrad.core.variable import Variable, apply
from minigrad.functions.dropout import Dropout
from tests.bench.draws import matrices
from tests.bench.wrong import wrong

EPS = 1e-2


class Normalize(Function):
    """(x − mean) / √(var + eps) · scale + shift for a matrix x (N, C), over the rows `axis` 0 or the columns 1."""

    axis = 0

    def forward(self, x, scale, shift):
        self.save(x, scale)
        return (x - x.mean(self.axis, keepdims=True)) / self.deviation(x) * scale + shift

    def deviation(self, x):
        """√(var + eps)."""
        distance = x - x.mean(self.axis, keepdims=True)
        return np.sqrt((distance * distance).mean(self.axis, keepdims=True) + EPS)

    def backward(self, gy):
        x, scale = self.saved
        deviation = self.deviation(x)
        z = (x - x.mean(self.axis, keepdims=True)) / deviation
        return self.towards_x(gy * scale, z) / deviation, (gy * z).sum(0), gy.sum(0)

    def towards_x(self, g, z):
        """The gradient of x, to be divided by the deviation; of z the gradient is g."""
        return g - self.mean(g) - z * self.mean(g * z)

    def mean(self, g):
        """The mean over the axis."""
        return g.mean(self.axis, keepdims=True)


def _normalized(axis):
    def reference(x, scale, shift):
        return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + EPS) * scale + shift

    return reference


_SHAPES = matrices().map(lambda shape: (shape, shape[1:], shape[1:]))
batch_norm = partial(wrong, "normalization", _normalized(0), shapes=_SHAPES, domain=(-10.0, 10.0))
layer_norm = partial(wrong, "normalization", _normalized(1), shapes=_SHAPES, domain=(-10.0, 10.0))


@batch_norm(source="mlpack/mlpack#2474")
class WithoutMean(Normalize):
    """batch_norm: the term through the mean."""

    def towards_x(self, g, z):
        return g - z * self.mean(g * z)


@batch_norm()
class WithoutVariance(Normalize):
    """batch_norm: the term through the variance."""

    def towards_x(self, g: Variable, z: Variable) -> Variable:
        return g - self.mean(g)


@batch_norm()
class OneLess(Normalize):
    """batch_norm: one less than the count. Divides by one less than the count in the term through the variance."""

    def towards_x(self, g, z):
        n = g.shape[self.axis]
        return g - self.mean(g) - z * self.mean(g * z) * (n / max(n - 1, 1))


@batch_norm(of=Normalize, hint="a factor is missing: input 1")
def without_scale(self, gy, x, _):
    """batch_norm: the scale is forgotten. Forgets the scale in the gradient of x."""
    deviation = self.deviation(x)
    z = (x - x.mean(self.axis, keepdims=True)) / deviation
    return self.towards_x(gy, z) / deviation, (gy * z).sum(0), gy.sum(0)


class LayerNormalize(Normalize):
    """The same over the features of each row."""

    axis = 1


@layer_norm(hint="exchanged", source="Oneflow-Inc/oneflow#6149")
class ScaleForShift(LayerNormalize):
    """layer_norm: scale and shift exchanged. Exchanges the gradients of scale and shift."""

    def backward(self, gy):
        found = super().backward(gy)
        assert isinstance(found, tuple)
        gx, gscale, gshift = found
        return gx, gshift, gscale


@layer_norm()
class MeanOverRows(LayerNormalize):
    """layer_norm: means over the batch."""

    def mean(self, g):
        return g.mean(0, keepdims=True)


@wrong(
    "normalization",
    lambda x: x / np.sqrt(np.mean(np.square(x), -1, keepdims=True) + EPS),
    shapes=matrices(),
    right=lambda x: x / F.sqrt((x * x).mean(-1, keepdims=True) + EPS),
    forward=lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS),
)
def root_mean_square(self, gy, x):
    """rms_norm: a constant denominator. x / √(mean x² + eps) over the last axis, with a constant denominator."""
    return gy / F.sqrt((x * x).mean(-1, keepdims=True) + EPS)


@dataclass(eq=False)
class Dropped(Dropout):
    """A right dropout."""


def _dropout(kind):
    """Dropout with a generator made anew from a seed."""

    def op(x, p, seed):
        return apply(kind(p, np.random.default_rng(seed)), x)

    op.__name__ = kind.__name__
    return op


dropout = partial(wrong, "dropout", op=_dropout, kwargs={"p": [0.25, 0.5], "seed": [0, 1, 2]})


@dropout(of=Dropped, source="ddbourgin/numpy-ml#94")
def dropout_scaled(self, gy):
    """dropout: nothing is dropped. Scales gy, and drops none of it."""
    return gy / (1 - self.p)


@dropout(of=Dropped, hint="a factor of")
def dropout_unscaled(self, gy, mask):
    """dropout: nothing is scaled. Drops, and does not scale."""
    return gy * (mask.data > 0)


@dropout(hint="only where the input is 0", source="kaldi-asr/kaldi#3890")
class DropoutOfOutput(Dropped):
    """dropout: what is 0 is taken for dropped. Takes for dropped what is 0 in the output."""

    def forward(self, x):
        y = super().forward(x)
        self.save(y)
        return y

    def backward(self, gy):
        (y,) = self.saved
        return gy * (y.data != 0) / (1 - self.p)


@dropout(of=Dropped)
def dropout_again(self, gy):
    """dropout: another mask in backward. Draws another mask for gy."""
    return apply(Dropout(self.p, self.rng), gy)
