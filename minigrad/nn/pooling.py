"""MaxPool2d and AvgPool2d: one value for each window of an image."""

from __future__ import annotations

from typing import Any, Literal

import minigrad.functions as F
from minigrad.backend.windows import Pair
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.functions.windows import pad_of, pair_of
from minigrad.nn.arguments import short
from minigrad.nn.module import Module


class _Pool2d(Module):
    """What the two have in common: a window and its steps."""

    def __init__(
        self,
        kernel: int | Pair,
        *,
        stride: int | Pair | None = None,
        pad: int | Pair | Literal["same"] = 0,
        ceil_mode: bool = False,
    ) -> None:
        name = type(self).__name__
        self.kernel = pair_of(name, "kernel", kernel, least=1)
        self.stride = self.kernel if stride is None else pair_of(name, "stride", stride, least=1)
        self.pad = pad_of(name, pad)
        self.ceil_mode = ceil_mode

    @property
    def options(self) -> dict[str, Any]:
        """Those of the function of its name."""
        return {"kernel": self.kernel, "stride": self.stride, "pad": self.pad, "ceil_mode": self.ceil_mode}

    def extra_repr(self) -> str:
        parts = [short(self.kernel)]
        if self.stride != self.kernel:
            parts.append(f"stride={short(self.stride)}")
        if self.pad != (0, 0):
            parts.append(f"pad={short(self.pad)}")
        if self.ceil_mode:
            parts.append("ceil_mode=True")
        return ", ".join(parts)


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
        return F.max_pool2d(x, **self.options)


class AvgPool2d(_Pool2d):
    """The mean over each window: (N, C, H, W) -> (N, C, OH, OW), see `F.avg_pool2d`.

    Args:
        kernel: (KH, KW), or one int for both.
        stride: pixels from window to window; by default the kernel's size.
        pad: border, (vertical, horizontal) or one int for both; or "same".
        ceil_mode: have a last window that reaches beyond the image.
        count_include_pad: the border counts as zeros in the mean; else it does not count.

    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        kernel: int | Pair,
        *,
        stride: int | Pair | None = None,
        pad: int | Pair | Literal["same"] = 0,
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
