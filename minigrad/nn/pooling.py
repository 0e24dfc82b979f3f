"""Layers that make images smaller or larger: poolings and upsampling."""

from __future__ import annotations

from typing import Any

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.functions.resampling import MODES
from minigrad.nn.layers import Padding, Size, arguments_text
from minigrad.nn.module import Module


class _Pool2d(Module):
    """What the poolings have in common."""

    kernel = Checked(checks.pair, least=1)
    stride = Checked(checks.pair, least=1)
    pad = Checked(checks.padding)
    ceil_mode = Checked(checks.boolean)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the function, besides the kernel."""
        return {"stride": self.stride, "pad": self.pad, "ceil_mode": self.ceil_mode}

    def extra_repr(self) -> str:
        usual = {"stride": self.kernel, "pad": 0, "ceil_mode": False, "count_include_pad": True}
        return arguments_text(self.kernel, **{name: (value, usual[name]) for name, value in self.options.items()})


class MaxPool2d(_Pool2d):
    """The maximum over each window: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.max_pool2d`."""

    def __init__(self, kernel: Size, *, stride: Size | None = None, pad: Padding = 0, ceil_mode: bool = False) -> None:
        self.kernel, self.stride = kernel, kernel if stride is None else stride
        self.pad, self.ceil_mode = pad, ceil_mode

    def forward(self, x: Operand) -> Variable:
        return F.max_pool2d(x, self.kernel, **self.options)


class AvgPool2d(_Pool2d):
    """The mean over each window: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.avg_pool2d`."""

    count_include_pad = Checked(checks.boolean)

    def __init__(
        self,
        kernel: Size,
        *,
        stride: Size | None = None,
        pad: Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel, self.stride = kernel, kernel if stride is None else stride
        self.pad, self.ceil_mode, self.count_include_pad = pad, ceil_mode, count_include_pad

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the function, besides the kernel."""
        return super().options | {"count_include_pad": self.count_include_pad}

    def forward(self, x: Operand) -> Variable:
        return F.avg_pool2d(x, self.kernel, **self.options)


class GlobalAvgPool2d(Module):
    """The mean of each channel of each image: (N, C, H, W) -> (N, C), or (N, C, 1, 1) with keepdims."""

    keepdims = Checked(checks.boolean)

    def __init__(self, *, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def forward(self, x: Operand) -> Variable:
        return F.global_avg_pool2d(x, keepdims=self.keepdims)

    def extra_repr(self) -> str:
        return arguments_text(keepdims=(self.keepdims, False))


class Upsample2d(Module):
    """Images of another size: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.upsample2d`."""

    mode = Checked(checks.choice, choices=MODES)

    def __init__(self, scale: Any = None, *, size: Any = None, mode: str = "nearest") -> None:
        if (scale is None) == (size is None):
            raise ValueError("Upsample2d: give scale or size, and not both")
        self.scale, self.size, self.mode = scale, size, mode

    def forward(self, x: Operand) -> Variable:
        return F.upsample2d(x, self.scale, size=self.size, mode=self.mode)

    def extra_repr(self) -> str:
        given = [] if self.scale is None else [self.scale]
        return arguments_text(*given, size=(self.size, None), mode=(self.mode, "nearest"))
