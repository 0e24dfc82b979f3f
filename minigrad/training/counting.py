"""Metrics of a training or an evaluation, which count some minibatches together: that takes a part of the time."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from minigrad.backend import Array, is_array, xp_of
from minigrad.core.variable import Variable

MOST_MINIBATCHES = 32
MOST_BYTES = 2**18
"""Of outputs that wait. When they are counted depends on them alone: a sum of floats does on what is added together."""


class Counting:
    """Copies of metrics, by name, that have counted nothing yet."""

    def __init__(self, metrics: Mapping[str, Any]) -> None:
        self.metrics = {name: deepcopy(metric) for name, metric in metrics.items()}
        self._waiting: list[tuple[Array, Array]] = []
        self._bytes = 0
        self.reset()

    def reset(self) -> None:
        """Forget all minibatches."""
        for metric in self.metrics.values():
            metric.reset()
        self._waiting, self._bytes, self._counted = [], 0, False

    def add(self, output: Any, t: Any) -> None:
        """Count a minibatch, now or with some later ones."""
        if not self.metrics:
            return
        y = array_of(output)
        if not (is_array(y) and is_array(t) and y.ndim and t.ndim):
            self.flush()
            self._update(y, t)
            return
        if self._waiting and not all(map(_fit, self._waiting[0], (y, t))):
            self.flush()
        self._waiting.append((y.copy(), t.copy()))  # whoever made them may use their memory again
        self._bytes += y.nbytes
        if len(self._waiting) == MOST_MINIBATCHES or self._bytes >= MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Count what waits."""
        if self._waiting:
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            y, t = (xp_of(arrays[0]).concatenate(arrays) for arrays in zip(*waiting, strict=True))
            self._update(y, t)

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


def loss_of_example(loss: Any, value: Variable, t: Any) -> Array:
    """The mean of a minibatch's examples, of a loss that is one, or of `partial(loss, reduction="sum")`."""
    summed = getattr(loss, "keywords", {}).get("reduction") == "sum"
    return value.data / examples_in(t) if summed else value.data


def examples_in(t: Any) -> int:
    """The number of examples in a minibatch's labels: an array, a list, or a tuple or dict of such."""
    while isinstance(t, (tuple, dict)) and t:
        t = next(iter(t.values() if isinstance(t, dict) else t))
    return len(t)


def array_of(output: Any) -> Any:
    """The array of a Variable that a model returned; anything else as it is."""
    return output.data if isinstance(output, Variable) else output


def _fit(first: Array, other: Array) -> bool:
    return bool(first.shape[1:] == other.shape[1:] and first.dtype == other.dtype)
