"""fit: the training loop; and its parts, a step, an evaluation and a prediction, to write another loop with."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array, is_array, to_numpy, xp_of
from minigrad.core.config import inference
from minigrad.core.variable import Variable
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule
from minigrad.spelling import advised
from minigrad.training.callback import Callback, Callbacks, checked_callbacks
from minigrad.training.counting import Counting, array_of, examples_in, is_summed
from minigrad.training.history import History
from minigrad.training.progress import Progress
from minigrad.training.under_way import Training, limits

Loss: TypeAlias = Callable[..., Variable]
"""The loss of a model's output and the labels, one number."""

Minibatches: TypeAlias = Iterable[tuple[Any, ...]]
"""Pairs (x, t) of inputs and labels, or (x, t, weights) with the examples' weights, which go to the loss as its keyword
`sample_weights`. They can be gone through again: `data.batches(...)`, or a list."""


@advised
def fit(
    model: Module,
    optimizer: Optimizer,
    train: Minibatches,
    *,
    loss: Loss,
    validation: Minibatches | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    metrics: Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    class_weights: Any = None,
    schedule: Schedule | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> History:
    """Train a model: go through the minibatches again and again, and take a step against the loss of each.

    Args:
        model: is changed in place, by its optimizer.
        optimizer: made of `model.parameters()`.
        train: minibatches (x, t), or (x, t, weights), (N,), for a loss that has the keyword `sample_weights`; what an
            iteration gives is an epoch.
        loss: a function of the model's output and t, `functions.softmax_cross_entropy` for example: one number, the
            mean over the minibatch. Of `partial(loss, reduction="sum")` the gradients are those of the sum, and the
            mean is recorded.
        validation: minibatches to evaluate the model on after each epoch.
        epochs: how many, in all; 1 by default.
        steps: the most steps in all, or as many as there are if `epochs` is not given.
        metrics: by name, `{"accuracy": metrics.Accuracy()}`; copies of them count.
        callbacks: what else is done; see `Callback`.
        class_weights: how much each class weighs, (C,): a keyword that the loss must have; not in the validation.
        schedule: the learning rate as a function of the step, from 0: see `optim.schedules`.
        resume: the path of a `Checkpoint`. If the file is there, the training goes on from it, as if it had never been
            interrupted; with the same arguments, but that there may be more epochs.
        progress: show where the training stands: a bar on a terminal (with the extra `progress`), a line for each
            epoch elsewhere.
    Returns:
        the History. It has the training's own figures, of the model as it was in each step of an epoch, with dropout,
        and "validation_loss" and so on, of the model as it is after the epoch.
    Raises:
        TypeError, ValueError: an argument is none of these, or `resume` is no checkpoint of such a training.

    >>> import minigrad as mg, minigrad.functions as F
    >>> from minigrad import data, metrics, nn, optim, training
    >>> mg.seed(0)
    >>> train, test = (part.split(1000)[0] for part in data.mnist())
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    >>> history = training.fit(
    ...     model, optim.Adam(model.parameters(), lr=0.01), data.batches(train, 50), loss=F.softmax_cross_entropy,
    ...     validation=data.batches(test, 500, shuffle=False), epochs=2, metrics={"accuracy": metrics.Accuracy()},
    ...     progress=False)
    >>> len(history["loss"]), history["validation_accuracy"][-1] > 0.75
    (2, True)
    """
    _check_arguments(model, optimizer, train, loss, validation, schedule)
    metrics, (epochs, steps) = _checked_metrics("fit", metrics), limits(epochs, steps)
    weighted = loss if class_weights is None else _with_class_weights(loss, class_weights)
    training = Training(model, optimizer, train, validation, loss=loss, metrics=metrics, epochs=epochs, steps=steps)
    shown = [Progress()] if checks.boolean("fit", "progress", progress) else []

    if resume is not None:
        training.resume(resume)

    with Callbacks([*checked_callbacks("fit", callbacks), *shown], training) as call:
        training.restore()
        while training.begin_epoch():
            call.before_epoch()
            with closing(training.minibatches()) as minibatches:
                for training.x, training.t, weights in minibatches:
                    if schedule is not None:
                        optimizer.lr = schedule(training.step)
                    call.before_step()
                    training.add_step(*train_step(model, optimizer, training.x, training.t, weights, loss=weighted))
                    call.after_step()
                    if training.ended():
                        break
            training.add_epoch({} if validation is None else evaluate(model, validation, loss=loss, metrics=metrics))
            call.after_epoch()
    return training.history


def train_step(
    model: Module, optimizer: Optimizer, x: Any, t: Any, weights: Any = None, *, loss: Loss
) -> tuple[Any, Variable]:
    """Take one step of a training: the output for a minibatch, its loss, the gradients, the update.

    Returns:
        the model's output and the loss, of before the update.
    """
    output = model(x)
    value = loss(output, t) if weights is None else loss(output, t, sample_weights=weights)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return output, value


def evaluate(
    model: Module, minibatches: Minibatches, *, loss: Loss | None = None, metrics: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The mean loss and the metrics of a model on minibatches, neither recorded nor trained (`minigrad.inference`).

    Args:
        model: a Module.
        minibatches: pairs (x, t), or (x, t, weights); metrics count each example once.
        loss: a function of the model's output and t, as in `fit`.
        metrics: by name, `{"accuracy": metrics.Accuracy()}`; copies of them count.
    Returns:
        "loss", if one is given, and the metrics' values.
    Raises:
        ValueError: there are no minibatches.
    """
    counting = Counting(_checked_metrics("evaluate", metrics))
    losses, sizes, summed = [], [], is_summed(loss)
    with inference():
        for x, t, *weights in minibatches:
            output = model(x)
            sizes.append(examples_in(t))
            if loss is not None:
                value = loss(output, t, sample_weights=weights[0]) if weights else loss(output, t)
                losses.append(value.data / sizes[-1] if summed else value.data)
            counting.add(output, t)
    if not sizes:
        raise ValueError(f"evaluate: there are no minibatches in {minibatches!r:.200}")
    counting.flush()
    return ({} if loss is None else {"loss": _mean(losses, sizes)}) | counting.values()


def predict(model: Module, x: Array, *, batch_size: int = 500) -> Array:
    """The outputs of a model for the inputs x (N, ...), so many at a time, neither recorded nor trained.

    Returns:
        an array (N, ...), where x is.

    >>> from minigrad import nn
    >>> predict(nn.ReLU(), np.array([[-1.0, 2.0]], np.float32))
    array([[0., 2.]], dtype=float32)
    """
    checks.integer("predict", "batch_size", batch_size)
    x = x.data if isinstance(x, Variable) else x
    if not is_array(x) or not x.ndim:
        raise TypeError(
            f"predict: x must be an array (N, ...), not {format_array(x) if is_array(x) else type(x).__name__}"
        )
    with inference():
        outputs = [array_of(model(x[i : i + batch_size])) for i in range(0, max(len(x), 1), batch_size)]
    for output in outputs:
        if not is_array(output):
            raise TypeError(f"predict: the model must return one Variable, not a {type(output).__name__}")
    return xp_of(outputs[0]).concatenate(outputs)


def _mean(losses: Sequence[Array], sizes: Sequence[int]) -> float:
    """The mean of the losses, each as heavy as its minibatch has examples."""
    numbers = to_numpy(xp_of(losses[0]).stack(losses)).astype(np.float64)
    return float(numbers @ np.array(sizes)) / sum(sizes) if sum(sizes) else math.nan


def _with_class_weights(loss: Loss, class_weights: Any) -> Loss:
    try:
        known = inspect.signature(loss).parameters
    except (TypeError, ValueError):  # of a function that does not say
        return partial(loss, class_weights=class_weights)
    if "class_weights" not in known and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        raise TypeError(f"fit: class_weights needs a loss that takes them, and {loss} does not")
    return partial(loss, class_weights=class_weights)


def _checked_metrics(owner: str, metrics: Any) -> Mapping[str, Any]:
    """Metrics by name, none for None."""
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(f'{owner}: metrics must be a dict, {{"accuracy": metrics.Accuracy()}} for example')
    for name, metric in metrics.items():
        if isinstance(metric, type) or not all(hasattr(metric, method) for method in ("reset", "update", "value")):
            raise TypeError(f"{owner}: metrics[{name!r}] must be a metric, as metrics.Accuracy() is, not {metric!r}")
        if name in ("loss", "epoch", "step", "seconds", "lr"):
            raise ValueError(f"{owner}: a metric can't be called {name!r}, which the records have of their own")
    return metrics


def _check_arguments(model: Any, optimizer: Any, train: Any, loss: Any, validation: Any, schedule: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"fit: model must be a Module, not {type(model).__name__}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit: optimizer must be an Optimizer, as optim.Adam(...) is, not {type(optimizer).__name__}")
    for name, minibatches in (("train", train), ("validation", validation)):
        if minibatches is None and name == "validation":
            continue
        if not isinstance(minibatches, Iterable) or is_array(minibatches):
            wanted = "minibatches (x, t), as data.batches(...) gives them"
            raise TypeError(f"fit: {name} must be {wanted}, not {type(minibatches).__name__}")
        if isinstance(minibatches, Iterator):  # iter() would begin a pass, and draw its order
            wanted = "be there for each epoch anew: data.batches(...) or a list"
            raise TypeError(f"fit: {name} must {wanted}; this {type(minibatches).__name__} is used up after one")
    for name, function in (("loss", loss), ("schedule", schedule)):
        if not callable(function) and not (name == "schedule" and function is None):
            raise TypeError(f"fit: {name} must be a function, not {function!r}")
