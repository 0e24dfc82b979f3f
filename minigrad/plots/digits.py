"""digits: images of a data set, with what they are and what a model takes them for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import checks
from minigrad.backend import errstate
from minigrad.plots.canvas import INK, PAPER, PINK, RED, Numbers, given_axes, plain
from minigrad.plots.mosaic import Mosaic, columns_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def digits(
    x: Any,
    labels: Any = None,
    predictions: Any = None,
    *,
    names: Sequence[str] | None = None,
    count: int = 50,
    columns: int | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw images, with their labels above; wrong predictions are red, and the worst come first.

    Where labels and predictions differ both are written, label → prediction. If the predictions are scores the images
    come in a new order: first those in which another class has the most lead over the label's, and last those that the
    model is most sure of.

    Args:
        x: images, (N, 1, H, W) or (N, H, W), 1 is ink and 0 is paper; or colours (N, 3, H, W). uint8 in 0 to 255, or
            floats; floats outside of [0, 1] are scaled to it, all by the same numbers.
        labels: classes, ints (N,).
        predictions: classes, ints (N,); or scores, floats (N, C), logits or probabilities.
        names: of the classes, where they are no digits.
        count: the most images that are drawn: the first, or the worst.
        columns: images in a row; by default as many as make a wide picture.
        axes: where to draw; by default in a new figure.
    Returns:
        the axes.
    Raises:
        ValueError: there is no image, or the shapes do not fit, or a class has no name.
        TypeError: an argument is of the wrong type.
        ImportError: matplotlib is not installed.
    """
    images = _images(x)
    shown, total = np.arange(len(images)), len(images)
    t = None if labels is None else _classes("labels", labels, total)
    p, scores = _predictions(predictions, total)
    if t is not None and scores is not None:
        shown = np.argsort(-_lead(scores, t), kind="stable")
    wrong = np.zeros(total, bool) if t is None or p is None else t != p
    shown = shown[: checks.integer("digits", "count", count)]
    words = [_caption(names, None if t is None else t[i], None if p is None else p[i]) for i in shown]

    pictures = _scaled(images[shown])
    H, W = pictures.shape[1:3]
    lines = max(text.count("\n") + 1 for text in words)
    columns = min(checks.integer("digits", "columns", columns), len(shown)) if columns is not None else None
    gap, band = -(-W // 9), math.ceil(H * (0.1 + 0.22 * lines)) if any(words) else 0
    columns = columns or columns_for(len(shown), (H + band + gap, W + gap), wide=2.0)
    mosaic = Mosaic(len(shown), (H, W), columns, gap, band)
    longest = max(len(line) for text in words for line in text.split("\n"))
    axes = mosaic.axes("digits", max(0.6, 0.062 * longest)) if axes is None else given_axes("digits", axes)
    mosaic.draw(
        axes, np.stack([_coloured(picture, wrong=bool(wrong[i])) for i, picture in zip(shown, pictures, strict=True)])
    )
    if any(words):
        for i, text in zip(shown, mosaic.write(axes, words), strict=True):
            if wrong[i]:
                text.set(color=RED, fontweight="bold")
    if t is not None and p is not None:
        axes.set_title(_title(int(wrong.sum()), total, len(shown), ranked=scores is not None), loc="left", fontsize=9)
    return axes


def _images(x: Any) -> Numbers:
    """Images (N, C, H, W) as they are given."""
    images = plain("digits", "x", x)
    if images.ndim == 3:
        images = images[:, None]  # (N, H, W) -> (N, 1, H, W)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise ValueError(f"digits: x must be (N, 1, H, W), (N, H, W) or (N, 3, H, W), and not empty; x {np.shape(x)}")
    return images


def _scaled(images: Numbers) -> Numbers:
    """Images (N, H, W, C) in [0, 1], of (N, C, H, W)."""
    pictures = np.nan_to_num(images.astype(np.float64), posinf=1.0, neginf=0.0)
    pictures /= 255 if images.dtype == np.uint8 else 1
    least, most = pictures.min(), pictures.max()
    if least < 0 or most > 1:
        pictures = (pictures - least) / (most - least)
    return pictures.transpose(0, 2, 3, 1)  # (N, C, H, W) -> (N, H, W, C)


def _classes(name: str, classes: Any, total: int) -> Numbers:
    """Ints (N,)."""
    array = plain("digits", name, classes)
    if array.dtype.kind not in "iu":
        raise TypeError(f"digits: {name} must be ints, not {array.dtype}; of one-hot rows write {name}.argmax(1)")
    if array.shape != (total,):
        raise ValueError(f"digits: {name} must be ({total},), one for each image; {name} {array.shape}")
    return array


def _predictions(predictions: Any, total: int) -> tuple[Numbers | None, Numbers | None]:
    """The predicted classes, and the scores if they are there."""
    if predictions is None:
        return None, None
    array = plain("digits", "predictions", predictions)
    if array.dtype.kind != "f":
        return _classes("predictions", array, total), None
    if array.ndim != 2 or len(array) != total or array.shape[1] < 2:
        raise ValueError(f"digits: scores must be ({total}, classes), a row for each image; predictions {array.shape}")
    return np.where(np.isnan(array).any(1), -1, array.argmax(1)), array.astype(np.float64)  # NaN is no class


@errstate(invalid="ignore")
def _lead(scores: Numbers, labels: Numbers) -> Numbers:
    """By how much the highest score of another class exceeds the label's, (N,): above 0 where the model is wrong."""
    outside = (labels < 0) | (labels >= scores.shape[1])
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(f"digits: labels[{row}] is {labels[row]}, but there are scores of {scores.shape[1]} classes")
    rows = np.arange(len(labels))
    others = scores.copy()
    others[rows, labels] = -np.inf
    lead = others.max(1) - scores[rows, labels]
    return np.where(np.isnan(lead), np.inf, lead)


def _caption(names: Sequence[str] | None, label: Any, prediction: Any) -> str:
    """What is written above an image."""
    label, prediction = (None if c is None else _name(names, int(c)) for c in (label, prediction))
    if label is None or prediction is None or label == prediction:
        return label or prediction or ""
    return f"{label} → {prediction}" if names is None else f"{label}\n→ {prediction}"


def _name(names: Sequence[str] | None, c: int) -> str:
    if c == -1:
        return "NaN"
    if names is None:
        return str(c)
    if not 0 <= c < len(names):
        raise ValueError(f"digits: there is an image of class {c}, but names has {len(names)}")
    return str(names[c])


def _coloured(picture: Numbers, *, wrong: bool) -> Numbers:
    """An image (H, W, 1 or 3) in colours: dark ink on white, red on pink, or its own within a red frame."""
    if picture.shape[2] == 1:
        paper, ink = (PINK, RED) if wrong else (PAPER, INK)
        colors: Numbers = np.array(paper) + (np.array(ink) - np.array(paper)) * picture
        return colors
    picture = picture.copy()
    if wrong:
        width = max(1, picture.shape[1] // 20)
        inside = np.zeros(picture.shape[:2], bool)
        inside[width:-width, width:-width] = True
        picture[~inside] = RED
    return picture


def _title(wrong: int, total: int, shown: int, *, ranked: bool) -> str:
    rate = f"{wrong:,} of {total:,} wrong"
    if shown == total:
        return rate
    return f"{rate}; {'the worst' if ranked else 'the first'} {shown:,}"
