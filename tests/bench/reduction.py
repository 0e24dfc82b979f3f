"""Reductions over axes, and sums and products that run along one."""

import functools
import operator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.core.axes import normalize_axes
from minigrad.core.function import Function
from minigrad.core.reduction import Max, Mean, Min, Sum
from minigrad.core.variable import apply
from minigrad.functions.reduction import LogSumExp
from minigrad.testing.strategies import reductions, with_axis
from tests.bench.draws import vectors, with_mask
from tests.bench.wrong import wrong


def _reducing(kind):
    """The function that applies a reduction over `axis`."""

    def op(x, axis=None, *, keepdims=False):
        return apply(kind(normalize_axes("op", axis, x.ndim), keepdims), x)

    op.__name__ = getattr(kind, "__name__", "op")
    return op


reduction = partial(wrong, "reduction", op=_reducing)
_FULL = reductions(min_side=1)


@reduction(np.max, shapes=_FULL, hint="ties", source="apache/mxnet#18563")
class MaxToAll(Max):
    """max: ties get the whole gradient. Every one of several equal maxima gets all of gy."""

    def _pick(self, x, best):
        self.save((x == best).astype(x.dtype))
        return best if self.keepdims else best.squeeze(self.axis)


@reduction(np.max, shapes=_FULL, source="mni-ml/framework#22")
class MaxWithTolerance(Max):
    """max: a tolerance makes ties. What is nearly the maximum shares the gradient."""

    def _pick(self, x, best):
        argmax = np.abs(x - best) < 1e-2
        self.save((argmax / argmax.sum(self.axis, keepdims=True)).astype(x.dtype))
        return best if self.keepdims else best.squeeze(self.axis)


@wrong("reduction", np.min, shapes=_FULL, op=_reducing)
class MinToMaximum(Min):
    """min: the largest gets the gradient."""

    def forward(self, x):
        super()._pick(x, x.max(self.axis, keepdims=True))
        return np.asarray(x.min(self.axis, keepdims=self.keepdims))


@reduction(np.mean, shapes=_FULL, hint="a factor of", source="swiftlang/swift#23033")
class MeanOverAll(Mean):
    """mean: divides by the size of x. Divides by the size of x, not by how many were averaged."""

    def backward(self, gy):
        return gy.reshape(self._kept()).broadcast_to(self.shape) / max(int(np.prod(self.shape)), 1)

    def _kept(self):
        return tuple(1 if i in self.axis else n for i, n in enumerate(self.shape))


@reduction(np.mean, of=MeanOverAll, shapes=_FULL, right=F.mean, hint="a factor of", source="kakaobrain/trident#66")
def mean_undivided(self, gy):
    """mean: does not divide."""
    return gy.reshape(self._kept()).broadcast_to(self.shape)


@reduction(np.sum, of=Sum, shapes=reductions(), source="harvard-edge/cs249r_book#1867")
def sum_without_axes(self, gy):
    """sum: the lost axes are put back in front.
    Broadcasts gy as it is: right for the first axes, for others only where lengths differ or are kept."""
    lead = len(self.shape) - gy.ndim
    return gy.reshape((1,) * lead + gy.shape).broadcast_to(self.shape)


@wrong(
    "reduction",
    lambda x, mask: np.sum(x, where=mask),
    shapes=with_mask(),
    right=lambda x, mask: F.where(mask, x, 0.0).sum(),
    source="HIPS/autograd#810",
)
@dataclass(eq=False)
class SumWhere(Function):
    """sum: the mask is ignored. The sum of what the mask holds for, with gy for all."""

    mask: Any

    def forward(self, x):
        self.shape = x.shape
        return np.asarray(np.sum(x, where=self.mask, dtype=x.dtype))

    def backward(self, gy):
        return gy.broadcast_to(self.shape)


def prod(x, axis):
    """The product along an axis, one factor after the other."""
    return functools.reduce(operator.mul, list(F.moveaxis(x, axis, 0)))


_ALONG = with_axis(min_side=1)


@wrong("reduction", np.prod, shapes=_ALONG, right=prod, hint="NaN", source="pytorch/pytorch#773")
@dataclass(eq=False)
class ProdByDivision(Function):
    """prod: divides by 0. The product along an axis, y / x the derivative: 0 / 0 at 0."""

    axis: int

    def forward(self, x):
        y = x.prod(self.axis)
        self.save(x, y)
        return y

    def backward(self, gy):
        x, y = self.saved
        return F.expand_dims(gy * y, self.axis) / x


@wrong(
    "reduction",
    np.prod,
    shapes=_ALONG,
    right=prod,
    hint="saves an array made on the way",
    source="pytorch/pytorch#106789",
)
class ProdOfOthers(ProdByDivision):
    """prod: the product of the others is a constant.
    Saves the product of the others for each element, a constant to backward."""

    def forward(self, x):
        n = x.shape[self.axis]
        others = [np.delete(x, i, self.axis).prod(self.axis) for i in range(n)]
        self.save(np.stack(others, self.axis))
        return x.prod(self.axis)

    def backward(self, gy):
        (others,) = self.saved
        return F.expand_dims(gy, self.axis) * others


@dataclass(eq=False)
class CumSum(Function):
    """The sums of all elements up to each, along an axis."""

    axis: int

    def forward(self, x):
        return x.cumsum(self.axis)

    def backward(self, gy):
        return from_the_end(gy, self.axis)


def from_the_end(x, axis):
    """The sums of all elements from each on."""
    reverse = (slice(None),) * (axis % x.ndim) + (slice(None, None, -1),)
    return apply(CumSum(axis), x[reverse])[reverse]


@wrong("reduction", np.cumsum, shapes=_ALONG, source="PaddlePaddle/Paddle#50997")
class CumSumForward(CumSum):
    """cumsum: adds up gy forwards."""

    def backward(self, gy):
        return apply(CumSumForward(self.axis), gy)


def cumprod(x, axis):
    """The products of all elements up to each, one after the other."""
    factors = list(F.moveaxis(x, axis, 0))
    return F.stack([functools.reduce(operator.mul, factors[: i + 1]) for i in range(len(factors))], axis)


@wrong("reduction", np.cumprod, shapes=_ALONG, right=cumprod, hint="NaN", source="tensorflow/tensorflow#3862")
class CumProd(CumSum):
    """cumprod: divides by 0. The products of all elements up to each; the derivative divides by x."""

    def forward(self, x):
        y = x.cumprod(self.axis)
        self.save(x, y)
        return y

    def backward(self, gy):
        x, y = self.saved
        return from_the_end(gy * y, self.axis) / x


_PAIRS = with_axis(min_side=2)


@wrong(
    "reduction",
    lambda x, axis: np.var(x, axis, ddof=1),
    shapes=_PAIRS,
    right=lambda x, axis: F.var(x, axis, ddof=1),
    hint="a factor of",
)
@dataclass(eq=False)
class VarByCount(Function):
    """var: divides by the count, less nothing.
    The variance with one degree of freedom taken, whose derivative divides by the count."""

    axis: int

    def forward(self, x):
        self.save(x)
        return np.asarray(x.var(self.axis, ddof=1))

    def backward(self, gy):
        (x,) = self.saved
        distance = x - x.mean(self.axis, keepdims=True)
        return F.expand_dims(gy, self.axis) * distance * (2 / x.shape[self.axis])


@wrong("reduction", np.std, shapes=vectors(3), right=F.std, hint="NaN", source="pytorch/pytorch#4320")
def std_by_root(x):
    """std: 0 / 0 where all are equal. The root of the variance: 0 / 0 where all are equal."""
    return F.sqrt(F.var(x))


class Norm(Function):
    """√Σx², with gradient 0 at 0."""

    def forward(self, x):
        self.save(x)
        return np.asarray(np.sqrt(np.sum(x * x)))

    def backward(self, gy):
        (x,) = self.saved
        squares = (x * x).sum()
        return gy * x / F.sqrt(squares + (squares.data == 0))


@wrong("reduction", np.linalg.norm, of=Norm, shapes=vectors(), hint="NaN", source="pytorch/pytorch#2421")
def norm_at_zero(self, gy, x):
    """norm: 0 / 0 at 0. Divides by the norm: 0 / 0 at 0."""
    return gy * x / F.sqrt((x * x).sum())


@wrong(
    "reduction",
    lambda x: x / (np.linalg.norm(x) + 1e-5),
    shapes=vectors(),
    domain=(0.1, 10.0),
    source="chainer/chainer#4190",
    forward=lambda x: x / (np.sqrt(np.sum(x * x)) + 1e-5),
)
def normalize(self, gy, x):
    """normalize: the epsilon is missing in the derivative.
    x / (√Σx² + 1e-5) of a vector, without the epsilon in the derivative."""
    norm = F.sqrt((x * x).sum())
    return (gy - x * (gy * x).sum() / (norm * norm)) / norm


def _logsumexp(x, axis, *, keepdims):
    log_of_sum: Any = np.logaddexp
    return log_of_sum.reduce(x, axis, keepdims=keepdims)


@reduction(_logsumexp, shapes=reductions(min_dims=1, min_side=1), source="jax-ml/jax#23842")
class LogSumExpOfAll(LogSumExp):
    """logsumexp: subtracts the maximum of all rows.
    Subtracts the maximum of the whole array: rows far below it underflow."""

    def forward(self, x):
        super().forward(x)
        best = x.max()
        return np.asarray(np.log(np.exp(x - best).sum(self.axis, keepdims=self.keepdims)) + best)
