"""Callback: what happens beside the steps of `fit`; and the order in which several are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from minigrad.backend import Array
from minigrad.spelling import Advised

if TYPE_CHECKING:
    from minigrad.training.under_way import Training


PAIRS = (("begin", "before"), ("start", "before"), ("end", "after"))
MOMENTS = ("before_training", "after_training", "before_epoch", "after_epoch", "before_step", "after_step")

ELSEWHERE = {
    **{f"on_train_{when}": f"{where}_training" for when, where in PAIRS},
    **{f"on_fit_{when}": f"{where}_training" for when, where in PAIRS},
    **{f"on_{part}epoch_{when}": f"{where}_epoch" for when, where in PAIRS for part in ("", "train_")},
    **{f"on_{part}batch_{when}": f"{where}_step" for when, where in PAIRS for part in ("", "train_")},
}
"""Methods of Keras' and Lightning's callbacks, and those that are meant."""


class Callback(Advised):
    """Something that `fit` does at certain moments of a training: a subclass defines the methods that it needs.

    Each method gets the Training, which has the model, the optimizer, the history and where the training stands; after
    a step also its minibatch, output and loss. `training.stop(reason)` ends the training after the present step.

    What a callback keeps from step to step it gives in `state_dict`, for checkpoints.

    >>> from minigrad import training
    >>> class Printer(training.Callback):
    ...     def after_epoch(self, training):
    ...         print("epoch", training.epoch, "ended after step", training.step)
    """

    order: int = 0
    """Of a training's callbacks those of a smaller number are called first; of the same, as they are listed."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in vars(cls):
            if name in ELSEWHERE or (name.startswith(("before_", "after_")) and name not in MOMENTS):
                meant = f"write {ELSEWHERE[name]}" if name in ELSEWHERE else f"there are {', '.join(MOMENTS)}"
                raise TypeError(f"{cls.__name__}.{name} would never be called; {meant}")

    def before_training(self, training: Training) -> None:
        """Called once, before the first epoch; in a resumed training the history is there, the weights are not yet."""

    def after_training(self, training: Training) -> None:
        """Called once at the end, also after an error or Ctrl-C, if `before_training` was called."""

    def before_epoch(self, training: Training) -> None:
        """Called before each epoch, and when a resumed training goes on in the middle of one."""

    def after_epoch(self, training: Training) -> None:
        """Called after each epoch, when its record, with the validation, is the last one in `history.epochs`."""

    def before_step(self, training: Training) -> None:
        """Called before each step; `training.x` and `training.t` are its minibatch."""

    def after_step(self, training: Training) -> None:
        """Called after each step; `training.output` and `training.loss` are its own."""

    def state_dict(self) -> dict[str, Array]:
        """Arrays by name, all that a later step or epoch depends on."""
        return {}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from such a state, which may come from any file; called after `before_training`."""


class Callbacks:
    """Calls the methods of several callbacks, each in the callbacks' order; those that a callback has not cost nothing.

    As a context manager it is the length of a training: each callback that has begun comes to its end.
    """

    def __init__(self, callbacks: Iterable[Callback], training: Training) -> None:
        self.callbacks = training.callbacks = sorted(callbacks, key=lambda callback: callback.order)
        self._training, self._stack = training, ExitStack()
        self.before_epoch, self.after_epoch, self.before_step, self.after_step = map(self._all, MOMENTS[2:])

    def __enter__(self) -> Self:
        with self._stack as stack:  # which ends those that have begun, if another one fails
            stack.callback(self._training.undo)  # after the callbacks' ends, which may change the model
            for callback in self.callbacks:
                stack.callback(callback.after_training, self._training)
                callback.before_training(self._training)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _all(self, moment: str) -> Any:
        methods = [getattr(each, moment) for each in self.callbacks if _defines(each, moment)]

        def call() -> None:
            for method in methods:
                method(self._training)

        return call


def _defines(callback: Callback, moment: str) -> bool:
    return getattr(type(callback), moment) is not getattr(Callback, moment)


def checked_callbacks(owner: str, callbacks: Any) -> Sequence[Callback]:
    """The callbacks, or a TypeError about what is none."""
    given = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    for i, callback in enumerate(given):
        if not isinstance(callback, Callback):
            kind = f"the class {callback.__name__}" if isinstance(callback, type) else f"a {type(callback).__name__}"
            raise TypeError(f"{owner}: callbacks[{i}] must be a training.Callback, not {kind}")
    return given
