"""Weight averaging: a model whose weights are the running mean of those that training passed through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import accumulation_dtype, device_of, errstate, to_device, to_numpy
from minigrad.checks import Checked
from minigrad.nn.state import validated_state
from minigrad.optim.trainable import Trainable, named_leaves
from minigrad.spelling import Advised


class ExponentialMovingAverage(Advised):
    """average ← decay·average + (1 − decay)·p for each parameter p, from its value when this is made.

    `update()` comes after each `optimizer.step()`; within `with average.applied():` the parameters are the averages, to
    evaluate or save the model. Buffers, the statistics of a batch normalization for example, stay the model's own.

    Args:
        parameters: `model.parameters()`.
        decay: how much of the average is left a step later, in [0, 1): it is of about 1 / (1 − decay) steps.

    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging" (averaging); Tarvainen &
    Valpola 2017, "Mean teachers are better role models" (by an exponential mean).

    >>> from minigrad import nn, optim
    >>> w = nn.Parameter([0.0])
    >>> average = optim.ExponentialMovingAverage([w], decay=0.75)
    >>> w.data[...] = 1.0
    >>> average.update()
    >>> with average.applied():
    ...     print(w)
    Parameter([0.25])
    >>> w
    Parameter([1.])
    """

    decay = Checked(checks.fraction, one=False)

    def __init__(self, parameters: Trainable, *, decay: float = 0.999) -> None:
        self._parameters = named_leaves(type(self).__name__, parameters)
        self._averages = {
            name: p.data.astype(accumulation_dtype(p.dtype), copy=True) for name, p in self._parameters.items()
        }
        self._applied = False
        self.decay = decay

    @errstate(under="ignore")
    def update(self) -> None:
        """Let the averages follow the parameters by a step."""
        self._refuse_applied("update")
        for name, p in self._parameters.items():
            average = to_device(self._averages[name], device_of(p.data))
            average += (1 - self.decay) * (p.data - average)
            self._averages[name] = average

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the parameters hold the averages; afterwards they are what they were, whatever happened."""
        self._refuse_applied("applied")
        own = {name: p.data for name, p in self._parameters.items()}
        self._applied = True
        try:
            for name, p in self._parameters.items():
                p.data = to_device(self._averages[name], device_of(p.data)).astype(p.dtype, copy=True)
            yield
        finally:
            for name, p in self._parameters.items():
                p.data = own[name]
            self._applied = False

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of the averages, by the parameters' names."""
        return {name: np.array(to_numpy(average)) for name, average in self._averages.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another average gave its `state_dict`; a ValueError says what does not fit."""
        self._averages = validated_state(f"{type(self).__name__}.load_state_dict", state, self._averages)

    def _refuse_applied(self, method: str) -> None:
        if self._applied:
            raise RuntimeError(
                f"{type(self).__name__}.{method}: not within applied(), where the parameters are the averages"
            )
