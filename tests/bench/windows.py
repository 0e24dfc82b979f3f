"""What slides over images: convolutions and pooling; and resizing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.config import enable_grad
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable, apply
from minigrad.functions.convolution import Conv2d, ConvTranspose2d, FilterCorrelation
from minigrad.functions.pooling import AvgPool2d, AvgSpread2d, MaxPool2d, PoolScatter
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec
from minigrad.testing.strategies import conv2d_args, pool2d_args


class ConvWithBoth(Conv2d):
    """A right convolution, in parts to be got wrong one by one."""

    def forward(self, x: Array, w: Array, *b: Array) -> Array:
        y = super().forward(x, w, *b)
        self.save(x, w)
        return y

    def towards_x(self, gy: Variable, w: Variable) -> Variable:
        """The images' gradient."""
        return apply(ConvTranspose2d(self.window, self.size, self.groups), gy, w)

    def towards_w(self, x: Variable, gy: Variable) -> Variable:
        """The filters' gradient."""
        return apply(FilterCorrelation(self.window, self.groups), x, gy)

    def towards_b(self, gy: Variable) -> Variable:
        """The bias' gradient."""
        return gy.sum((0, 2, 3))

    def backward(self, gy: Variable) -> Gradients:
        x, w = self.saved
        return self.towards_x(gy, w), self.towards_w(x, gy), self.towards_b(gy)


class ConvWithoutRest(ConvWithBoth):
    """Works out the image's size from the output's: pixels that the stride leaves over are missing."""

    def towards_x(self, gy: Variable, w: Variable) -> Variable:
        (OH, OW), (SH, SW), (RH, RW) = gy.shape[2:], self.window.stride, self.window.effective_kernel
        (above, below), (left, right) = self.window.pad
        size = (OH - 1) * SH + RH - above - below, (OW - 1) * SW + RW - left - right
        return apply(ConvTranspose2d(self.window, size, self.groups), gy, w)


class ConvStrideForDilation(ConvWithBoth):
    """Exchanges stride and dilation in the filters' gradient."""

    def towards_w(self, x: Variable, gy: Variable) -> Variable:
        window = replace(self.window, stride=self.window.dilation, dilation=self.window.stride)
        return apply(FilterCorrelation(window, self.groups), x, gy)


class ConvGroupsReversed(ConvWithBoth):
    """Puts the groups of the filters' gradient together in the wrong order."""

    def towards_w(self, x: Variable, gy: Variable) -> Variable:
        gw = super().towards_w(x, gy)
        return gw.reshape(self.groups, -1, *gw.shape[1:])[::-1].reshape(gw.shape)


class ConvOverBatch(ConvWithBoth):
    """Divides the filters' gradient by the number of images."""

    def towards_w(self, x: Variable, gy: Variable) -> Variable:
        return super().towards_w(x, gy) / max(x.shape[0], 1)


class ConvUnflipped(ConvWithBoth):
    """Turns the filters round in the images' gradient once too often."""

    def towards_x(self, gy: Variable, w: Variable) -> Variable:
        return super().towards_x(gy, w[:, :, ::-1, ::-1])


class ConvBiasOfCorner(ConvWithBoth):
    """Adds up the bias' gradient over the batch, not over the pixels."""

    def towards_b(self, gy: Variable) -> Variable:
        return gy[:, :, 0, 0].sum(0)


class TransposeOnce(ConvTranspose2d):
    """Turns the filters round in the gradient towards y."""

    def backward(self, gx: Variable) -> Gradients:
        y, w = self.saved
        gy = apply(Conv2d(self.window, self.groups), gx, w[:, :, ::-1, ::-1])
        return gy, apply(FilterCorrelation(self.window, self.groups), gx, y)

    def forward(self, y: Array, w: Array) -> Array:
        x = super().forward(y, w)
        self.save(y, w)
        return x


class ConvTwiceWrong(ConvWithBoth):
    """The first derivative is right, the derivative of the images' gradient is not."""

    def towards_x(self, gy: Variable, w: Variable) -> Variable:
        return apply(TransposeOnce(self.window, self.size, self.groups), gy, w)


class MaxPoolWriting(MaxPool2d):
    """Writes in place of adding where windows overlap."""

    def backward(self, gy: Variable) -> Gradients:
        (argmax,) = self.saved
        return apply(PoolWrite(self.window, self.size), gy, argmax)


class PoolWrite(PoolScatter):
    """Each pixel of y written where its window's winner was: the last one remains."""

    def forward(self, y: Array, argmax: Array) -> Array:
        self.save(argmax)
        x = np.zeros((*y.shape[:2], *self.window.padded(self.size)), y.dtype)
        for k, (rows, columns) in enumerate(self.window.taps(self.size)):
            x[:, :, rows, columns] = np.where(argmax == k, y, x[:, :, rows, columns])
        return np.ascontiguousarray(x[(..., *self.window.valid_region())])


class MaxPoolInBorder(MaxPool2d):
    """Does not take off the border before the image: the gradient lies that much further."""

    def backward(self, gy: Variable) -> Gradients:
        (argmax,) = self.saved
        (H, W), pad = self.size, self.window.pad
        bare = replace(self.window, pad=((0, sum(pad[0])), (0, sum(pad[1]))))
        size = H + sum(pad[0]), W + sum(pad[1])
        return apply(PoolScatter(replace(bare, pad=((0, 0), (0, 0))), size), gy, argmax)[:, :, :H, :W]


class MaxPoolToAll(MaxPool2d):
    """Every one of several equal maxima gets all of gy."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.save(x, y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, y = self.saved
        widths = ((0, 0), (0, 0), *self.window.pad)
        padded = F.pad(x, widths, value=-np.inf).data
        gx = gy.sum() * np.zeros(padded.shape)
        for rows, columns in self.window.taps(self.size):
            key = (slice(None), slice(None), rows, columns)
            gx = gx + (gy * (padded[key] == y.data)).scatter_add(key, padded.shape)
        return gx[(..., *self.window.valid_region())]


class AvgPoolByArea(AvgPool2d):
    """Divides by the window's area, whatever the forward divided by."""

    def backward(self, gy: Variable) -> Gradients:
        area = np.full_like(self.divisor, np.prod(self.window.kernel))
        return apply(AvgSpread2d(self.window, self.size, area), gy)


class AvgPoolTurned(AvgPool2d):
    """Exchanges the window's height and width."""

    def backward(self, gy: Variable) -> Gradients:
        KH, KW = self.window.kernel
        return apply(AvgSpread2d(replace(self.window, kernel=(KW, KH)), self.size, self.divisor), gy)


@dataclass(eq=False)
class Enlarge(Function):
    """Each pixel as a block of (height, width) pixels."""

    height: int
    width: int

    def forward(self, x: Array) -> Array:
        return x.repeat(self.height, 2).repeat(self.width, 3)

    def backward(self, gy: Variable) -> Gradients:
        return self.blocks(gy, self.height, self.width)

    def blocks(self, gy: Variable, height: int, width: int) -> Variable:
        """The sum of each block."""
        N, C, H, W = gy.shape
        return gy.reshape(N, C, H // height, height, W // width, width).sum((3, 5))


class EnlargeTurned(Enlarge):
    """Exchanges height and width."""

    def backward(self, gy: Variable) -> Gradients:
        return self.blocks(gy, self.width, self.height)


@dataclass(eq=False)
class Interpolate(Function):
    """Columns stretched to another width, linearly, with both ends kept."""

    width: int

    def forward(self, x: Array) -> Array:
        self.weights = interpolation(x.shape[-1], self.width)
        return (x @ self.weights).astype(x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        gx: Variable = gy @ self.weights.T
        return gx


class InterpolateNearest(Interpolate):
    """Gives each pixel's gradient to the nearest one alone."""

    def backward(self, gy: Variable) -> Gradients:
        return gy @ np.round(self.weights).T


def interpolation(n: int, width: int) -> Array:
    """The matrix (n, width) of linear interpolation."""
    places = np.linspace(0, n - 1, width)
    return np.maximum(0, 1 - np.abs(np.arange(n)[:, None] - places))


def _taken(name: str, kind: type[Function]) -> Callable[..., Variable]:
    """conv2d, or a pooling function, with another Function in its place."""
    original: Any = getattr(F, name)

    def op(*xs: Any, **kwargs: Any) -> Variable:
        with enable_grad():
            node: Any = original(*[Variable(x.data) for x in xs], **kwargs).creator
        parameters = {key: getattr(node, key) for key in ("window", "groups", "divisor") if key in vars(node)}
        return apply(kind(**parameters), *xs)

    op.__name__ = name
    return op


@st.composite
def _scales(draw: st.DrawFn) -> tuple[int, int, int, int]:
    return draw(st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3)))


_CONV = conv2d_args()
_POOL = pool2d_args()
_MEAN = pool2d_args(counts_pad=True)


def _conv(kind: type[Function]) -> OpSpec:
    return OpSpec(_taken("conv2d", kind), F.conv2d, shapes=_CONV)


BENCH = [
    Wrong(
        "conv2d: pixels that the stride leaves over",
        _conv(ConvWithoutRest),
        "convolution",
        "f-dangel/backpack#30",
        right=F.conv2d,
    ),
    Wrong(
        "conv2d: stride and dilation exchanged",
        _conv(ConvStrideForDilation),
        "convolution",
        "huggingface/candle#2337",
        right=F.conv2d,
    ),
    Wrong(
        "conv2d: groups in the wrong order",
        _conv(ConvGroupsReversed),
        "convolution",
        "pytorch/pytorch#51430",
        right=F.conv2d,
    ),
    Wrong(
        "conv2d: filters' gradient divided by the batch",
        _conv(ConvOverBatch),
        "convolution",
        "sebgao/cTensor#3",
        hint="a factor of 0.5",
        right=F.conv2d,
    ),
    Wrong("conv2d: filters turned round", _conv(ConvUnflipped), "convolution", right=F.conv2d),
    Wrong("conv2d: bias summed over the batch only", _conv(ConvBiasOfCorner), "convolution", right=F.conv2d),
    Wrong(
        "conv2d: second derivative with filters turned round",
        _conv(ConvTwiceWrong),
        "convolution",
        "pytorch/pytorch#80766",
        right=F.conv2d,
    ),
    Wrong(
        "max_pool2d: overlapping windows overwrite each other",
        OpSpec(_taken("max_pool2d", MaxPoolWriting), F.max_pool2d, shapes=_POOL),
        "pooling",
        "FluxML/Flux.jl#1197",
        right=F.max_pool2d,
    ),
    Wrong(
        "max_pool2d: the border is not taken off",
        OpSpec(_taken("max_pool2d", MaxPoolInBorder), F.max_pool2d, shapes=_POOL),
        "pooling",
        "FluxML/NNlib.jl#133",
        right=F.max_pool2d,
    ),
    Wrong(
        "max_pool2d: ties get the whole gradient",
        OpSpec(_taken("max_pool2d", MaxPoolToAll), F.max_pool2d, shapes=_POOL),
        "pooling",
        hint="ties",
        right=F.max_pool2d,
    ),
    Wrong(
        "avg_pool2d: divided by the window's area",
        OpSpec(_taken("avg_pool2d", AvgPoolByArea), F.avg_pool2d, shapes=_MEAN),
        "pooling",
        "pytorch/pytorch#198119",
        right=F.avg_pool2d,
    ),
    Wrong(
        "avg_pool2d: height and width exchanged",
        OpSpec(_taken("avg_pool2d", AvgPoolTurned), F.avg_pool2d, shapes=_MEAN),
        "pooling",
        right=F.avg_pool2d,
    ),
    Wrong(
        "enlarge: height and width exchanged",
        OpSpec(
            applied(EnlargeTurned),
            lambda x, height, width: np.kron(x, np.ones((1, 1, height, width))),
            shapes=_scales(),
            kwargs={"height": [1, 2], "width": [1, 2]},
        ),
        "resize",
        "intel/torch-xpu-ops#4380",
        right=applied(Enlarge),
    ),
    Wrong(
        "interpolate: the nearest pixel gets all",
        OpSpec(applied(InterpolateNearest), shapes=_scales(), kwargs={"width": [2, 3, 5]}),
        "resize",
        right=applied(Interpolate),
    ),
]
