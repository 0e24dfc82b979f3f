"""filters and feature_maps: what a convolution looks for, and where it finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import checks
from minigrad.plots.canvas import Numbers, given_axes, plain
from minigrad.plots.mosaic import Mosaic, columns_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def filters(w: Any, *, scale: float | None = None, columns: int | None = None, axes: Axes | None = None) -> Axes:
    """Draw the filters of a convolution: blue where a number is positive, red where it is negative, white at 0.

    Args:
        w: filters, (O, C, KH, KW). Of one channel each, C = 1, they fill a rectangle; of several, each has a row, with
            a channel in each column. A linear layer's w (784, 10), as pictures, is `w.T.reshape(10, 1, 28, 28)`.
        scale: the number that has the full colour; by default the largest magnitude. Give the same one to pictures
            that are to be compared.
        columns: filters in a row, where C = 1.
        axes: where to draw; by default in a new figure.
    Returns:
        the axes.
    Raises:
        ValueError: w is not (O, C, KH, KW), empty, or not finite.
        TypeError: an argument is of the wrong type.
        ImportError: matplotlib is not installed.

    The pictures before and after training, side by side:

        before = model.conv.w.numpy().copy()
        ...
        figure, (left, right) = plt.subplots(1, 2)
        plots.filters(before, axes=left).set_title("before")
        plots.filters(model.conv.w, axes=right).set_title("after")
    """
    array = _finite("filters", "w", w)
    if array.ndim != 4 or array.size == 0:
        raise ValueError(f"filters: w must be (O, C, KH, KW), and not empty; w {array.shape}")
    O, C, KH, KW = array.shape  # noqa: E741 - O is the number of filters
    pictures = array.reshape(-1, KH, KW)  # (O, C, KH, KW) -> (O·C, KH, KW)
    columns = C if C > 1 else _columns("filters", columns, O, (KH, KW))
    return _draw("filters", pictures, columns, scale, axes)


def feature_maps(y: Any, *, scale: float | None = None, columns: int | None = None, axes: Axes | None = None) -> Axes:
    """Draw the feature maps that a layer makes of one image: white at 0, blue above it, and red below it.

    Args:
        y: what a layer returned for one image, (C, H, W) or (1, C, H, W): `model.conv1(x[:1])` for example.
        scale: the number that has the full colour; by default the largest magnitude.
        columns: maps in a row.
        axes: where to draw; by default in a new figure.
    Returns:
        the axes.
    Raises:
        ValueError: y is not (C, H, W) or (1, C, H, W), empty, or not finite.
        TypeError: an argument is of the wrong type.
        ImportError: matplotlib is not installed.
    """
    array = _finite("feature_maps", "y", y)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]  # (1, C, H, W) -> (C, H, W)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"feature_maps: y must be of one image, (C, H, W) or (1, C, H, W); y {array.shape}")
    columns = _columns("feature_maps", columns, len(array), (array.shape[1], array.shape[2]))
    return _draw("feature_maps", array, columns, scale, axes)


def _draw(owner: str, pictures: Numbers, columns: int, scale: float | None, axes: Axes | None) -> Axes:
    """Draw (N, H, W) in colours of their numbers, with a line below that says what the colours mean."""
    largest = float(np.abs(pictures).max())
    scale = (largest or 1.0) if scale is None else checks.positive(owner, "scale", scale)
    H, W = pictures.shape[1:]
    mosaic = Mosaic(len(pictures), (H, W), columns, max(1, -(-W // 10)))
    inches = min(max(0.45 if H < 12 else 0.8, 5.0 / columns), 9.0 / columns)
    axes = mosaic.axes(owner, inches) if axes is None else given_axes(owner, axes)
    from matplotlib import colormaps  # noqa: PLC0415 - it is there, as the axes are

    mosaic.draw(axes, colormaps["RdBu"](0.5 + pictures / (2 * scale))[..., :3])
    blue, red = (f"{sign}{scale:.3g} is blue" if sign == "+" else f"{sign}{scale:.3g} red" for sign in "+−")
    axes.set_xlabel(f"{blue}, {red}" if pictures.min() < 0 else blue, fontsize=8, loc="left")
    return axes


def _finite(owner: str, name: str, value: Any) -> Numbers:
    array = plain(owner, name, value).astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{owner}: {name} must be finite; {np.count_nonzero(~np.isfinite(array)):,} numbers are not")
    return array


def _columns(owner: str, columns: int | None, count: int, shape: tuple[int, int]) -> int:
    if columns is None:
        return columns_for(count, shape, wide=1.6)
    return min(checks.integer(owner, "columns", columns), count)
