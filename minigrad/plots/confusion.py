"""confusion_matrix: which class a model takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.plots.canvas import INK, PAPER, RED, Numbers, given_axes, new_axes, plain, points_across

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT = (0.0, 0.447, 0.698)
"""Full blue: all of a class found."""

SMALLEST = 3.0
"""Points: letters that would be smaller are left out."""

PALEST = 0.1
"""The strength of the colour of a single mistake, which should be seen."""


def confusion_matrix(matrix: Any, *, names: Sequence[str] | None = None, axes: Axes | None = None) -> Axes:
    """Draw a confusion matrix: right predictions blue, mistakes red; at the right which part of each class is found.

    A colour says which part of its row, of a class's labels, a number is. Mistakes are few where a model is good: full
    red is the most frequent one.

    Args:
        matrix: counts (C, C), a row for a label, a column for a prediction, as `metrics.ConfusionMatrix` has them.
        names: of the classes; by default their numbers.
        axes: where to draw; by default in a new figure.
    Returns:
        the axes.
    Raises:
        ValueError: the matrix is not square, empty or has negative numbers, or there are not C names.
        TypeError: the counts are no ints, or axes are none.
        ImportError: matplotlib is not installed.
    """
    counts = _counts(matrix)
    C = len(counts)
    words = [str(c) for c in range(C)] if names is None else [str(name) for name in names]
    if len(words) != C:
        raise ValueError(f"confusion_matrix: names must be {C}, one for each class, not {len(words)}")
    if axes is None:
        side = min(max(0.42 * C, 2.4), 9.0)
        axes = new_axes("confusion_matrix", side + 1.4 + 0.07 * max(map(len, words)), side + 0.9)[0]
    else:
        axes = given_axes("confusion_matrix", axes)
    strength = _strength(counts)
    hues = np.where(np.eye(C, dtype=bool)[:, :, None], RIGHT, RED)
    colors = np.array(PAPER) + (hues - np.array(PAPER)) * strength[:, :, None]
    axes.imshow(colors)

    cell = min(points_across(axes)) / C
    size = min(10.0, cell / (0.66 * max(2, len(f"{counts.max()}"))))
    for (i, j), count in np.ndenumerate(counts):
        if count and size >= SMALLEST:
            color = PAPER if colors[i, j] @ (0.3, 0.59, 0.11) < 0.5 else INK  # by how bright the eye finds it
            axes.text(j, i, f"{count}", ha="center", va="center", fontsize=size, color=color)
    _label(axes, counts, words, min(10.0, 0.75 * cell))
    axes.set(xlabel="prediction", ylabel="label")
    if total := int(counts.sum()):
        axes.set_title(f"{np.trace(counts) / total:.2%} of {total:,} right", loc="left", fontsize=9)
    return axes


def _counts(matrix: Any) -> Numbers:
    counts = plain("confusion_matrix", "matrix", matrix)
    if counts.dtype.kind not in "iu":
        raise TypeError(f"confusion_matrix: matrix must be counts, ints, not {counts.dtype}; matrix {counts.shape}")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"confusion_matrix: matrix must be (C, C), a row for each label; matrix {counts.shape}")
    if counts.min() < 0:
        raise ValueError(f"confusion_matrix: counts must not be negative, but one is {counts.min()}")
    return counts


def _strength(counts: Numbers) -> Numbers:
    """How much of its colour each place has, 0 to 1: on the diagonal the part that is right, elsewhere mistakes."""
    parts = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    diagonal = np.eye(len(counts), dtype=bool)
    mistakes = np.where(diagonal, 0.0, parts)
    mistakes /= mistakes.max() or 1.0
    mistakes = np.where(mistakes > 0, PALEST + (1 - PALEST) * mistakes**0.75, 0.0)
    return np.where(diagonal, parts, mistakes)


def _label(axes: Axes, counts: Numbers, words: list[str], size: float) -> None:
    """Write the classes at the left and below, and at the right which part of each is found."""
    C = len(counts)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if size < SMALLEST:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(C), words, fontsize=size, parse_math=False, **(slanted if max(map(len, words)) > 3 else {}))
    axes.set_yticks(range(C), words, fontsize=size, parse_math=False)
    axes.set_xticks(np.arange(C - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(C - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=1.5)
    beside: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": size}
    axes.annotate("found", (C - 0.5, -0.75), alpha=0.7, annotation_clip=False, **beside)
    for i, (found, there) in enumerate(zip(counts.diagonal(), counts.sum(1), strict=True)):
        if there:
            axes.annotate(f"{found / there:.1%}", (C - 0.5, i), alpha=0.7, annotation_clip=False, **beside)
