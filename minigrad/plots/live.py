"""LiveCurves: the curves of a training while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minigrad import checks
from minigrad.plots.curves import curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class LiveCurves:
    """Draws the curves of a training again and again, in a notebook below the cell or in a window of matplotlib's.

    Args:
        names: what is drawn, ("loss", "accuracy") for example; by default everything.
        seconds: the least time between two pictures.
        axes: where to draw: one Axes for each name; by default in a new figure.
    """

    seconds = checks.Checked(checks.not_negative)

    def __init__(self, *, names: Sequence[str] | None = None, seconds: float = 1.0, axes: Any = None) -> None:
        self.names, self.seconds, self.axes = names, seconds, axes
        self._given = axes is not None
        self._last = -float("inf")
        self._shown: Any = None  # IPython's handle of the picture in the notebook

    def draw(self, history: Any) -> list[Axes]:
        """Draw the curves as they are now, and show them."""
        if self.axes is not None:
            for panel in self.axes if isinstance(self.axes, (list, tuple)) else [self.axes]:
                panel.clear()
        drawn = curves(history, names=self.names, axes=self.axes)
        self.axes = drawn if not self._given else self.axes
        self._show(drawn[0].get_figure(root=True))
        self._last = time.monotonic()
        return drawn

    def _show(self, figure: Any) -> None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        if not hasattr(shell, "kernel"):
            figure.canvas.draw_idle()
            figure.canvas.flush_events()
        elif self._shown is None:
            from IPython.display import display  # type: ignore[import-not-found]  # noqa: PLC0415 - a notebook has it

            self._shown = display(figure, display_id=True)
            if not self._given:
                from matplotlib import pyplot as plt  # noqa: PLC0415 - it is there, as the axes are

                plt.close(figure)  # or the notebook shows it a second time at the end of the cell
        else:
            self._shown.update(figure)
