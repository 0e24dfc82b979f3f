"""History: what a training has reached, by epoch and by step."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from minigrad import checks
from minigrad.backend import Array, is_array, to_numpy, xp_of

MOST_WAITING = 1_000
"""Losses that stay on a device until they are read; each takes some hundred bytes there."""

STEP_NAMES = ("loss", "lr", "examples")


class History:
    """The numbers of a training, which `fit` returns.

    Attributes:
        epochs: a record of each epoch, a dict: "epoch" (from 1), "step" (steps done by then), "seconds" (of training by
            then), "lr", "loss" (the mean over the epoch's examples, of the model as it was at each step), the metrics,
            and with a validation set "validation_loss" and so on.

    `history["validation_loss"]` is the list of a name's numbers, of each epoch that has it.

    >>> history = History()
    >>> history.add_step(np.float32(0.5), lr=0.1, examples=2)
    >>> history.add_epoch({"epoch": 1, "loss": 0.5})
    >>> history["loss"], history.steps["lr"]
    ([0.5], [0.1])
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, Any]] = []
        self._steps: dict[str, list[Any]] = {name: [] for name in STEP_NAMES}
        self._waiting: list[Array] = []  # losses, arrays of one number: to read one would wait for the device

    @property
    def steps(self) -> Mapping[str, list[Any]]:
        """Of each step: "loss" of its minibatch, "lr", and "examples", the number of them in the minibatch."""
        if self._waiting:
            numbers = to_numpy(xp_of(self._waiting[0]).stack(self._waiting))
            self._steps["loss"] += numbers.astype(np.float64).tolist()
            self._waiting = []
        return self._steps

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self.names:
            there = ", ".join(self.names) or "no epoch yet"
            raise KeyError(f"history has no {name!r}; there is {there}")
        return [record[name] for record in self.epochs if name in record]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        return f"History({len(self.epochs)} epochs, {len(self._steps['lr'])} steps: {', '.join(self.names)})"

    @property
    def names(self) -> list[str]:
        """The names in the epochs' records."""
        return list(dict.fromkeys(name for record in self.epochs for name in record))

    def add_step(self, loss: Array, *, lr: float, examples: int) -> None:
        """Add a step: its loss, an array of one number, the learning rate, and the number of examples."""
        self._waiting.append(loss)
        self._steps["lr"].append(lr)
        self._steps["examples"].append(examples)
        if len(self._waiting) == MOST_WAITING:
            self.steps  # noqa: B018 - reads them

    def add_epoch(self, record: Mapping[str, Any]) -> None:
        """Add an epoch's record; arrays in it become lists."""
        self.epochs.append({name: _plain(value) for name, value in record.items()})

    def mean_loss(self, steps: int) -> float:
        """The mean of the last so many steps' losses, each as heavy as it has examples; NaN if there are none."""
        if not steps:
            return math.nan
        losses, counts = self.steps["loss"][-steps:], self.steps["examples"][-steps:]
        total = sum(counts)
        weighted = (loss * count for loss, count in zip(losses, counts, strict=True))
        return sum(weighted) / total if total else math.nan

    def best_epoch(self, name: str, mode: str) -> int:
        """The place in `history[name]` of its best number: the first that is the smallest ("min") or largest ("max").

        NaN is never the best; -1 if there is nothing else.
        """
        checks.choice("best_epoch", "mode", mode, ("min", "max"))
        sign = 1 if mode == "min" else -1
        numbers = [(sign * x, i) for i, x in enumerate(self[name]) if not math.isnan(x)]
        return min(numbers)[1] if numbers else -1

    def to_dict(self) -> dict[str, Any]:
        """A copy as plain lists, dicts and numbers; `History.from_dict` makes a History of it."""
        return {
            "epochs": [dict(record) for record in self.epochs],
            "steps": {name: list(numbers) for name, numbers in self.steps.items()},
        }

    @classmethod
    def from_dict(cls, plain: Any) -> Self:
        """The history that gave such a dict; a ValueError says what is wrong with another one."""
        history = cls()
        if not isinstance(plain, Mapping) or set(plain) != {"epochs", "steps"}:
            raise ValueError("History.from_dict: it must be a dict of epochs and steps")
        epochs, steps = plain["epochs"], plain["steps"]
        if not isinstance(epochs, list) or not all(isinstance(record, dict) for record in epochs):
            raise ValueError("History.from_dict: epochs must be a list of dicts")
        if not isinstance(steps, Mapping) or set(steps) != set(STEP_NAMES):
            raise ValueError(f"History.from_dict: steps must be a dict of {', '.join(STEP_NAMES)}")
        columns = {name: list(steps[name]) for name in STEP_NAMES}
        if len({len(column) for column in columns.values()}) > 1:
            raise ValueError("History.from_dict: steps must be lists of one length")
        if not all(isinstance(x, (int, float)) for column in columns.values() for x in column):
            raise ValueError("History.from_dict: steps must be lists of numbers")
        history.epochs = [dict(record) for record in epochs]
        history._steps = columns
        return history

    def to_json_lines(self) -> str:
        """A JSON object for each epoch, each on a line; what is no finite number is null, as JSON knows none."""
        return "".join(json_line(record) for record in self.epochs)

    def to_csv(self) -> str:
        """A table with a row for each epoch and a column for each name; lists stand in a field as JSON."""
        return csv_text(self.names, self.epochs, header=True)


def json_line(record: Mapping[str, Any]) -> str:
    """A record as JSON, with the line's end."""
    return json.dumps({name: _finite(value) for name, value in record.items()}) + "\n"


def csv_text(names: Sequence[str], records: Iterable[Mapping[str, Any]], *, header: bool) -> str:
    """Records as rows of a table with these columns, below their names or without them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows({k: _field(v) for k, v in record.items()} for record in records)
    return text.getvalue()


def _field(value: Any) -> Any:
    return json.dumps(_finite(value)) if isinstance(value, (list, dict)) else value


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if is_array(value):
        value = to_numpy(value)
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
