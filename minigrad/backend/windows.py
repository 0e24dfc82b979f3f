"""Window: the geometry of a kernel that slides over an image, shared by every kernel set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
"""(vertical, horizontal)."""


@dataclass(frozen=True)
class Window:
    """A kernel's size, its steps, its spread and the border around the image, in pixels.

    Attributes:
        kernel: (KH, KW).
        stride: from one output pixel to the next.
        pad: ((above, below), (left, right)).
        dilation: from one kernel element to the next.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    pad: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)

    @property
    def effective_kernel(self) -> Pair:
        """(height, width) that the dilated kernel covers."""
        (KH, KW), (DH, DW) = self.kernel, self.dilation
        return DH * (KH - 1) + 1, DW * (KW - 1) + 1

    @property
    def overlaps(self) -> bool:
        """True if two windows can share a pixel."""
        return self.stride[0] < self.effective_kernel[0] or self.stride[1] < self.effective_kernel[1]

    def padded(self, size: Pair) -> Pair:
        """(height, width) of an image of `size` with its border."""
        (H, W), ((above, below), (left, right)) = size, self.pad
        return above + H + below, left + W + right

    def outputs(self, size: Pair) -> Pair:
        """(OH, OW) for an image of `size`; 0 or less where the kernel exceeds the padded image."""
        (H, W), (RH, RW), (SH, SW) = self.padded(size), self.effective_kernel, self.stride
        return (H - RH) // SH + 1, (W - RW) // SW + 1

    def ceil_mode(self, size: Pair) -> Window:
        """The window with a border below and right that completes a last window which begins before it."""
        border = []
        for n, k, s, (before, after) in zip(size, self.kernel, self.stride, self.pad, strict=True):
            outputs = -(-(before + n + after - k) // s) + 1
            if (outputs - 1) * s >= before + n:
                outputs -= 1
            border.append((before, max(after, (outputs - 1) * s + k - before - n)))
        return replace(self, pad=(border[0], border[1]))

    def taps(self, size: Pair) -> list[tuple[slice, slice]]:
        """For each kernel element, in row-major order: the pixels of the padded image that it meets."""
        (OH, OW), (SH, SW), (DH, DW) = self.outputs(size), self.stride, self.dilation
        KH, KW = self.kernel
        rows = [slice(i * DH, i * DH + SH * (OH - 1) + 1, SH) for i in range(KH)]
        columns = [slice(j * DW, j * DW + SW * (OW - 1) + 1, SW) for j in range(KW)]
        return [(row, column) for row in rows for column in columns]

    def valid_region(self) -> tuple[slice, slice]:
        """The image within its padded form, for any size."""
        (above, below), (left, right) = self.pad
        return slice(above, -below or None), slice(left, -right or None)

    def __str__(self) -> str:
        """The label in a diagram: `5×5, pad 2`."""
        usual = Window(self.kernel)
        options = [(name, getattr(self, name)) for name in ("stride", "pad", "dilation")]
        named = [f"{name} {_short(value)}" for name, value in options if value != getattr(usual, name)]
        return ", ".join(["{}×{}".format(*self.kernel), *named])


def _short(value: object) -> str:
    """One number for a pair of equal ones: ((2, 2), (2, 2)) -> 2."""
    if isinstance(value, tuple):
        shorts = [_short(part) for part in value]
        return shorts[0] if len(set(shorts)) == 1 else f"({', '.join(shorts)})"
    return str(value)
