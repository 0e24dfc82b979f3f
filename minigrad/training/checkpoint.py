"""Checkpoint: a callback that writes a training to a file, from which `fit(..., resume=path)` goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from minigrad import checks
from minigrad.training import saved
from minigrad.training.callback import Callback
from minigrad.training.watching import checked_name, mode_of

if TYPE_CHECKING:
    from minigrad.training.under_way import Training


class Checkpoint(Callback):
    """Writes the training to a file after each epoch, and every so many steps.

    The file has the model with its buffers, the optimizer, the states of all random generators, the place in the data,
    the history, and the states of the other callbacks; `numpy.load` reads it, and nothing in it is code. It is written
    beside the old one and then takes its place, so that at any moment there is a whole one. A training that goes on
    from it, also in the middle of an epoch, is bit for bit the one that was never interrupted.

    Args:
        path: the file's; {epoch} and {step} in it become their numbers, and each save has a file of its own then.
        every: steps from one save to the next, besides those after the epochs; None for these alone.
        best: the name in the epochs' records, "validation_loss" for example, whose best epoch alone is saved.
        mode: is the best number the smallest, "min", or the largest, "max"; it need not be said of a loss, an error and
            an accuracy.

    >>> from minigrad import training
    >>> last, best = training.Checkpoint("last.npz", every=500), training.Checkpoint("best.npz", best="validation_loss")
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every: int | None = None,
        best: str | None = None,
        mode: str | None = None,
    ) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"Checkpoint: path must be a path, not {type(path).__name__}")
        self.path = os.fspath(path)
        self.every = None if every is None else checks.integer("Checkpoint", "every", every)
        self.best, self.mode = best, "" if best is None else mode_of("Checkpoint", best, mode)
        if best is not None and every is not None:
            raise ValueError("Checkpoint: the best epoch is known after an epoch; leave out every")
        # The best one first: a training that goes on from the last one then makes it again, if it is not there.
        self.order = 8 if best is not None else 9

    def before_training(self, training: Training) -> None:
        """Find out now whether the file can be written, and not after an hour."""
        folder = Path(self._path(training)).parent
        if not folder.is_dir():
            raise FileNotFoundError(f"Checkpoint: there is no directory {folder}")
        if self.best is not None:
            checked_name("Checkpoint", "best", self.best, training)
        if self.every is not None:
            training.counting.check_states()

    def after_step(self, training: Training) -> None:
        """Save every so many steps."""
        if self.every is not None and training.step % self.every == 0:
            self.save(training)

    def after_epoch(self, training: Training) -> None:
        """Save, if it is not the best epoch alone that is wanted, or if it was the best."""
        history = training.history
        if self.best is None or history.best_epoch(self.best, self.mode) == len(history[self.best]) - 1:
            self.save(training)

    def save(self, training: Training) -> None:
        """Write the training to the file."""
        saved.write(training, self._path(training))

    def _path(self, training: Training) -> str:
        return self.path.replace("{epoch}", str(training.epoch)).replace("{step}", str(training.step))
