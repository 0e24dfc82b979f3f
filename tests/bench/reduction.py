"""Reductions over axes, and sums and products that run along one."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.axes import Axis, axes_of
from minigrad.core.function import Function, Gradients
from minigrad.core.reduction import Max, Mean, Min, Sum
from minigrad.core.variable import Variable, apply
from minigrad.functions.reduction import LogSumExp
from minigrad.testing.bench.draws import vectors, with_mask
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec
from minigrad.testing.strategies import reductions, with_axis


def _reducing(kind: Callable[..., Function]) -> Callable[..., Variable]:
    """The function that applies a reduction over `axis`."""

    def op(x: Variable, axis: Axis = None, *, keepdims: bool = False) -> Variable:
        return apply(kind(axes_of("op", axis, x.ndim), keepdims), x)

    op.__name__ = getattr(kind, "__name__", "op")
    return op


class MaxToAll(Max):
    """Every one of several equal maxima gets all of gy."""

    def _pick(self, x: Array, best: Array) -> Array:
        self.save((x == best).astype(x.dtype))
        return best if self.keepdims else best.squeeze(self.axis)


class MaxWithTolerance(Max):
    """What is nearly the maximum shares the gradient."""

    def _pick(self, x: Array, best: Array) -> Array:
        argmax = np.abs(x - best) < 1e-2
        self.save((argmax / argmax.sum(self.axis, keepdims=True)).astype(x.dtype))
        return best if self.keepdims else best.squeeze(self.axis)


class MinToMaximum(Min):
    """The largest gets the gradient."""

    def forward(self, x: Array) -> Array:
        super()._pick(x, x.max(self.axis, keepdims=True))
        return np.asarray(x.min(self.axis, keepdims=self.keepdims))


class MeanOverAll(Mean):
    """Divides by the size of x, not by how many were averaged."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self._kept()).broadcast_to(self.shape) / max(int(np.prod(self.shape)), 1)

    def _kept(self) -> tuple[int, ...]:
        return tuple(1 if i in self.axis else n for i, n in enumerate(self.shape))


class MeanUndivided(MeanOverAll):
    """Does not divide."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self._kept()).broadcast_to(self.shape)


class SumWithoutAxes(Sum):
    """Broadcasts gy as it is: right for the first axes, for others only where lengths differ or are kept."""

    def backward(self, gy: Variable) -> Gradients:
        lead = len(self.shape) - gy.ndim
        return gy.reshape((1,) * lead + gy.shape).broadcast_to(self.shape)


@dataclass(eq=False)
class SumWhere(Function):
    """The sum of what the mask holds for, with gy for all."""

    mask: Any

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return np.asarray(np.sum(x, where=self.mask, dtype=x.dtype))

    def backward(self, gy: Variable) -> Gradients:
        return gy.broadcast_to(self.shape)


@dataclass(eq=False)
class ProdByDivision(Function):
    """The product along an axis, y / x the derivative: 0 / 0 at 0."""

    axis: int

    def forward(self, x: Array) -> Array:
        y = x.prod(self.axis)
        self.save(x, y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, y = self.saved
        return F.expand_dims(gy * y, self.axis) / x


class ProdOfOthers(ProdByDivision):
    """Saves the product of the others for each element, a constant to backward."""

    def forward(self, x: Array) -> Array:
        n = x.shape[self.axis]
        others = [np.delete(x, i, self.axis).prod(self.axis) for i in range(n)]
        self.save(np.stack(others, self.axis))
        return x.prod(self.axis)

    def backward(self, gy: Variable) -> Gradients:
        (others,) = self.saved
        return F.expand_dims(gy, self.axis) * others


def prod(x: Variable, axis: int) -> Variable:
    """The product along an axis, one factor after the other."""
    return functools.reduce(operator.mul, list(F.moveaxis(x, axis, 0)))


@dataclass(eq=False)
class CumSum(Function):
    """The sums of all elements up to each, along an axis."""

    axis: int

    def forward(self, x: Array) -> Array:
        return x.cumsum(self.axis)

    def backward(self, gy: Variable) -> Gradients:
        return from_the_end(gy, self.axis)


def from_the_end(x: Variable, axis: int) -> Variable:
    """The sums of all elements from each on."""
    reverse = (slice(None),) * (axis % x.ndim) + (slice(None, None, -1),)
    return apply(CumSum(axis), x[reverse])[reverse]


class CumSumForward(CumSum):
    """Adds up gy forwards, too."""

    def backward(self, gy: Variable) -> Gradients:
        return apply(CumSumForward(self.axis), gy)


class CumProd(CumSum):
    """The products of all elements up to each; the derivative divides by x."""

    def forward(self, x: Array) -> Array:
        y = x.cumprod(self.axis)
        self.save(x, y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, y = self.saved
        return from_the_end(gy * y, self.axis) / x


def cumprod(x: Variable, axis: int) -> Variable:
    """The products of all elements up to each, one after the other."""
    factors = list(F.moveaxis(x, axis, 0))
    return F.stack([functools.reduce(operator.mul, factors[: i + 1]) for i in range(len(factors))], axis)


@dataclass(eq=False)
class VarByCount(Function):
    """The variance with one degree of freedom taken, whose derivative divides by the count."""

    axis: int

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.asarray(x.var(self.axis, ddof=1))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        distance = x - x.mean(self.axis, keepdims=True)
        return F.expand_dims(gy, self.axis) * distance * (2 / x.shape[self.axis])


def std_by_root(x: Variable) -> Variable:
    """The root of the variance: 0 / 0 where all are equal."""
    return F.sqrt(F.var(x))


class Norm(Function):
    """√Σx², with gradient 0 at 0."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.asarray(np.sqrt(np.sum(x * x)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        squares = (x * x).sum()
        return gy * x / F.sqrt(squares + (squares.data == 0))


class NormAtZero(Norm):
    """Divides by the norm: 0 / 0 at 0."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x / F.sqrt((x * x).sum())


class Normalize(Function):
    """x / (√Σx² + 1e-5) of a vector, without the epsilon in the derivative."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x / (np.sqrt(np.sum(x * x)) + 1e-5)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        norm = F.sqrt((x * x).sum())
        return (gy - x * (gy * x).sum() / (norm * norm)) / norm


class LogSumExpOfAll(LogSumExp):
    """Subtracts the maximum of the whole array: rows far below it underflow."""

    def forward(self, x: Array) -> Array:
        super().forward(x)
        best = x.max()
        return np.asarray(np.log(np.exp(x - best).sum(self.axis, keepdims=self.keepdims)) + best)


def _logsumexp(x: Array, axis: Any, *, keepdims: bool) -> Array:
    log_of_sum: Any = np.logaddexp
    return log_of_sum.reduce(x, axis, keepdims=keepdims)


_FULL = reductions(min_side=1)
_PAIRS = with_axis(min_side=2)
_ALONG = with_axis(min_side=1)

BENCH = [
    Wrong(
        "max: ties get the whole gradient",
        OpSpec(_reducing(MaxToAll), np.max, shapes=_FULL),
        "reduction",
        "apache/mxnet#18563",
        hint="ties",
        right=F.max,
    ),
    Wrong(
        "max: a tolerance makes ties",
        OpSpec(_reducing(MaxWithTolerance), np.max, shapes=_FULL),
        "reduction",
        "mni-ml/framework#22",
        right=F.max,
    ),
    Wrong(
        "min: the largest gets the gradient",
        OpSpec(_reducing(MinToMaximum), np.min, shapes=_FULL),
        "reduction",
        right=F.min,
    ),
    Wrong(
        "mean: divides by the size of x",
        OpSpec(_reducing(MeanOverAll), np.mean, shapes=_FULL),
        "reduction",
        "swiftlang/swift#23033",
        hint="a factor of",
        right=F.mean,
    ),
    Wrong(
        "mean: does not divide",
        OpSpec(_reducing(MeanUndivided), np.mean, shapes=_FULL),
        "reduction",
        "kakaobrain/trident#66",
        hint="a factor of",
        right=F.mean,
    ),
    Wrong(
        "sum: the lost axes are put back in front",
        OpSpec(_reducing(SumWithoutAxes), np.sum, shapes=reductions()),
        "reduction",
        "harvard-edge/cs249r_book#1867",
        right=F.sum,
    ),
    Wrong(
        "sum: the mask is ignored",
        OpSpec(applied(SumWhere), lambda x, mask: np.sum(x, where=mask), shapes=with_mask()),
        "reduction",
        "HIPS/autograd#810",
        right=lambda x, mask: F.where(mask, x, 0.0).sum(),
    ),
    Wrong(
        "prod: divides by 0",
        OpSpec(applied(ProdByDivision), np.prod, shapes=_ALONG),
        "reduction",
        "pytorch/pytorch#773",
        hint="NaN",
        right=prod,
    ),
    Wrong(
        "prod: the product of the others is a constant",
        OpSpec(applied(ProdOfOthers), np.prod, shapes=_ALONG),
        "reduction",
        "pytorch/pytorch#106789",
        hint="saves an array made on the way",
        right=prod,
    ),
    Wrong(
        "cumprod: divides by 0",
        OpSpec(applied(CumProd), np.cumprod, shapes=_ALONG),
        "reduction",
        "tensorflow/tensorflow#3862",
        hint="NaN",
        right=cumprod,
    ),
    Wrong(
        "cumsum: adds up gy forwards",
        OpSpec(applied(CumSumForward), np.cumsum, shapes=_ALONG),
        "reduction",
        "PaddlePaddle/Paddle#50997",
        right=applied(CumSum),
    ),
    Wrong(
        "var: divides by the count, less nothing",
        OpSpec(applied(VarByCount), lambda x, axis: np.var(x, axis, ddof=1), shapes=_PAIRS),
        "reduction",
        hint="a factor of",
        right=lambda x, axis: F.var(x, axis, ddof=1),
    ),
    Wrong(
        "std: 0 / 0 where all are equal",
        OpSpec(std_by_root, np.std, shapes=vectors(3)),  # of two numbers it has no second derivative: only rounding
        "reduction",
        "pytorch/pytorch#4320",
        hint="NaN",
        right=F.std,
    ),
    Wrong(
        "norm: 0 / 0 at 0",
        OpSpec(applied(NormAtZero), np.linalg.norm, shapes=vectors()),
        "reduction",
        "pytorch/pytorch#2421",
        hint="NaN",
        right=applied(Norm),
    ),
    Wrong(
        "normalize: the epsilon is missing in the derivative",
        OpSpec(applied(Normalize), lambda x: x / (np.linalg.norm(x) + 1e-5), shapes=vectors(), domain=(0.1, 10.0)),
        "reduction",
        "chainer/chainer#4190",
    ),
    Wrong(
        "logsumexp: subtracts the maximum of all rows",
        OpSpec(_reducing(LogSumExpOfAll), _logsumexp, shapes=reductions(min_dims=1, min_side=1)),
        "reduction",
        "jax-ml/jax#23842",
        right=F.logsumexp,
    ),
]
