"""find_learning_rate: a short training with a rising learning rate, which is undone, tells a rate to train with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minigrad import checks
from minigrad.backend import errstate
from minigrad.core.config import enable_grad, train_mode
from minigrad.core.variable import Variable
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.training.saved import Before
from minigrad.training.under_way import Training

MEMORY = 0.9
"""How much of the running mean of losses is left a step later."""

DIVERGED = 4.0
"""A running mean that is so many times the least one ends the search."""


@dataclass(frozen=True)
class LearningRateSearch:
    """The losses of a training whose learning rate rises in each step.

    Attributes:
        rates: the learning rates, rising.
        losses: of the minibatch of each step, before the step with that rate; the last may be infinite or NaN.
        means: the running mean of the losses.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    means: tuple[float, ...]

    @property
    def suggestion(self) -> float:
        """A rate to train with: the first one at which the running mean has fallen half the way to its least.

        There the loss falls fast. A tenth of the rate of the least mean, another custom, varies more from try to try.
        """
        finite = [mean for mean in self.means if math.isfinite(mean)]
        half = (self.means[0] + min(finite)) / 2
        return next(rate for rate, mean in zip(self.rates, self.means, strict=True) if mean <= half)


@errstate(over="ignore", invalid="ignore")  # that the loss explodes is what is waited for
def find_learning_rate(
    model: Module,
    optimizer: Optimizer,
    train: Iterable[Any],
    *,
    loss: Callable[..., Variable],
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
) -> LearningRateSearch:
    """Train with a learning rate that rises from step to step until the loss explodes, and then undo the training.

    Afterwards the parameters, buffers and gradients, the optimizer with its rate, and the random generators that the
    training drew from are what they were before, bit for bit, also after an error.

    Args:
        model: the model to be trained.
        optimizer: of its parameters; a group's own rate stays as it is.
        train: minibatches (x, t), of `data.batches` for example; when they end they begin again.
        loss: of what the model returned and t, one of the losses in `functions` for example.
        low: the first rate.
        high: the last rate, if the loss has not exploded before.
        steps: their number from low to high, by the same factor each.
    Returns:
        the rates, their losses and a `suggestion`; `plots.learning_rates` draws them.
    Raises:
        ValueError: there is no minibatch, the very first loss is not finite, or low is not below high.
        TypeError: an argument is of the wrong type.

    Source: Smith 2017, "Cyclical learning rates for training neural networks"; stopped and smoothed as in fastai.

    >>> import numpy as np, minigrad.functions as F
    >>> from minigrad import nn, optim
    >>> model = nn.Linear(1, 1, init=nn.init.Constant(0.0))
    >>> optimizer = optim.SGD(model.parameters(), lr=0.001)
    >>> x = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
    >>> found = find_learning_rate(model, optimizer, [(x, 3 * x + 1)], loss=F.mean_squared_error)
    >>> 0.01 < found.suggestion < 1.0, model.w.item(), optimizer.lr
    (True, 0.0, 0.001)
    """
    low, high, steps = _checked(model, optimizer, low, high, steps)
    rates: list[float] = []
    losses: list[float] = []
    means: list[float] = []
    mean, minibatches = 0.0, _endless(train)
    with _undone(model, optimizer, train, loss), enable_grad(), train_mode():
        for step in range(steps):
            x, t, *weights = next(minibatches)
            optimizer.lr = low * (high / low) ** (step / (steps - 1))
            y = loss(model(x), t, sample_weights=weights[0]) if weights else loss(model(x), t)
            mean = MEMORY * mean + (1 - MEMORY) * y.item()
            rates.append(optimizer.lr)
            losses.append(y.item())
            means.append(mean / (1 - MEMORY ** (step + 1)))  # or the first ones would be drawn towards 0
            if not means[-1] <= DIVERGED * abs(min(means)):
                break
            optimizer.zero_grad()
            y.backward()
            optimizer.step()
    if not math.isfinite(losses[0]):
        raise ValueError(f"find_learning_rate: the loss is {losses[0]} before the first step: no rate will mend that")
    return LearningRateSearch(tuple(rates), tuple(losses), tuple(means))


def _checked(model: Any, optimizer: Any, low: Any, high: Any, steps: Any) -> tuple[float, float, int]:
    what = "find_learning_rate"
    for name, value, kind in (("model", model, Module), ("optimizer", optimizer, Optimizer)):
        if not isinstance(value, kind):
            raise TypeError(f"{what}: {name} must be {'a Module' if kind is Module else 'an Optimizer'}, not {value!r}")
    low, high = checks.positive(what, "low", low), checks.positive(what, "high", high)
    if low >= high:
        raise ValueError(f"{what}: low must be below high, not {low:g} and {high:g}")
    return low, high, checks.integer(what, "steps", steps, least=2)


def _endless(train: Iterable[Any]) -> Iterator[Any]:
    """The minibatches, again and again."""
    while True:
        empty = True
        for minibatch in train:
            empty = False
            yield minibatch
        if empty:
            raise ValueError("find_learning_rate: train has no minibatch left; give what can be iterated again, a list")


@contextmanager
def _undone(model: Module, optimizer: Optimizer, train: Any, loss: Any) -> Iterator[None]:
    """Let everything that a training changes be afterwards what it was before."""
    before = Before(Training(model, optimizer, train, None, loss=loss, metrics={}, epochs=None, steps=None))
    gradients = [(parameter, parameter.grad) for parameter in (*model.parameters(), *optimizer.parameters)]
    try:
        yield
    finally:
        before.put_back()
        for parameter, gradient in gradients:
            parameter.grad = gradient
