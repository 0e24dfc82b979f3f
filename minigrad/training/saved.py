"""What a checkpoint has in it: all that the rest of a training depends on, as arrays by name in one .npz file.

"model.", "optimizer.", "metrics." and "callbacks." begin the names of their states' arrays, "steps." those of the
history; the entry "training" is a text in JSON: where the training stands, the states of the random generators, now and
at the start of the pass through the data, and the epochs' records.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import Array, is_array
from minigrad.core import config
from minigrad.files import atomic_write
from minigrad.nn.npz import MAX_LISTED, READING_ERRORS, read_all_arrays, write_arrays
from minigrad.nn.state import quoted
from minigrad.optim.optimizer import Optimizer
from minigrad.training import generators
from minigrad.training.history import STEP_NAMES, History

if TYPE_CHECKING:
    from minigrad.training.callback import Callback
    from minigrad.training.under_way import Training

FORMAT = 1
COUNTS = ("epoch", "step", "step_of_epoch")
FITTING_ERRORS = (*READING_ERRORS, TypeError, KeyError, IndexError, AttributeError)
"""What a file that is no checkpoint of this training may give."""

Saved = dict[str, Array]


def write(training: Training, path: str | os.PathLike[str]) -> None:
    """Write a checkpoint, which takes the place of the file at `path` when it is complete."""
    saved = capture(training)
    with atomic_write(path) as file:
        write_arrays(saved, file)


def read(path: str | os.PathLike[str]) -> Saved:
    """The arrays of a checkpoint; reading errors are the caller's to explain."""
    if Path(path).exists() and not Path(path).is_file():
        raise OSError(f"fit: {path} is not a regular file")
    with Path(path).open("rb") as file:
        return read_all_arrays(file)


def why(error: Exception) -> str:
    """The reason that an error of reading gives, in some lines."""
    lines = (str(error) or "it ends too early").split("\n")
    text = "\n  ".join(line.strip()[:200] for line in lines[:MAX_LISTED])
    return text if isinstance(error, (ValueError, TypeError, *READING_ERRORS)) else f"it lacks {quoted(text)}"


def capture(training: Training) -> Saved:
    """All that the rest of the training depends on."""
    counting = training.counting.state_dict() if training.step_of_epoch else {}
    plain = {
        "format": FORMAT,
        **{name: getattr(training, name) for name in COUNTS},
        "per_epoch": training.per_epoch,
        "stopped": training.stopped,
        "seconds": training.seconds,
        "optimizer": type(training.optimizer).__name__,
        "settings": settings_of(training.optimizer),
        "generators": generators.states(generators_of(training)),
        "pass_start": training.pass_start if training.step_of_epoch else None,
        "epochs": training.history.epochs,
    }
    return {
        "training": np.frombuffer(json.dumps(plain).encode(), np.uint8),
        **_named("model", training.model.state_dict()),
        **_named("optimizer", training.optimizer.state_dict()),
        **_named("metrics", counting),
        **_named("steps", {name: np.array(training.history.steps[name], np.float64) for name in STEP_NAMES}),
        **{
            name: array
            for key, callback in _by_name(training.callbacks).items()
            for name, array in _named(f"callbacks.{key}", callback.state_dict()).items()
        },
    }


def restore_progress(training: Training, saved: Saved) -> None:
    """Go to where the training stood: its counts, its history."""
    plain = plain_part(saved)
    counts = {name: _count(plain, name) for name in COUNTS}
    epoch, step, of_epoch = counts.values()
    history = _history(saved, plain, step)
    if of_epoch > step or len(history.epochs) != epoch - bool(of_epoch):
        raise ValueError("its counts contradict each other")
    if of_epoch and plain["per_epoch"] != training.per_epoch:
        raise ValueError(
            f"it was written in the middle of an epoch of {plain['per_epoch']!r:.20} minibatches, and now "
            f"train has {training.per_epoch}"
        )
    if of_epoch > (training.per_epoch or of_epoch):
        raise ValueError(f"it was written after {of_epoch} of {training.per_epoch} minibatches")
    stopped, seconds = plain["stopped"], plain["seconds"]
    if not isinstance(stopped, str) or not isinstance(seconds, (int, float)):
        raise TypeError("stopped must be a text, and seconds a number")
    training.history, training.stopped, training.seconds = history, stopped, seconds
    for name, count in counts.items():
        setattr(training, name, count)


def restore(training: Training, saved: Saved, *, callbacks: bool) -> None:
    """Put the model, the optimizer, the metrics and the generators into their states, and the callbacks."""
    plain = plain_part(saved)
    kind = type(training.optimizer).__name__
    if plain["optimizer"] != kind:
        raise ValueError(f"it is of the optimizer {quoted(str(plain['optimizer']))}, and this one is {kind}")
    training.model.load_state_dict(_under("model", saved))
    training.optimizer.load_state_dict(_under("optimizer", saved))
    _set_settings(training.optimizer, plain["settings"])
    training.counting.load_state_dict(_under("metrics", saved) if training.step_of_epoch else {})
    if not callbacks:
        return
    for key, callback in _by_name(training.callbacks).items():
        if state := _under(f"callbacks.{key}", saved):
            callback.load_state_dict(state)
    here = generators_of(training)
    if training.step_of_epoch:
        generators.restore(here, plain["pass_start"])  # to see now that it fits
    generators.restore(here, plain["generators"])


class Before:
    """The model, the optimizer and the generators as they are, to be put back if a checkpoint turns out not to fit."""

    def __init__(self, training: Training) -> None:
        self._training, self._generators = training, generators_of(training)
        self._model, self._optimizer = training.model.state_dict(), training.optimizer.state_dict()
        self._settings, self._states = settings_of(training.optimizer), generators.states(self._generators)

    def put_back(self) -> None:
        """Undo what a checkpoint changed."""
        self._training.model.load_state_dict(self._model)
        self._training.optimizer.load_state_dict(self._optimizer)
        _set_settings(self._training.optimizer, self._settings)
        generators.restore(self._generators, self._states)


def generators_of(training: Training) -> dict[str, np.random.Generator]:
    """All generators that the training draws from, by the paths to them."""
    roots = ("model", "train", "validation", "loss_function", "callbacks")
    return generators.find({"context": config.generator()} | {name: getattr(training, name) for name in roots})


def plain_part(saved: Saved) -> dict[str, Any]:
    """What is in a checkpoint beside the arrays."""
    text = saved["training"]
    if text.dtype != np.uint8 or text.ndim != 1:
        raise ValueError("its entry training is no text")
    plain = json.loads(text.tobytes())
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    return plain


def settings_of(optimizer: Optimizer) -> list[dict[str, float]]:
    """The optimizer's numbers, lr and so on, which may have been changed on the way; then those of each group."""
    own = {name: value for name, value in vars(optimizer).items() if not name.startswith("_")}
    return [{k: v for k, v in each.items() if isinstance(v, (int, float))} for each in (own, *optimizer.groups)]


def _set_settings(optimizer: Optimizer, settings: Any) -> None:
    known = [set(each) for each in settings_of(optimizer)]
    if not isinstance(settings, list) or [set(each) for each in settings] != known:
        raise ValueError("the optimizer's settings are others")
    for name, value in settings[0].items():
        if value != getattr(optimizer, name):  # some may not be set again
            setattr(optimizer, name, value)
    for group, values in zip(optimizer.groups, settings[1:], strict=True):
        for name, value in values.items():
            if not isinstance(value, (int, float)):
                raise TypeError(f"the setting {quoted(name)} of a group must be a number")
            group[name] = value


def _history(saved: Saved, plain: Mapping[str, Any], step: int) -> History:
    columns = {name: saved[f"steps.{name}"] for name in STEP_NAMES}
    if any(column.shape != (step,) or column.dtype.kind != "f" for column in columns.values()):
        raise ValueError(f"its history must have {step} steps")
    steps = {name: column.tolist() for name, column in columns.items()}
    epochs = plain["epochs"]
    if not isinstance(epochs, list) or not all(isinstance(each, dict) and _numbers(each.values()) for each in epochs):
        raise ValueError("its epochs' records must be dicts of numbers")
    return History.from_dict({"epochs": epochs, "steps": steps | {"examples": list(map(int, steps["examples"]))}})


def _numbers(values: Any) -> bool:
    return all(isinstance(x, (int, float)) or (isinstance(x, list) and _numbers(x)) for x in values)


def _count(plain: Mapping[str, Any], name: str) -> int:
    value = plain[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError(f"its {name} must be a count")
    return value


def _by_name(callbacks: Any) -> dict[str, Callback]:
    """Callbacks by class and number: "EarlyStopping.0"."""
    numbers: Counter[str] = Counter()
    named = {}
    for callback in callbacks:
        kind = type(callback).__name__
        named[f"{kind}.{numbers[kind]}"] = callback
        numbers[kind] += 1
    return named


def _named(prefix: str, arrays: Mapping[str, Any]) -> Saved:
    for name, array in arrays.items():
        if not is_array(array):
            raise TypeError(f"the state of {prefix} must be arrays by name; {name} is a {type(array).__name__}")
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def _under(prefix: str, saved: Saved) -> Saved:
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in saved.items() if name.startswith(start)}
