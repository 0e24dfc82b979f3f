"""learning_rates: the loss against a rising learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.plots.canvas import BLUE, ORANGE, given_axes, new_axes
from minigrad.training import LearningRateSearch

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def learning_rates(found: LearningRateSearch, *, axes: Axes | None = None) -> Axes:
    """Draw the losses that `training.find_learning_rate` found, and the rate that it suggests.

    Args:
        found: what `training.find_learning_rate` returned.
        axes: where to draw; by default in a new figure.
    Returns:
        the axes.
    Raises:
        TypeError: an argument is of the wrong type.
        ImportError: matplotlib is not installed.
    """
    if not isinstance(found, LearningRateSearch):
        given = type(found).__name__
        raise TypeError(f"learning_rates: found must be what training.find_learning_rate returned, not {given}")
    axes = new_axes("learning_rates", 5.6, 3.2)[0] if axes is None else given_axes("learning_rates", axes)
    means = np.array(found.means)
    axes.plot(found.rates, found.losses, color=BLUE, alpha=0.3, linewidth=0.8)
    axes.plot(found.rates, means, color=BLUE, linewidth=1.8)
    least, first = np.nanmin(means), means[0]
    margin = 0.1 * (first - least) or 0.1 * abs(first) or 1.0
    lowest = np.nanmin(found.losses)
    axes.set_ylim(min(lowest, least) - margin, max(first, least) + 4 * margin)  # what explodes leaves the picture
    axes.set_xscale("log")
    rate = found.suggestion
    axes.axvline(rate, color=ORANGE, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"lr = {rate:.2g}", (rate, 0.96), xycoords=axes.get_xaxis_transform(), xytext=(-5, 0), color=ORANGE,
        textcoords="offset points", ha="right", va="top", fontsize=10, fontweight="bold",
    )  # fmt: skip
    axes.set(xlabel="learning rate", ylabel="loss")
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
