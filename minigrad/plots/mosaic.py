"""Mosaic: pictures of one size in rows and columns, as one image in one pair of axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.plots.canvas import PAPER, Numbers, new_axes, points_across, remove_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text


@dataclass(frozen=True)
class Mosaic:
    """The places of pictures of one size, in pixels of theirs.

    Attributes:
        count: the number of pictures.
        shape: (H, W) of each.
        columns: pictures in a row.
        gap: pixels between two of them.
        band: pixels above each one, for words.
    """

    count: int
    shape: tuple[int, int]
    columns: int
    gap: int
    band: int = 0

    @property
    def rows(self) -> int:
        """The number of rows."""
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the whole."""
        H, W = self.shape
        return self.rows * (H + self.band + self.gap) - self.gap, self.columns * (W + self.gap) - self.gap

    def corner(self, i: int) -> tuple[int, int]:
        """The row and the column of picture i's first pixel."""
        row, column = divmod(i, self.columns)
        H, W = self.shape
        return row * (H + self.band + self.gap) + self.band, column * (W + self.gap)

    def image(self, pictures: Numbers) -> Numbers:
        """The whole, (H, W, 4), of pictures (count, H, W, 3); what lies between them is transparent."""
        H, W = self.shape
        whole = np.zeros((*self.size, 4))
        whole[..., :3] = PAPER
        for i, picture in enumerate(pictures):
            row, column = self.corner(i)
            whole[row : row + H, column : column + W] = np.concatenate([picture, np.ones((H, W, 1))], 2)
        return whole

    def axes(self, owner: str, inches: float) -> Axes:
        """New axes of the mosaic's form, with room for a title.

        Args:
            owner: the function that draws, for the message.
            inches: the width of one picture with its gap.
        """
        scale = inches / (self.shape[1] + self.gap)
        height, width = (length * scale for length in self.size)
        return new_axes(owner, max(width, 2.0) + 0.2, height + 0.45)[0]

    def draw(self, axes: Axes, pictures: Numbers) -> None:
        """Show pictures (count, H, W, 3)."""
        axes.imshow(self.image(pictures), interpolation_stage="rgba")
        remove_frame(axes)

    def write(self, axes: Axes, words: list[str]) -> list[Text]:
        """Write words above each picture, as large as they fit."""
        width, height = points_across(axes)
        scale = min(height / self.size[0], width / self.size[1])  # points a pixel
        lines = [line for text in words for line in text.splitlines()]
        longest, most = max(map(len, lines)), max(text.count("\n") + 1 for text in words)
        fits = min(0.72 * self.band / most, (self.shape[1] + self.gap) / (0.58 * longest)) * scale
        texts = []
        for i, text in enumerate(words):
            row, column = self.corner(i)
            middle = column + (self.shape[1] - 1) / 2
            options: dict[str, Any] = {
                "ha": "center",
                "va": "bottom",
                "fontsize": max(min(fits, 10.0), 3.0),
                "linespacing": 1.0,
            }
            texts.append(axes.text(middle, row - 1.0, text, parse_math=False, **options))
        return texts


def columns_for(count: int, shape: tuple[int, int], *, wide: float) -> int:
    """The number of pictures in a row: the whole is about `wide` times as wide as high, and its last row quite full."""
    ideal = max(1.0, math.sqrt(count * wide * shape[0] / shape[1]))
    near = range(math.ceil(0.75 * ideal), min(math.floor(1.3 * ideal), count) + 1)
    return min(near, key=lambda columns: (-count % columns / columns, abs(columns - ideal)), default=count)
