"""Where a picture is drawn: in the axes that are given or in those of a new figure; and the colours pictures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minigrad.backend import is_array, to_numpy
from minigrad.core.variable import Variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers: TypeAlias = np.ndarray[Any, Any]

PAPER, INK = (1.0, 1.0, 1.0), (0.07, 0.09, 0.12)
PINK, RED = (0.992, 0.902, 0.89), (0.84, 0.18, 0.16)
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#7450b0"

INSTALL = "pip install 'minigrad-nn[plots]'"


def new_axes(owner: str, width: float, height: float, *, panels: int = 1) -> list[Axes]:
    """The axes of a new figure of pyplot's, side by side.

    Args:
        owner: the function that draws, for the message.
        width: of the figure, in inches.
        height: likewise.
        panels: the number of axes.
    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(f"{owner} needs matplotlib ({error}): {INSTALL}") from None
    _, axes = plt.subplots(1, panels, figsize=(width, height), layout="constrained", squeeze=False)
    return list(axes[0])


def given_axes(owner: str, axes: Any) -> Axes:
    """The axes that were given.

    Raises:
        TypeError: they are none.
    """
    if not hasattr(axes, "imshow"):
        advice = "of several take one, axes[0] for example" if isinstance(axes, (np.ndarray, list, tuple)) else ""
        raise TypeError(
            f"{owner}: axes must be one matplotlib Axes, not {type(axes).__name__}{'; ' if advice else ''}{advice}"
        )
    return axes  # type: ignore[no-any-return]


def plain(owner: str, name: str, value: Any) -> Numbers:
    """The numbers of an array of any device, of a Variable, or of lists, as a NumPy array.

    Raises:
        TypeError: they are no numbers.
    """
    value = value.data if isinstance(value, Variable) else value
    array = to_numpy(value) if is_array(value) else np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{owner}: {name} must be numbers, not {array.dtype}")
    return array


def points_across(axes: Axes) -> tuple[float, float]:
    """The width and the height of axes as they are now, in points: 72 an inch, as in the sizes of letters."""
    box, dpi = axes.get_window_extent(), axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    return box.width * 72 / dpi, box.height * 72 / dpi


def remove_frame(axes: Axes) -> None:
    """Leave nothing but the picture: no frame, no ticks."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
