"""Convolution, pooling and resizing of images."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.core.config import enable_grad
from minigrad.core.function import Function
from minigrad.core.variable import Variable, apply
from minigrad.functions.convolution import Conv2d, ConvTranspose2d, FilterCorrelation
from minigrad.functions.pooling import AvgPool2d, AvgSpread2d, MaxPool2d, PoolScatter
from minigrad.testing.strategies import conv2d_args, pool2d_args
from tests.bench.wrong import wrong


class ConvWithBoth(Conv2d):
    """A right convolution, in parts to be got wrong one by one."""

    def forward(self, x, w, *b):
        y = super().forward(x, w, *b)
        self.save(x, w)
        return y

    def towards_x(self, gy, w):
        """The images' gradient."""
        return apply(ConvTranspose2d(self.window, self.size, self.groups), gy, w)

    def towards_w(self, x, gy):
        """The filters' gradient."""
        return apply(FilterCorrelation(self.window, self.groups), x, gy)

    def towards_b(self, gy):
        """The bias' gradient."""
        return gy.sum((0, 2, 3))

    def backward(self, gy):
        x, w = self.saved
        return self.towards_x(gy, w), self.towards_w(x, gy), self.towards_b(gy)


def _taken(name, kind):
    """conv2d, or a pooling function, with another Function in its place."""
    original: Any = getattr(F, name)

    def op(*xs, **kwargs):
        with enable_grad():
            node: Any = original(*[Variable(x.data) for x in xs], **kwargs).creator
        parameters = {key: getattr(node, key) for key in ("window", "groups", "divisor") if key in vars(node)}
        return apply(kind(**parameters), *xs)

    op.__name__ = name
    return op


convolution = partial(wrong, "convolution", F.conv2d, op=partial(_taken, "conv2d"), shapes=conv2d_args())
max_pooling = partial(wrong, "pooling", F.max_pool2d, op=partial(_taken, "max_pool2d"), shapes=pool2d_args())
avg_pooling = partial(
    wrong, "pooling", F.avg_pool2d, op=partial(_taken, "avg_pool2d"), shapes=pool2d_args(counts_pad=True)
)


@convolution(source="f-dangel/backpack#30")
class ConvWithoutRest(ConvWithBoth):
    """conv2d: pixels that the stride leaves over.
    Works out the image's size from the output's: pixels that the stride leaves over are missing."""

    def towards_x(self, gy, w):
        (OH, OW), (SH, SW), (RH, RW) = gy.shape[2:], self.window.stride, self.window.effective_kernel
        (above, below), (left, right) = self.window.pad
        size = (OH - 1) * SH + RH - above - below, (OW - 1) * SW + RW - left - right
        return apply(ConvTranspose2d(self.window, size, self.groups), gy, w)


@convolution(source="huggingface/candle#2337")
class ConvStrideForDilation(ConvWithBoth):
    """conv2d: stride and dilation exchanged. Exchanges stride and dilation in the filters' gradient."""

    def towards_w(self, x, gy):
        window = replace(self.window, stride=self.window.dilation, dilation=self.window.stride)
        return apply(FilterCorrelation(window, self.groups), x, gy)


@convolution(source="pytorch/pytorch#51430")
class ConvGroupsReversed(ConvWithBoth):
    """conv2d: groups in the wrong order. Puts the groups of the filters' gradient together in the wrong order."""

    def towards_w(self, x, gy):
        gw = super().towards_w(x, gy)
        return gw.reshape(self.groups, -1, *gw.shape[1:])[::-1].reshape(gw.shape)


@convolution(hint="a factor of 0.5", source="sebgao/cTensor#3")
class ConvOverBatch(ConvWithBoth):
    """conv2d: filters' gradient divided by the batch. Divides the filters' gradient by the number of images."""

    def towards_w(self, x, gy):
        return super().towards_w(x, gy) / max(x.shape[0], 1)


@convolution()
class ConvUnflipped(ConvWithBoth):
    """conv2d: filters turned round. Turns the filters round in the images' gradient once too often."""

    def towards_x(self, gy, w):
        return super().towards_x(gy, w[:, :, ::-1, ::-1])


@convolution()
class ConvBiasOfCorner(ConvWithBoth):
    """conv2d: bias summed over the batch only. Adds up the bias' gradient over the batch, not over the pixels."""

    def towards_b(self, gy):
        return gy[:, :, 0, 0].sum(0)


class TransposeOnce(ConvTranspose2d):
    """Turns the filters round in the gradient towards y."""

    def backward(self, gx):
        y, w = self.saved
        gy = apply(Conv2d(self.window, self.groups), gx, w[:, :, ::-1, ::-1])
        return gy, apply(FilterCorrelation(self.window, self.groups), gx, y)

    def forward(self, y, w):
        x = super().forward(y, w)
        self.save(y, w)
        return x


@convolution(source="pytorch/pytorch#80766")
class ConvTwiceWrong(ConvWithBoth):
    """conv2d: second derivative with filters turned round.
    The first derivative is right, the derivative of the images' gradient is not."""

    def towards_x(self, gy, w):
        return apply(TransposeOnce(self.window, self.size, self.groups), gy, w)


@max_pooling(of=MaxPool2d, source="FluxML/Flux.jl#1197")
def max_pool_writing(self, gy, argmax):
    """max_pool2d: overlapping windows overwrite each other. Writes in place of adding where windows overlap."""
    return apply(PoolWrite(self.window, self.size), gy, argmax)


class PoolWrite(PoolScatter):
    """Each pixel of y written where its window's winner was: the last one remains."""

    def forward(self, y, argmax):
        self.save(argmax)
        x = np.zeros((*y.shape[:2], *self.window.padded(self.size)), y.dtype)
        for k, (rows, columns) in enumerate(self.window.taps(self.size)):
            x[:, :, rows, columns] = np.where(argmax == k, y, x[:, :, rows, columns])
        return np.ascontiguousarray(x[(..., *self.window.valid_region())])


@max_pooling(of=MaxPool2d, source="FluxML/NNlib.jl#133")
def max_pool_in_border(self, gy, argmax):
    """max_pool2d: the border is not taken off.
    Does not take off the border before the image: the gradient lies that much further."""
    (H, W), pad = self.size, self.window.pad
    bare = replace(self.window, pad=((0, sum(pad[0])), (0, sum(pad[1]))))
    size = H + sum(pad[0]), W + sum(pad[1])
    return apply(PoolScatter(replace(bare, pad=((0, 0), (0, 0))), size), gy, argmax)[:, :, :H, :W]


@max_pooling(hint="ties")
class MaxPoolToAll(MaxPool2d):
    """max_pool2d: ties get the whole gradient. Every one of several equal maxima gets all of gy."""

    def forward(self, x):
        y = super().forward(x)
        self.save(x, y)
        return y

    def backward(self, gy):
        x, y = self.saved
        widths = ((0, 0), (0, 0), *self.window.pad)
        padded = F.pad(x, widths, value=-np.inf).data
        gx = gy.sum() * np.zeros(padded.shape)
        for rows, columns in self.window.taps(self.size):
            key = (slice(None), slice(None), rows, columns)
            gx = gx + (gy * (padded[key] == y.data)).scatter_add(key, padded.shape)
        return gx[(..., *self.window.valid_region())]


@avg_pooling(of=AvgPool2d, source="pytorch/pytorch#198119")
def avg_pool_by_area(self, gy):
    """avg_pool2d: divided by the window's area. Divides by the window's area, whatever the forward divided by."""
    area = np.full_like(self.divisor, np.prod(self.window.kernel))
    return apply(AvgSpread2d(self.window, self.size, area), gy)


@avg_pooling(of=AvgPool2d)
def avg_pool_turned(self, gy):
    """avg_pool2d: height and width exchanged. Exchanges the window's height and width."""
    KH, KW = self.window.kernel
    return apply(AvgSpread2d(replace(self.window, kernel=(KW, KH)), self.size, self.divisor), gy)


@dataclass(eq=False)
class Enlarge(Function):
    """Each pixel as a block of (height, width) pixels."""

    height: int
    width: int

    def forward(self, x):
        return x.repeat(self.height, 2).repeat(self.width, 3)

    def backward(self, gy):
        return self.blocks(gy, self.height, self.width)

    def blocks(self, gy, height, width):
        """The sum of each block."""
        N, C, H, W = gy.shape
        return gy.reshape(N, C, H // height, height, W // width, width).sum((3, 5))


@st.composite
def _scales(draw):
    return draw(st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3)))


@wrong(
    "resize",
    lambda x, height, width: np.kron(x, np.ones((1, 1, height, width))),
    of=Enlarge,
    shapes=_scales(),
    kwargs={"height": [1, 2], "width": [1, 2]},
    source="intel/torch-xpu-ops#4380",
)
def enlarge_turned(self, gy):
    """enlarge: height and width exchanged."""
    return self.blocks(gy, self.width, self.height)


@dataclass(eq=False)
class Interpolate(Function):
    """Columns stretched to another width, linearly, with both ends kept."""

    width: int

    def forward(self, x):
        self.weights = interpolation(x.shape[-1], self.width)
        return (x @ self.weights).astype(x.dtype)

    def backward(self, gy):
        return gy @ self.weights.T


@wrong("resize", of=Interpolate, shapes=_scales(), kwargs={"width": [2, 3, 5]})
def interpolate_nearest(self, gy):
    """interpolate: the nearest pixel gets all. Gives each pixel's gradient to the nearest one alone."""
    return gy @ np.round(self.weights).T


def interpolation(n, width):
    """The matrix (n, width) of linear interpolation."""
    places = np.linspace(0, n - 1, width)
    return np.maximum(0, 1 - np.abs(np.arange(n)[:, None] - places))
