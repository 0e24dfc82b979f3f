"""What an optimizer's rate and a model's weights do besides the steps: rates by epoch, averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minigrad import checks
from minigrad.backend import Array
from minigrad.checks import Checked
from minigrad.optim.averaging import ExponentialMovingAverage
from minigrad.training.callback import Callback
from minigrad.training.watching import checked_name

if TYPE_CHECKING:
    from minigrad.training.under_way import Training


class LearningRate(Callback):
    """Sets the learning rate by epoch: before each one, as a function of those done; or after it, of its figure.

    Args:
        schedule: a function of the number of epochs that are done, from 0; see `optim.schedules`.
        of: a name in the epochs' records; then the schedule is called with this figure after each epoch, as
            `optim.schedules.ReduceOnPlateau` wants it.

    >>> from minigrad import training
    >>> from minigrad.optim import schedules
    >>> decay = training.LearningRate(schedules.exponential(0.01, factor=0.6))
    >>> plateau = training.LearningRate(schedules.ReduceOnPlateau(0.1, patience=2), of="validation_loss")
    """

    def __init__(self, schedule: Callable[[float], float], *, of: str | None = None) -> None:
        if not callable(schedule):
            raise TypeError(f"LearningRate: schedule must be a function, not {schedule!r}")
        self.schedule, self.of = schedule, of

    def before_training(self, training: Training) -> None:
        """Find out whether there will be such a figure."""
        if self.of is not None:
            checked_name("LearningRate", "of", self.of, training)

    def before_epoch(self, training: Training) -> None:
        """Set the rate of this epoch."""
        if self.of is None:
            training.optimizer.lr = self.schedule(training.epoch - 1)

    def after_epoch(self, training: Training) -> None:
        """Set the rate of the next epoch."""
        if self.of is not None:
            training.optimizer.lr = self.schedule(training.history[self.of][-1])

    def state_dict(self) -> dict[str, Array]:
        """The schedule's, if it has one."""
        return self.schedule.state_dict() if hasattr(self.schedule, "state_dict") else {}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from there."""
        if not hasattr(self.schedule, "load_state_dict"):
            raise ValueError("LearningRate: the schedule has no state to load")
        self.schedule.load_state_dict(state)


class AverageWeights(Callback):
    """Gives the model, at the training's end, the running mean of the weights that it passed through.

    Until then the model has the weights themselves: the validation after each epoch, and what depends on it, is theirs.
    `with callback.average.applied():` has the model with the averages: see `optim.ExponentialMovingAverage`.

    Args:
        decay: how much of the average is left a step later, in [0, 1): it is of about 1 / (1 − decay) steps.
    """

    decay = Checked(checks.fraction, one=False)

    def __init__(self, *, decay: float = 0.999) -> None:
        self.decay = decay
        self.average: ExponentialMovingAverage | None = None

    def before_training(self, training: Training) -> None:
        """Begin with the weights that there are."""
        self.average = ExponentialMovingAverage(training.model.parameters(), decay=self.decay)

    def after_step(self, training: Training) -> None:  # noqa: ARG002
        """Let the average follow."""
        assert self.average is not None
        self.average.update()

    def after_training(self, training: Training) -> None:
        """Give the model the averages."""
        if self.average is not None:
            with self.average.applied():
                averages = training.model.state_dict()
            training.model.load_state_dict(averages)

    def state_dict(self) -> dict[str, Array]:
        """The averages."""
        return {} if self.average is None else self.average.state_dict()

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from there."""
        assert self.average is not None
        self.average.load_state_dict(state)
