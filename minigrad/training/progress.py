"""Progress: a training's state on the screen."""

from __future__ import annotations

import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from minigrad.training.callback import Callback

if TYPE_CHECKING:
    from minigrad.training.under_way import Training

EVERY = 0.5
"""Seconds between two looks at the figures, for which a GPU has to finish what it is at."""


class Progress(Callback):
    """Shows loss, metrics, rate and time left: a bar on a terminal that has tqdm, a line for each epoch elsewhere."""

    order = 10  # the record is complete, and what other callbacks print stands above

    def __init__(self) -> None:
        self._bar: Any = None
        self._next = 0.0

    def before_training(self, training: Training) -> None:
        """Begin the bar."""
        if sys.stderr.isatty():
            with suppress(ImportError):
                self._bar = _bar(training)
        self._next = monotonic() + EVERY

    def after_step(self, training: Training) -> None:
        """Move the bar, now and then."""
        if self._bar is not None and monotonic() >= self._next:
            self._show(training, training.figures())

    def after_epoch(self, training: Training) -> None:
        """Print the epoch's figures."""
        record = training.history.epochs[-1]
        of = "" if training.epochs is None else f"/{training.epochs}"
        line = f"epoch {training.epoch}{of}  {described({name: record[name] for name in training.names})}"
        if self._bar is not None:
            self._show(training, {})
            self._bar.write(line)
        else:
            print(f"{line}  ({record['seconds']:.1f} s)", flush=True)  # noqa: T201 - what it is for

    def after_training(self, training: Training) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.update(training.step - self._bar.n)
            self._bar.close()
            self._bar = None
        if training.stopped:
            print(f"stopped after epoch {training.epoch}: {training.stopped}", flush=True)  # noqa: T201

    def _show(self, training: Training, figures: dict[str, Any]) -> None:
        self._bar.set_postfix_str(f"epoch {training.epoch}  {described(figures)}", refresh=False)
        self._bar.update(training.step - self._bar.n)
        self._next = monotonic() + EVERY


def described(figures: dict[str, Any]) -> str:
    """Figures by name for a line: losses with four significant digits; what is no number is left out."""
    return "  ".join(
        f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items() if isinstance(value, (int, float))
    )


def _bar(training: Training) -> Any:
    from tqdm import tqdm  # noqa: PLC0415 - an extra

    class Bar(tqdm):  # type: ignore[misc]
        monitor_interval = 0  # no thread that stays behind

    return Bar(total=training.total_steps, initial=training.step, unit="step", dynamic_ncols=True, mininterval=0)
