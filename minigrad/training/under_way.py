"""Training: where a training stands, which its callbacks see and a checkpoint keeps."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from minigrad import checks
from minigrad.core.variable import Variable
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.training import generators, saved
from minigrad.training.callback import Callback
from minigrad.training.counting import Counting, examples_in, is_summed
from minigrad.training.history import History


class Training:
    """A training that `fit` has under way, as its callbacks see it.

    Attributes:
        model, optimizer: as `fit` got them.
        history: all that was recorded so far.
        epochs, steps: the most of each that there will be; None is no limit.
        per_epoch: the minibatches of an epoch; None if that is not known.
        epoch: the number of the epoch that is running, or has just ended; the first is 1, before it 0.
        step: the steps that are done.
        step_of_epoch: those of them in this epoch.
        x, t: the minibatch of this step.
        output, loss: what the model and the loss gave in this step, None before that.
        stopped: why the training ends early, or "".
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        train: Any,
        validation: Any = None,
        *,
        loss: Any,
        metrics: Mapping[str, Any],
        epochs: int | None,
        steps: int | None,
    ) -> None:
        self.model, self.optimizer, self.history = model, optimizer, History()
        self.train, self.validation, self.loss_function = train, validation, loss
        self.epochs, self.steps = epochs, steps
        self.per_epoch: int | None = len(train) if hasattr(train, "__len__") else None
        self.epoch = self.step = self.step_of_epoch = 0
        self.x: Any = None
        self.t: Any = None
        self.output: Any = None
        self.loss: Variable | None = None
        self.stopped = ""
        self.counting = Counting(metrics)
        self._summed = is_summed(loss)
        self.callbacks: Sequence[Callback] = ()
        self.pass_start: dict[str, Any] = {}
        """The states of the random generators before this epoch's minibatches were begun."""
        self._resumed: saved.Saved | None = None
        self._before: saved.Before | None = None
        self._path: str | os.PathLike[str] = ""
        own = ["loss", *metrics]
        self.names = [*own, *(f"validation_{name}" for name in own if validation is not None)]
        self._seconds, self._since = 0.0, perf_counter()

    @property
    def seconds(self) -> float:
        """The time since the training began, without pauses between a checkpoint and its resumption."""
        return self._seconds + perf_counter() - self._since

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._seconds, self._since = value, perf_counter()

    @property
    def total_steps(self) -> int | None:
        """The steps that there will be, if nothing stops it before; None if that is not known."""
        by_epochs = None if None in (self.epochs, self.per_epoch) else self.epochs * self.per_epoch  # type: ignore[operator]
        known = [n for n in (by_epochs, self.steps) if n is not None]
        return min(known) if known else None

    def stop(self, reason: str) -> None:
        """End the training after the step that is running; `reason` says why."""
        self.stopped = reason

    def ended(self) -> bool:
        """True if there is no further step to do."""
        return bool(self.stopped) or self.step == self.steps

    def begin_epoch(self) -> bool:
        """Go to the next epoch, or on with the one that a checkpoint was written in; False if there is none."""
        if not self.step_of_epoch:
            if self.ended() or self.epoch == self.epochs:
                return False
            self.epoch += 1
        return True

    def minibatches(self) -> Generator[tuple[Any, ...]]:
        """Minibatches (x, t, weights or None): an epoch's, or those that a resumed epoch still has before it."""
        for minibatch in self._rest() if self._resumed else self._pass():
            if not isinstance(minibatch, (tuple, list)) or len(minibatch) not in (2, 3):
                advice = ', by .map(lambda batch: (batch["x"], batch["t"])) for example' * isinstance(minibatch, dict)
                wanted = "minibatches (x, t) or (x, t, weights)"
                raise TypeError(f"fit: train must give {wanted}, not {type(minibatch).__name__}{advice}")
            self.output = self.loss = None  # frees the graph of the step before
            yield (*minibatch, None) if len(minibatch) == 2 else tuple(minibatch)

    def _pass(self) -> Iterable[Any]:
        self.pass_start = generators.states(saved.generators_of(self))
        minibatches: Iterable[Any] = self.train
        return minibatches

    def _rest(self) -> Iterable[Any]:
        """What is left of the pass, which is begun with the random generators as they were then."""
        assert self._resumed is not None
        with self._explained():
            self.pass_start = saved.plain_part(self._resumed)["pass_start"]
            generators.restore(saved.generators_of(self), self.pass_start)
            rest = skip(self.train, self.step_of_epoch)
            saved.restore(self, self._resumed, callbacks=True)  # also what `before_epoch` changed once more
        self._resumed = self._before = None
        return () if self.ended() else rest

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Go to where the checkpoint at `path` was written, if there is one.

        Raises:
            ValueError: the file is broken, or of another training. The error says why, and the model is as before.
        """
        if not Path(path).exists():
            return
        self._path, self._before = path, saved.Before(self)
        with self._explained():
            self._resumed = saved.read(path)
            saved.restore_progress(self, self._resumed)
            saved.restore(self, self._resumed, callbacks=False)

    def restore(self) -> None:
        """Put the callbacks as well where they were, when they have begun, and undo what they changed in doing so."""
        if self._resumed:
            with self._explained():
                saved.restore(self, self._resumed, callbacks=True)
            if not self.step_of_epoch:
                self._resumed = self._before = None

    def undo(self) -> None:
        """Put the model, the optimizer and the generators back, if a resumption has begun and not succeeded."""
        if self._before is not None:
            self._before.put_back()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except saved.FITTING_ERRORS as error:
            self.undo()
            raise ValueError(f"fit: {self._path} has no checkpoint of this training: {saved.why(error)}") from None

    def add_step(self, output: Variable, loss: Variable) -> None:
        """Count a step that is done, and record it."""
        self.output, self.loss = output, loss
        self.step += 1
        self.step_of_epoch += 1
        examples = examples_in(self.t)
        mean = loss.data / examples if self._summed else loss.data
        self.history.add_step(mean, lr=self.optimizer.lr, examples=examples)
        self.counting.add(output, self.t)

    def add_epoch(self, validation: Mapping[str, Any]) -> None:
        """Record the epoch, with the figures of its validation."""
        if not self.step_of_epoch:
            raise ValueError(f"fit: train has no minibatches in epoch {self.epoch}; {self.train!r:.200}")
        record = {"epoch": self.epoch, "step": self.step, "seconds": round(self.seconds, 3), "lr": self.optimizer.lr}
        self.counting.flush()
        record |= self.figures()
        self.history.add_epoch(record | {f"validation_{name}": value for name, value in validation.items()})
        self.step_of_epoch = 0
        self.counting.reset()

    def figures(self) -> dict[str, Any]:
        """The mean loss and the metrics of this epoch up to here; the metrics may lack some of the last minibatches."""
        return {"loss": self.history.mean_loss(self.step_of_epoch), **self.counting.values()}


def limits(epochs: int | None, steps: int | None) -> tuple[int | None, int | None]:
    """The checked limits of a training; one epoch if neither is given."""
    epochs = None if epochs is None else checks.integer("fit", "epochs", epochs)
    steps = None if steps is None else checks.integer("fit", "steps", steps)
    return (1 if epochs is None and steps is None else epochs), steps


def skip(minibatches: Any, n: int) -> Iterable[Any]:
    """A pass through the minibatches without its first n.

    What has a method `start(skip=n)` makes none of them, and draws at once all that its pass is made of, as
    `data.batches(...)` does; anything else makes them in vain.
    """
    if hasattr(minibatches, "start"):
        later: Iterable[Any] = minibatches.start(skip=n)
        return later
    rest: Iterator[Any] = iter(minibatches)
    for i in range(n):
        if next(rest, rest) is rest:
            raise ValueError(f"fit: train has {i} minibatches, and the checkpoint was written after {n}")
    return rest
