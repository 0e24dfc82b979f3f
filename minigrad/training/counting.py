"""Metrics of a training or an evaluation, which count some minibatches together: that takes a part of the time."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from minigrad.backend import Array, is_array, xp_of
from minigrad.core.variable import Variable

MOST_MINIBATCHES = 64
MOST_BYTES = 2**18
"""Of outputs that wait. When they are counted depends on them alone: a sum of floats does on what is added together."""


class Counting:
    """Copies of metrics, by name, that have counted nothing yet."""

    def __init__(self, metrics: Mapping[str, Any]) -> None:
        self.metrics = {name: deepcopy(metric) for name, metric in metrics.items()}
        self.reset()

    def reset(self) -> None:
        """Forget all minibatches."""
        for metric in self.metrics.values():
            metric.reset()
        self._counted = False
        self._forget_waiting()

    def _forget_waiting(self) -> None:
        self._form: tuple[Any, ...] | None = None
        self._number = 0
        self._outputs: Any = None  # (most, N, ...), of the minibatches that wait
        self._labels: Any = None  # (most, N, ...)

    def add(self, output: Any, t: Any) -> None:
        """Count a minibatch, now or with some later ones."""
        if not self.metrics:
            return
        y = array_of(output)
        try:
            form = type(y), y.shape, y.dtype, type(t), t.shape, t.dtype
        except AttributeError:
            form = None
        if form is None or form != self._form:
            self.flush()
            if form is None or not _can_wait(y, t):
                self._update(y, t)
                return
            self._form = form
            most = min(MOST_MINIBATCHES, MOST_BYTES // max(y.nbytes, t.nbytes, 1) + 1)
            self._outputs, self._labels = (xp_of(y).empty((most, *a.shape), a.dtype) for a in (y, t))
        self._outputs[self._number] = y  # a copy, as whoever made it may use its memory again
        self._labels[self._number] = t
        self._number += 1
        if self._number == len(self._outputs):
            self.flush()

    def flush(self) -> None:
        """Count what waits."""
        if self._number:
            waiting = [a[: self._number].reshape(-1, *a.shape[2:]) for a in (self._outputs, self._labels)]
            self._forget_waiting()
            self._update(*waiting)

    def values(self) -> dict[str, Any]:
        """The metrics' values of what is counted so far; without `flush` the last minibatches may be missing."""
        return {name: metric.value() for name, metric in self.metrics.items()} if self._counted else {}

    def check_states(self) -> None:
        """Raise a TypeError unless all metrics can be saved in the middle of an epoch."""
        for name, metric in self.metrics.items():
            if not hasattr(metric, "state_dict") or not hasattr(metric, "load_state_dict"):
                wanted = "state_dict and load_state_dict to be saved in the middle of an epoch"
                raise TypeError(f"fit: metrics[{name!r}], a {type(metric).__name__}, needs {wanted}")

    def state_dict(self) -> dict[str, Array]:
        """What is counted, as arrays by name."""
        self.flush()
        self.check_states()
        return {f"{name}/{key}": array for name, m in self.metrics.items() for key, array in m.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on from such a state; from the beginning, if it is empty."""
        self.reset()
        for name, metric in self.metrics.items() if state else ():
            start = f"{name}/"
            metric.load_state_dict({k.removeprefix(start): v for k, v in state.items() if k.startswith(start)})
            self._counted = True
        self.values()  # an error now, if the counts make no sense

    def _update(self, y: Any, t: Any) -> None:
        for metric in self.metrics.values():
            metric.update(y, t)
        self._counted = True


def is_summed(loss: Any) -> bool:
    """True for `partial(loss, reduction="sum")`; of all other losses it is assumed that they are means."""
    return bool(getattr(loss, "keywords", {}).get("reduction") == "sum")


def examples_in(t: Any) -> int:
    """The number of examples in a minibatch's labels: an array, a list, or a tuple or dict of such."""
    while isinstance(t, (tuple, dict)) and t:
        t = next(iter(t.values() if isinstance(t, dict) else t))
    return len(t)


def array_of(output: Any) -> Any:
    """The array of a Variable that a model returned; anything else as it is."""
    return output.data if isinstance(output, Variable) else output


def _can_wait(y: Any, t: Any) -> bool:
    """True for arrays of rows, of no subclass: a mask would be lost."""
    arrays = is_array(y) and type(y) is type(t) is xp_of(y).ndarray
    return bool(arrays and y.size and t.size and y.shape[:1] == t.shape[:1] != ())
