"""Learning-rate schedules: plain functions of the step, which is counted from 0, in updates or in epochs.

>>> from minigrad.optim import schedules
>>> schedule = schedules.linear_warmup(schedules.cosine(0.1, steps=100), steps=5)
>>> [round(schedule(step), 4) for step in (0, 4, 5, 55, 105)]
[0.02, 0.1, 0.1, 0.05, 0.0]

In training `optimizer.lr = schedule(step)` stands before `optimizer.step()`. A schedule of your own is a function,
`lambda step: 0.1 / (1 + step)` for example.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.checks import Checked
from minigrad.nn.state import validated_state
from minigrad.spelling import Advised, advised

__all__ = [
    "ReduceOnPlateau",
    "constant",
    "cosine",
    "exponential",
    "linear_warmup",
    "multi_step",
    "one_cycle",
    "polynomial",
    "step",
]

Schedule: TypeAlias = Callable[[float], float]
"""The learning rate of a step."""


@advised
def constant(lr: float) -> Schedule:
    """The same rate in each step.

    >>> constant(0.1)(1000)
    0.1
    """
    lr = checks.not_negative("constant", "lr", lr)
    return _from_zero("constant", lambda _: lr)


@advised
def step(lr: float, *, every: int, factor: float = 0.1) -> Schedule:
    """A rate that is multiplied by `factor` after each `every` steps: lr · factor^⌊step / every⌋.

    >>> [round(step(0.1, every=30)(epoch), 4) for epoch in (0, 29, 30, 60)]
    [0.1, 0.1, 0.01, 0.001]
    """
    lr, factor = _rates("step", lr, factor)
    every = checks.integer("step", "every", every)
    return _from_zero("step", lambda step: lr * factor ** (step // every))


@advised
def multi_step(lr: float, *, at: Iterable[int], factor: float = 0.1) -> Schedule:
    """A rate that is multiplied by `factor` at each of the steps `at`.

    >>> [round(multi_step(0.1, at=[30, 45])(epoch), 4) for epoch in (0, 29, 30, 45)]
    [0.1, 0.1, 0.01, 0.001]
    """
    lr, factor = _rates("multi_step", lr, factor)
    if not isinstance(at, Iterable):
        raise TypeError(f"multi_step: at must be a list of steps, not {at!r}")
    milestones = sorted(checks.integer("multi_step", "at", milestone, least=0) for milestone in at)
    return _from_zero("multi_step", lambda step: lr * factor ** bisect_right(milestones, step))


@advised
def exponential(lr: float, *, factor: float, every: float = 1.0, end: float = 0.0) -> Schedule:
    """A rate that approaches `end`: end + (lr − end) · factor^(step / every).

    With lr=0.01, factor=0.6, of the epoch, it is the decay of the codelab "TensorFlow, Keras and deep learning, without
    a PhD" (Görner).

    >>> [round(exponential(0.01, factor=0.6)(epoch), 5) for epoch in (0, 1, 2)]
    [0.01, 0.006, 0.0036]
    """
    lr, factor = _rates("exponential", lr, factor)
    every, end = checks.positive("exponential", "every", every), checks.not_negative("exponential", "end", end)
    return _from_zero("exponential", lambda step: end + (lr - end) * math.pow(factor, step / every))


@advised
def polynomial(lr: float, *, steps: float, end: float = 0.0, power: float = 1.0) -> Schedule:
    """A rate that falls to `end` in so many steps: end + (lr − end) · (1 − step / steps)^power; a line with power 1.

    >>> [round(polynomial(0.1, steps=100)(step), 4) for step in (0, 50, 100, 200)]
    [0.1, 0.05, 0.0, 0.0]
    """
    lr, steps, end = _lengths("polynomial", lr, steps, end)
    power = checks.positive("polynomial", "power", power)
    return _from_zero("polynomial", lambda step: end + (lr - end) * math.pow(1 - min(step / steps, 1), power))


@advised
def cosine(lr: float, *, steps: float, end: float = 0.0) -> Schedule:
    """A rate that falls to `end` in so many steps, as half a wave: end + (lr − end) · (1 + cos(π · step / steps)) / 2.

    Source: Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5.

    >>> [round(cosine(0.1, steps=100)(step), 4) for step in (0, 25, 50, 100, 200)]
    [0.1, 0.0854, 0.05, 0.0, 0.0]
    """
    lr, steps, end = _lengths("cosine", lr, steps, end)
    return _from_zero("cosine", lambda step: _half_wave(lr, end, step / steps))


@advised
def linear_warmup(lr: float | Schedule, *, steps: int) -> Schedule:
    """A rate that rises in so many equal steps, the first no less than the others, and then stays, or goes on.

    Args:
        lr: the rate that is reached in the last of these steps; or a schedule, which begins after them with its own 0.
        steps: how many.

    Source: Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour" (gradual warm-up).

    >>> [round(linear_warmup(0.1, steps=4)(step), 4) for step in range(6)]
    [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]
    """
    steps = checks.integer("linear_warmup", "steps", steps)
    after = lr if callable(lr) else constant(checks.not_negative("linear_warmup", "lr", lr))
    return _from_zero(
        "linear_warmup", lambda step: after(0) * (step + 1) / steps if step < steps else after(step - steps)
    )


@advised
def one_cycle(lr: float, *, steps: float, rise: float = 0.3, start: float | None = None, end: float = 0.0) -> Schedule:
    """A rate that rises from `start` to `lr`, and falls to `end` in the remaining steps, as half a wave each.

    Args:
        lr: the highest rate.
        steps: when the end is reached.
        rise: the part of the steps in which the rate rises, in [0, 1).
        start: the rate of step 0; lr / 25 where it is not given.
        end: the rate from the last of the steps on.

    Source: Smith & Topin 2018, "Super-convergence: very fast training of neural networks using large learning rates".

    >>> [round(one_cycle(0.5, steps=100)(step), 4) for step in (0, 15, 30, 65, 100)]
    [0.02, 0.26, 0.5, 0.25, 0.0]
    """
    lr, steps, end = _lengths("one_cycle", lr, steps, end)
    start = lr / 25 if start is None else checks.not_negative("one_cycle", "start", start)
    top = checks.fraction("one_cycle", "rise", rise, one=False) * steps
    up, down = _half_wave_of(start, lr, top), _half_wave_of(lr, end, steps - top)
    return _from_zero("one_cycle", lambda step: up(step) if step < top else down(step - top))


class ReduceOnPlateau(Advised):
    """The rate of a training that is watched: multiplied by `factor` when a figure was no longer better for a while.

    To call it with the figure of another epoch, `optimizer.lr = plateau(loss)`, gives the rate of the next one. Better
    is what is below (mode "min", for losses) or above ("max", for accuracies) the best figure by `threshold` times it.

    Args:
        lr: the rate at first.
        factor: what the rate is multiplied by, in [0, 1).
        patience: so many figures that are not better change nothing; the next one does.
        threshold: the part of the best figure that a better one must differ by.
        mode: "min" or "max".
        end: the rate does not fall below it.

    >>> plateau = ReduceOnPlateau(0.1, patience=1)
    >>> [round(plateau(loss), 4) for loss in (3.0, 2.0, 2.0, 2.5, 2.1, 1.0)]
    [0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
    """

    lr = Checked(checks.not_negative)
    factor = Checked(checks.fraction, one=False)
    patience = Checked(checks.integer, least=0)
    threshold = Checked(checks.not_negative)
    mode = Checked(checks.choice, choices=("min", "max"))
    end = Checked(checks.not_negative)

    def __init__(
        self,
        lr: float,
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        mode: str = "min",
        end: float = 0.0,
    ) -> None:
        self.lr = checks.positive(type(self).__name__, "lr", lr)
        self.factor, self.patience, self.threshold, self.mode, self.end = factor, patience, threshold, mode, end
        self.best, self.waited = math.nan, 0

    def __call__(self, figure: float) -> float:
        """Look at the next figure and return the rate to go on with; NaN and infinity are never better."""
        figure = float(figure)
        distance = figure - self.best if self.mode == "max" else self.best - figure
        if math.isfinite(figure) and (math.isnan(self.best) or distance > self.threshold * abs(self.best)):
            self.best, self.waited = figure, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.lr, self.waited = max(self.lr * self.factor, min(self.end, self.lr)), 0
        return self.lr

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """The rate, the best figure (NaN before the first), and how many have been not better since."""
        return {"lr": np.array(self.lr), "best": np.array(self.best), "waited": np.array(self.waited)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another one gave its `state_dict`; one that does not fit is a ValueError that says why."""
        loaded = validated_state(f"{type(self).__name__}.load_state_dict", state, self.state_dict())
        self.lr, self.best, self.waited = (loaded[name].item() for name in ("lr", "best", "waited"))


def _from_zero(owner: str, rate: Schedule) -> Schedule:
    """The rate as a schedule, which has no step before 0."""

    def schedule(step: float) -> float:
        if step < 0:
            raise ValueError(f"{owner}: steps are counted from 0, there is no step {step}")
        return rate(step)

    return schedule


def _half_wave(start: float, end: float, part: float) -> float:
    """From start to end where part goes from 0 to 1, and end after it."""
    return end + (start - end) * (1 + math.cos(math.pi * min(part, 1))) / 2


def _half_wave_of(start: float, end: float, steps: float) -> Schedule:
    return lambda step: _half_wave(start, end, step / steps)


def _rates(owner: str, lr: float, factor: float) -> tuple[float, float]:
    return checks.not_negative(owner, "lr", lr), checks.positive(owner, "factor", factor)


def _lengths(owner: str, lr: float, steps: float, end: float) -> tuple[float, float, float]:
    lr, end = checks.not_negative(owner, "lr", lr), checks.not_negative(owner, "end", end)
    return lr, checks.positive(owner, "steps", steps), end
