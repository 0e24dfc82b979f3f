"""The layers besides the activations: Linear, Conv2d, ConvReLUPool, MaxPool2d, AvgPool2d, Flatten, Dropout."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.backend.windows import Pair
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.init import Initializer
from minigrad.nn.module import Module
from minigrad.nn.parameter import BIASES, WEIGHTS, make_parameter

Size: TypeAlias = int | Pair
Padding: TypeAlias = int | Pair | Literal["same"]


class Linear(Module):
    """y = x·w + b, also called a dense or fully connected layer.

    Args:
        in_features, out_features: lengths of the last axis of x (..., in) and y (..., out).
        bias: add b.
        init, bias_init: make the first values of w (in, out) and b (out,).
        rng: the generator that they draw from; by default the context's (`minigrad.seed`).
    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        owner = type(self).__name__
        self.in_features = checks.integer(owner, "in_features", in_features)
        self.out_features = checks.integer(owner, "out_features", out_features)
        self.w = make_parameter(owner, "init", init, (self.in_features, self.out_features), rng)
        self.b = make_parameter(owner, "bias_init", bias_init, (self.out_features,), rng) if bias else None

    def forward(self, x: Operand) -> Variable:
        return F.linear(x, self.w, self.b)

    def extra_repr(self) -> str:
        return arguments_text(self.in_features, self.out_features, bias=(self.b is not None, True))


class Conv2d(Module):
    """Images (N, C, H, W) cross-correlated with filters w (O, C // groups, KH, KW), plus b: see `F.conv2d`.

    Args:
        in_channels, out_channels: C and O.
        kernel: (KH, KW), or one int for both.
        stride, dilation: pixels, (vertical, horizontal) or one int for both.
        pad: likewise, or "same".
        groups: the number of independent convolutions that the channels are divided into.
        bias: add b.
        init, bias_init: make the first values of w and b (O,).
        rng: the generator that they draw from; by default the context's (`minigrad.seed`).
    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        *,
        stride: Size = 1,
        pad: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        owner = type(self).__name__
        self.in_channels = checks.integer(owner, "in_channels", in_channels)
        self.out_channels = checks.integer(owner, "out_channels", out_channels)
        self.kernel = checks.pair(owner, "kernel", kernel, least=1)
        self.stride = checks.pair(owner, "stride", stride, least=1)
        self.pad = checks.padding(owner, "pad", pad)
        self.dilation = checks.pair(owner, "dilation", dilation, least=1)
        self.groups = checks.integer(owner, "groups", groups)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(f"{owner}: groups={groups} must divide {in_channels=} and {out_channels=}")
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel)
        self.w = make_parameter(owner, "init", init, shape, rng)
        self.b = make_parameter(owner, "bias_init", bias_init, (self.out_channels,), rng) if bias else None

    def forward(self, x: Operand) -> Variable:
        return F.conv2d(x, self.w, self.b, stride=self.stride, pad=self.pad, dilation=self.dilation, groups=self.groups)

    def extra_repr(self) -> str:
        return arguments_text(
            self.in_channels,
            self.out_channels,
            self.kernel,
            stride=(self.stride, 1),
            pad=(self.pad, 0),
            dilation=(self.dilation, 1),
            groups=(self.groups, 1),
            bias=(self.b is not None, True),
        )


class ConvReLUPool(Conv2d):
    """A convolution, a ReLU and a max-pooling in one pass: (N, C, H, W) -> (N, O, PH, PW), see `F.conv_relu_pool`.

    Args:
        in_channels, out_channels, kernel: as of Conv2d.
        pool: size of the pooling's windows, (vertical, horizontal) or one int for both.
        pool_stride: pixels from window to window; by default the windows' size.
        pool_pad: border of the convolution's images, likewise; or "same".
        ceil_mode: have a last window that reaches beyond the image.
        **options: all further ones of Conv2d.
    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        *,
        pool: Size = 2,
        pool_stride: Size | None = None,
        pool_pad: Padding = 0,
        ceil_mode: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, **options)
        owner = type(self).__name__
        self.pool = checks.pair(owner, "pool", pool, least=1)
        self.pool_stride = self.pool if pool_stride is None else checks.pair(owner, "pool_stride", pool_stride, least=1)
        self.pool_pad = checks.padding(owner, "pool_pad", pool_pad)
        self.ceil_mode = ceil_mode

    def forward(self, x: Operand) -> Variable:
        return F.conv_relu_pool(
            x,
            self.w,
            self.b,
            stride=self.stride,
            pad=self.pad,
            dilation=self.dilation,
            groups=self.groups,
            pool=self.pool,
            pool_stride=self.pool_stride,
            pool_pad=self.pool_pad,
            ceil_mode=self.ceil_mode,
        )

    def extra_repr(self) -> str:
        pooling = arguments_text(
            pool=(self.pool, 2),
            pool_stride=(self.pool_stride, self.pool),
            pool_pad=(self.pool_pad, 0),
            ceil_mode=(self.ceil_mode, False),
        )
        return ", ".join(filter(None, [super().extra_repr(), pooling]))


class _Pool2d(Module):
    """The arguments that the poolings have in common."""

    def __init__(self, kernel: Size, *, stride: Size | None = None, pad: Padding = 0, ceil_mode: bool = False) -> None:
        owner = type(self).__name__
        self.kernel = checks.pair(owner, "kernel", kernel, least=1)
        self.stride = self.kernel if stride is None else checks.pair(owner, "stride", stride, least=1)
        self.pad = checks.padding(owner, "pad", pad)
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        options = {"stride": (self.stride, self.kernel), "pad": (self.pad, 0), "ceil_mode": (self.ceil_mode, False)}
        return arguments_text(self.kernel, **options)


class MaxPool2d(_Pool2d):
    """The maximum over each window: (N, C, H, W) -> (N, C, OH, OW), see `F.max_pool2d`.

    Args:
        kernel: (KH, KW), or one int for both.
        stride: pixels from window to window; by default the kernel's size.
        pad: border, (vertical, horizontal) or one int for both; or "same".
        ceil_mode: have a last window that reaches beyond the image.
    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def forward(self, x: Operand) -> Variable:
        return F.max_pool2d(x, self.kernel, stride=self.stride, pad=self.pad, ceil_mode=self.ceil_mode)


class AvgPool2d(_Pool2d):
    """The mean over each window: (N, C, H, W) -> (N, C, OH, OW), see `F.avg_pool2d`.

    Args:
        kernel, stride, pad, ceil_mode: as of MaxPool2d.
        count_include_pad: the border counts as zeros in the mean; else it does not count.
    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        kernel: Size,
        *,
        stride: Size | None = None,
        pad: Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel, stride=stride, pad=pad, ceil_mode=ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, x: Operand) -> Variable:
        return F.avg_pool2d(
            x,
            self.kernel,
            stride=self.stride,
            pad=self.pad,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.count_include_pad else ", count_include_pad=False")


class Flatten(Module):
    """Each example as one row: (N, ...) -> (N, product of the others), in row-major order."""

    def forward(self, x: Operand) -> Variable:
        return F.flatten(x)


class Dropout(Module):
    """In training each value becomes 0 with probability p, else it is divided by 1 − p; elsewhere x as it is.

    Args:
        p: the probability of dropping (not of keeping).
        rng: the generator that draws; by default the context's at each call (`minigrad.seed`).
    Raises:
        TypeError, ValueError: p is no number in [0, 1], or rng is no generator.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = checks.fraction(type(self).__name__, "p", p, one=True)
        self.rng = checks.optional_generator(type(self).__name__, "rng", rng)

    def forward(self, x: Operand) -> Variable:
        return F.dropout(x, self.p, rng=self.rng)

    def extra_repr(self) -> str:
        return str(self.p)


def arguments_text(*values: Any, **options: tuple[Any, Any]) -> str:
    """The arguments of a call: `values`, and of the options (value, default) those that differ from their default."""
    changed = [
        f"{name}={_short(value)}" for name, (value, default) in options.items() if _short(value) != _short(default)
    ]
    return ", ".join([*map(_short, values), *changed])


def _short(value: Any) -> str:
    """The text of an argument; one number for a pair of equal ones."""
    return str(value[0]) if isinstance(value, tuple) and value[0] == value[1] else repr(value)
