"""EarlyStopping: the end of a training that gets no better, with the best weights that there were."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from minigrad import checks
from minigrad.backend import Array
from minigrad.checks import Checked
from minigrad.nn.state import validated_state
from minigrad.training.callback import Callback
from minigrad.training.watching import checked_name, mode_of

if TYPE_CHECKING:
    from minigrad.training.under_way import Training


class EarlyStopping(Callback):
    """Stops a training whose figure was no longer better for a while, and puts back the weights of the best epoch.

    They are put back however the training ends, also after its last epoch or Ctrl-C.

    Args:
        name: the figure, a name in the epochs' records.
        patience: so many epochs in a row that are not better change nothing; the next one stops the training.
        threshold: how much a better figure must differ from the best one; NaN is never better.
        mode: is the best number the smallest, "min", or the largest, "max"; it need not be said of a loss, an error and
            an accuracy.
        restore: put the best weights back.

    >>> from minigrad import training
    >>> stopping = training.EarlyStopping("validation_accuracy", patience=2)
    >>> stopping.mode
    'max'
    """

    patience = Checked(checks.integer, least=0)
    threshold = Checked(checks.not_negative)
    restore = Checked(checks.boolean)

    def __init__(
        self,
        name: str = "validation_loss",
        *,
        patience: int = 5,
        threshold: float = 0.0,
        mode: str | None = None,
        restore: bool = True,
    ) -> None:
        self.name, self.mode = name, mode_of("EarlyStopping", name, mode)
        self.patience, self.threshold, self.restore = patience, threshold, restore
        self._forget()

    def _forget(self) -> None:
        self.best, self.waited = math.nan, 0
        self._weights: dict[str, Array] = {}

    def before_training(self, training: Training) -> None:
        """Begin anew."""
        checked_name("EarlyStopping", "name", self.name, training)
        self._forget()
        self._model = training.model

    def after_epoch(self, training: Training) -> None:
        """Look at the epoch's figure."""
        figure = training.history[self.name][-1]
        distance = figure - self.best if self.mode == "max" else self.best - figure
        if not math.isnan(figure) and (math.isnan(self.best) or distance > self.threshold):
            self.best, self.waited = float(figure), 0
            self._weights = training.model.state_dict() if self.restore else {}
        else:
            self.waited += 1
        if self.waited > self.patience:
            training.stop(f"{self.name.replace('_', ' ')} was no better than {self.best:.4g} for {self.waited} epochs")

    def after_training(self, training: Training) -> None:
        """Put the best weights back."""
        if self._weights:
            training.model.load_state_dict(self._weights)
            self._weights = {}

    def state_dict(self) -> dict[str, Array]:
        """The best figure, how many epochs were not better since, and the best weights."""
        weights = {f"weights.{name}": array for name, array in self._weights.items()}
        return {"best": np.array(self.best), "waited": np.array(self.waited), **weights}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from there."""
        self.best, self.waited = float(state["best"]), int(state["waited"])
        start = "weights."
        weights = {name.removeprefix(start): x for name, x in state.items() if name.startswith(start)}
        like = self._model.state_dict()
        self._weights = validated_state("EarlyStopping.load_state_dict", weights, like) if weights else {}
