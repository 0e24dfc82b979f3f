"""Draw the pictures in examples/digits/: digits by hand, so to speak, for `minigrad predict`.

python examples/digits.py [DIRECTORY]
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

STROKES = {
    "two": "25 30  30 14  52 8  72 18  70 40  45 65  22 88  80 86",
    "three": "26 18  50 8  72 20  66 40  44 47  70 56  76 76  54 92  24 84",
    "five": "74 10  36 12  30 45  56 42  74 58  68 82  46 92  24 84",
    "seven": "20 15  78 12  62 40  50 64  42 92",
}
"""Points on the way of the pen, x and y in percent of a box, y downwards."""

SHARP = {"two": (6,), "five": (1, 2), "seven": (1,)}
"""The points at which the pen turns in a corner."""


def way(name: str) -> np.ndarray[Any, Any]:
    """The pen's way, (points, 2): smooth but for the corners."""
    points = np.array(STROKES[name].split(), float).reshape(-1, 2) / 100
    corners = [0, *SHARP.get(name, ()), len(points) - 1]
    parts = [_smooth(points[a : b + 1]) for a, b in pairwise(corners)]
    return np.concatenate(parts)


def _smooth(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A Catmull-Rom spline through the points."""
    p = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, 24)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate(pieces)


def draw(name: str, *, size: int = 200, paper: int = 250, ink: int = 35) -> Any:
    """A picture of Pillow's, grey, (size, size)."""
    from PIL import Image, ImageDraw

    big = 4 * size  # and made smaller, so that edges are smooth
    image = Image.new("L", (big, big), paper)
    pen, radius = ImageDraw.Draw(image), 0.035 * big
    for x, y in way(name) * 0.62 * big + 0.19 * big:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def main(directory: Path) -> None:
    """Write the pictures into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in STROKES:
        draw(name).save(directory / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "digits")
