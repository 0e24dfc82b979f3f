"""RecordStep: a callback of a training that draws one of its steps."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from minigrad import checks
from minigrad.training.callback import Callback
from minigrad.training.under_way import Training
from minigrad.viz.engines import EngineError
from minigrad.viz.record import Recorder, record


class RecordStep(Callback):
    """Records a step of a training, forward and backward, and writes it as a diagram.

    Args:
        step: its number, from 1.
        path: of the diagram; the suffix decides the format. Where nothing can lay it out it becomes Graphviz's text,
            .dot, with a RuntimeWarning.
        options: those of `draw`, color="time" for example.

    >>> from minigrad import viz
    >>> callback = viz.RecordStep(1, "step.svg", view="layers")
    """

    def __init__(self, step: int, path: str | os.PathLike[str], **options: Any) -> None:
        self.step = checks.integer("RecordStep", "step", step)
        self.path, self.options = Path(path), options
        self._recorder: Recorder | None = None

    def before_step(self, training: Training) -> None:
        """Begin to record."""
        if training.step + 1 == self.step:
            self._recorder = record(training.model)
            self._recorder.__enter__()

    def after_step(self, training: Training) -> None:
        """Draw."""
        if self._recorder is not None and training.loss is not None:
            recorder = self._end()
            title = f"{type(training.model).__name__}: training step {self.step}"
            diagram = recorder.draw(training.loss, **{"title": title} | self.options)
            try:
                diagram.save(self.path)
            except EngineError as error:  # no reason to lose the training
                text = self.path.with_suffix(".dot")
                diagram.save(text)
                warnings.warn(
                    f"RecordStep: no {self.path.name}, but {text.name}: {error}", RuntimeWarning, stacklevel=1
                )

    def after_training(self, training: Training) -> None:  # noqa: ARG002
        """End the recording of a step that failed."""
        if self._recorder is not None:
            self._end()

    def _end(self) -> Recorder:
        recorder, self._recorder = self._recorder, None
        assert recorder is not None
        recorder.__exit__()
        return recorder
