"""Convolutions as layers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.init import Initializer
from minigrad.nn.layers import (
    BIASES,
    WEIGHTS,
    Padding,
    Size,
    arguments_text,
    as_floats_of,
    make_bias,
    make_parameter,
)
from minigrad.nn.module import Module


def _signal_padding(owner: str, argument: str, value: Any) -> int | Literal["same"]:
    """Return a border of so many numbers, an int or "same"."""
    return "same" if value == "same" else checks.integer(owner, argument, value, least=0)


class _Convolution(Module):
    """What the convolutions have in common."""

    in_channels = Checked(checks.integer, fixed=True)
    out_channels = Checked(checks.integer, fixed=True)
    kernel: Any = Checked(checks.pair, fixed=True, least=1)
    stride: Any = Checked(checks.pair, least=1)
    pad: Any = Checked(checks.padding)
    dilation: Any = Checked(checks.pair, least=1)
    groups = Checked(checks.integer, fixed=True)

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
        self.in_channels, self.out_channels, self.kernel = in_channels, out_channels, kernel
        self.stride, self.pad, self.dilation, self.groups = stride, pad, dilation, groups
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(f"{type(self).__name__}: groups={groups} must divide {in_channels=} and {out_channels=}")
        self.w = make_parameter(self, "init", init, self.filters(), rng)
        self.b = make_bias(self, bias, bias_init, self.out_channels, rng)

    def filters(self) -> tuple[int, ...]:
        """The shape of w."""
        return self.out_channels, self.in_channels // self.groups, *self.kernel

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the function."""
        return {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}

    def extra_repr(self) -> str:
        usual = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, "output_padding": 0}
        options = {name: (value, usual[name]) for name, value in self.options.items()}
        changed = options | {"bias": (self.b is not None, True)}
        return arguments_text(self.in_channels, self.out_channels, self.kernel, **changed)


class Conv2d(_Convolution):
    """Images (N, C, H, W) cross-correlated with filters w (O, C // groups, KH, KW), plus b: see `F.conv2d`.

    Args:
        in_channels, out_channels: C and O.
        kernel: (KH, KW), or one int for both.
        stride, pad, dilation, groups: as of `F.conv2d`.
        bias, init, bias_init, rng: as of Linear.
    """

    def forward(self, x: Operand) -> Variable:
        return F.conv2d(as_floats_of(self.w, x), self.w, self.b, **self.options)


class Conv1d(_Convolution):
    """Signals (N, C, L) cross-correlated with filters w (O, C // groups, K), plus b: see `F.conv1d`.

    Args:
        in_channels, out_channels: C and O.
        kernel: K.
        stride, pad, dilation, groups: as of `F.conv1d`.
        bias, init, bias_init, rng: as of Linear.
    """

    kernel = Checked(checks.integer, fixed=True)
    stride = Checked(checks.integer)
    pad = Checked(_signal_padding)
    dilation = Checked(checks.integer)

    def filters(self) -> tuple[int, ...]:
        return self.out_channels, self.in_channels // self.groups, self.kernel

    def forward(self, x: Operand) -> Variable:
        return F.conv1d(as_floats_of(self.w, x), self.w, self.b, **self.options)


class ConvTranspose2d(_Convolution):
    """Images (N, C, H, W) enlarged by filters w (C, O // groups, KH, KW), plus b: see `F.conv_transpose2d`.

    An initializer sees w's shape as it is, and takes C for the number of outputs, as PyTorch's do.

    Args:
        in_channels, out_channels: C and O.
        kernel: (KH, KW), or one int for both.
        stride, pad, output_padding, dilation, groups: as of `F.conv_transpose2d`.
        bias, init, bias_init, rng: as of Linear.
    """

    output_padding = Checked(checks.pair, least=0)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        *,
        stride: Size = 1,
        pad: Padding = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.output_padding = output_padding
        options: dict[str, Any] = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
        options |= {"bias": bias, "init": init, "bias_init": bias_init, "rng": rng}
        super().__init__(in_channels, out_channels, kernel, **options)

    def filters(self) -> tuple[int, ...]:
        return self.in_channels, self.out_channels // self.groups, *self.kernel

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the function."""
        return super().options | {"output_padding": self.output_padding}

    def forward(self, x: Operand) -> Variable:
        return F.conv_transpose2d(as_floats_of(self.w, x), self.w, self.b, **self.options)


class ConvReLUPool(Conv2d):
    """A convolution, a ReLU and a max-pooling in one pass: (N, C, H, W) -> (N, O, PH, PW), see `F.conv_relu_pool`.

    Args:
        pool, pool_stride, pool_pad, ceil_mode: as of `F.conv_relu_pool`.
        others: as of Conv2d.
    """

    pool = Checked(checks.pair, least=1)
    pool_stride = Checked(checks.pair, least=1)
    pool_pad = Checked(checks.padding)
    ceil_mode = Checked(checks.boolean)

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
        pool: Size = 2,
        pool_stride: Size | None = None,
        pool_pad: Padding = 0,
        ceil_mode: bool = False,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        options: dict[str, Any] = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
        options |= {"bias": bias, "init": init, "bias_init": bias_init, "rng": rng}
        super().__init__(in_channels, out_channels, kernel, **options)
        self.pool, self.pool_stride = pool, pool if pool_stride is None else pool_stride
        self.pool_pad, self.ceil_mode = pool_pad, ceil_mode

    def forward(self, x: Operand) -> Variable:
        pooling: dict[str, Any] = {"pool": self.pool, "pool_stride": self.pool_stride, "pool_pad": self.pool_pad}
        x = as_floats_of(self.w, x)
        return F.conv_relu_pool(x, self.w, self.b, ceil_mode=self.ceil_mode, **pooling, **self.options)

    def extra_repr(self) -> str:
        pooling = arguments_text(
            pool=(self.pool, 2),
            pool_stride=(self.pool_stride, self.pool),
            pool_pad=(self.pool_pad, 0),
            ceil_mode=(self.ceil_mode, False),
        )
        return ", ".join(filter(None, [super().extra_repr(), pooling]))
