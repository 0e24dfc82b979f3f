"""Conv2d: filters that slide over images."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import minigrad.functions as F
from minigrad.backend.windows import Pair
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.functions.windows import pad_of, pair_of
from minigrad.nn.arguments import integer, short
from minigrad.nn.init import Initializer
from minigrad.nn.module import Module
from minigrad.nn.parameter import BIASES, WEIGHTS, make_parameter


class Conv2d(Module):
    """Images (N, C, H, W) cross-correlated with filters w (O, C // groups, KH, KW), plus b: see `F.conv2d`.

    Args:
        in_channels, out_channels: C and O.
        kernel: (KH, KW), or one int for both.
        stride, dilation: pixels, (vertical, horizontal) or one int for both.
        pad: likewise, or "same".
        groups: into how many independent convolutions the channels are divided.
        bias: add b.
        init, bias_init: make the first values of w and b (O,).
        rng: what they draw from; by default the context's generator (`minigrad.seed`).

    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | Pair,
        *,
        stride: int | Pair = 1,
        pad: int | Pair | Literal["same"] = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_channels = integer("Conv2d", "in_channels", in_channels)
        self.out_channels = integer("Conv2d", "out_channels", out_channels)
        self.kernel = pair_of("Conv2d", "kernel", kernel, least=1)
        self.stride = pair_of("Conv2d", "stride", stride, least=1)
        self.pad = pad_of("Conv2d", pad)
        self.dilation = pair_of("Conv2d", "dilation", dilation, least=1)
        self.groups = integer("Conv2d", "groups", groups)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(f"Conv2d: groups={groups} must divide {in_channels=} and {out_channels=}")
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel)
        self.w = make_parameter("Conv2d", "init", init, shape, rng)
        self.b = make_parameter("Conv2d", "bias_init", bias_init, (self.out_channels,), rng) if bias else None

    def forward(self, x: Operand) -> Variable:
        return F.conv2d(x, self.w, self.b, **self.options)

    @property
    def options(self) -> dict[str, Any]:
        """Those of `functions.conv2d`."""
        return {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}

    def extra_repr(self) -> str:
        parts = [str(self.in_channels), str(self.out_channels), short(self.kernel)]
        if self.stride != (1, 1):
            parts.append(f"stride={short(self.stride)}")
        if self.pad != (0, 0):
            parts.append(f"pad={short(self.pad)}")
        if self.dilation != (1, 1):
            parts.append(f"dilation={short(self.dilation)}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.b is None:
            parts.append("bias=False")
        return ", ".join(parts)
