"""LiveCurves: the curves of a training while it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any

from minigrad import checks
from minigrad.plots.canvas import given_axes, new_axes
from minigrad.plots.curves import curves, figure_size, panels_of
from minigrad.training import Callback, History, Training


class LiveCurves(Callback):
    """Draws the curves of a training while it runs: in a notebook below the cell, elsewhere in matplotlib's window.

    `training.fit(..., callbacks=[plots.LiveCurves()])`. Without a notebook or a window, the curves of the end can be
    saved: `live.axes[0].figure.savefig("curves.png")`.

    Args:
        names: what is drawn, ("loss", "accuracy") for example; by default as `curves` does.
        seconds: the least time between two pictures; in each a GPU is waited for. Where drawing is slow it is longer,
            so that the training has nine tenths of the time.
        axes: where to draw: Axes, or several, one for each name; by default in a new figure.
    Attributes:
        axes: a list of those that were drawn in; None before.
    """

    order = 5  # the record of an epoch is complete
    seconds = checks.Checked(checks.not_negative)

    def __init__(self, *, names: Sequence[str] | None = None, seconds: float = 2.0, axes: Any = None) -> None:
        self.names = [names] if isinstance(names, str) else names if names is None else list(names)
        self.seconds = seconds
        several = axes if axes is None or isinstance(axes, (list, tuple)) else getattr(axes, "flat", [axes])
        self.axes = None if several is None else [given_axes("LiveCurves", each) for each in several]
        self._own = self.axes is None
        if self.axes is not None and len(self.axes) != len(self.names or ()):
            raise ValueError(f"LiveCurves: each of the {len(self.axes)} axes needs one of names, not {names!r}")
        self._shown: Any = None  # IPython's handle of the picture in the notebook
        self._next = 0.0

    def before_training(self, training: Training) -> None:
        """Begin a new picture; a ValueError says which name the training will not have."""
        there = {name.removeprefix("validation_") for name in training.names} | {"lr"}
        if unknown := [name for name in self.names or () if name not in there]:
            raise ValueError(f"LiveCurves: there will be no {unknown[0]!r}, but {', '.join(sorted(there))}")
        self._shown, self._next = None, monotonic() + self.seconds
        if self._own:
            self.axes = None

    def after_step(self, training: Training) -> None:
        """Draw, if the last picture is old enough."""
        if monotonic() >= self._next:
            self.draw(training.history)

    def after_epoch(self, training: Training) -> None:
        """Draw, if the last picture is old enough."""
        self.after_step(training)

    def after_training(self, training: Training) -> None:
        """Draw the whole."""
        if training.step:
            self.draw(training.history)

    def draw(self, history: History) -> None:
        """Draw the curves as they are now, and show them."""
        begun = monotonic()
        names = [*panels_of(history, None)[1], "lr"]
        names = [name for name in self.names or names[:-1] if name in names]  # metrics come with the first epoch's end
        if not names:
            return
        if self.axes is None:
            self.axes = new_axes("LiveCurves", *figure_size(len(names)), panels=len(names))
        figure: Any = self.axes[0].get_figure(root=True)
        if self._own and len(self.axes) != len(names):
            figure.clear()
            figure.set_size_inches(*figure_size(len(names)))
            self.axes = list(figure.subplots(1, len(names), squeeze=False)[0])
        by_name = dict(zip(self.names if self.names and not self._own else names, self.axes, strict=True))
        for panel in self.axes:
            panel.clear()
        curves(history, names=names, axes=[by_name[name] for name in names])
        self._show(figure)
        now = monotonic()
        self._next = now + max(self.seconds, 9 * (now - begun))

    def _show(self, figure: Any) -> None:
        ipython = sys.modules.get("IPython")
        if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
            from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415 - it is there, as the axes are

            if type(figure.canvas).draw_idle is not FigureCanvasBase.draw_idle:  # there is a window
                figure.canvas.draw_idle()
                figure.canvas.flush_events()
        elif self._shown is None:
            from IPython.display import display  # noqa: PLC0415 - a notebook has it

            self._shown = display(figure, display_id=True)
            if self._own:
                from matplotlib import pyplot as plt  # noqa: PLC0415 - it is there, as the axes are

                plt.close(figure)  # or the notebook shows it a second time at the end of the cell
        else:
            self._shown.update(figure)
