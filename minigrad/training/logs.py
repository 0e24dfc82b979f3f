"""Logs: callbacks that write an epoch's record to a file when it is there, for people and programs that look on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from minigrad import checks
from minigrad.training.callback import Callback
from minigrad.training.history import History, csv_text, json_line

if TYPE_CHECKING:
    from minigrad.training.under_way import Training

OWN = ("epoch", "step", "seconds", "lr")
"""What a record begins with."""


class _Log(Callback):
    """A text file that is written anew when the training begins, and grows with it.

    A resumed training first writes what its checkpoint knows.
    """

    order = 5

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: IO[str] | None = None

    def before_training(self, training: Training) -> None:
        """Open the file, and write what is there already."""
        self._file = self.path.open("w", encoding="utf-8", newline="")
        self._write(self._so_far(training))

    def after_training(self, training: Training) -> None:  # noqa: ARG002
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _so_far(self, training: Training) -> str:
        raise NotImplementedError

    def _write(self, text: str) -> None:
        assert self._file is not None
        self._file.write(text)
        self._file.flush()


class JSONLines(_Log):
    """Writes each epoch's record as a line of JSON, as soon as it is there.

    The file is written anew when the training begins. A resumed training first writes what its checkpoint knows: no
    line is there twice, and none of steps that are taken again.

    Args:
        path: the file's.
        every: write a line {"step", "lr", "loss"} every so many steps as well, with the mean loss since the last one.

    >>> from minigrad import training
    >>> log = training.JSONLines("metrics.jsonl", every=100)
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int | None = None) -> None:
        super().__init__(path)
        self.every = None if every is None else checks.integer("JSONLines", "every", every)

    def after_step(self, training: Training) -> None:
        """Write a line every so many steps."""
        if self.every is not None and training.step % self.every == 0:
            self._write(json_line(_of_steps(training.history, training.step, self.every)))

    def after_epoch(self, training: Training) -> None:
        """Write a line."""
        self._write(json_line(training.history.epochs[-1]))

    def _so_far(self, training: Training) -> str:
        history, every = training.history, self.every
        records = (
            [] if every is None else [_of_steps(history, n, every) for n in range(every, training.step + 1, every)]
        )
        records = sorted([*records, *history.epochs], key=lambda record: record["step"])  # an epoch after its last step
        return "".join(map(json_line, records))


def _of_steps(history: History, step: int, every: int) -> dict[str, Any]:
    part = slice(step - every, step)
    losses, counts = history.steps["loss"][part], history.steps["examples"][part]
    mean = sum(loss * n for loss, n in zip(losses, counts, strict=True)) / max(sum(counts), 1)
    return {"step": step, "lr": history.steps["lr"][step - 1], "loss": mean}


class CSV(_Log):
    """Writes each epoch's record as a row of a table, as soon as it is there; like `JSONLines` it begins anew.

    Args:
        path: the file's.
    """

    def after_epoch(self, training: Training) -> None:
        """Write a row."""
        self._write(csv_text([*OWN, *training.names], training.history.epochs[-1:], header=False))

    def _so_far(self, training: Training) -> str:
        return csv_text([*OWN, *training.names], training.history.epochs, header=True)


class TensorBoard(Callback):
    """Writes event files that TensorBoard shows: each epoch's record, and every so many steps the loss.

    It needs the extra `tensorboard`, which brings tensorboardX: that writes the files without TensorFlow. A resumed
    training lets TensorBoard forget the steps that it takes again.

    Args:
        directory: of the event files; one for each training.
        every: steps from one loss to the next.
    """

    order = 5

    def __init__(self, directory: str | os.PathLike[str], *, every: int = 100) -> None:
        self.directory = os.fspath(directory)
        self.every = checks.integer("TensorBoard", "every", every)
        self._writer: Any = None

    def before_training(self, training: Training) -> None:
        """Begin a file."""
        try:
            import tensorboardX  # noqa: PLC0415 - an extra
        except ImportError:
            raise ImportError("TensorBoard needs tensorboardX: pip install 'minigrad-nn[tensorboard]'") from None
        step = training.step
        self._writer = tensorboardX.SummaryWriter(
            self.directory,
            purge_step=step + 1 if step else None,
            filename_suffix=f".{step}",  # files begun in the same second have the same name otherwise
        )

    def after_step(self, training: Training) -> None:
        """Write the loss every so many steps."""
        if training.step % self.every == 0:
            self._writer.add_scalar("loss/step", training.history.steps["loss"][-1], training.step)

    def after_epoch(self, training: Training) -> None:
        """Write the record."""
        record = training.history.epochs[-1]
        for name in ("lr", *training.names):
            if isinstance(record[name], (int, float)):
                part, figure = ("validation", name[11:]) if name.startswith("validation_") else ("training", name)
                self._writer.add_scalar(f"{figure}/{part}", record[name], training.step)
        self._writer.flush()

    def after_training(self, training: Training) -> None:  # noqa: ARG002
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
