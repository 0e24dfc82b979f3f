"""Softmax cross-entropy, the loss of classes. It does not broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import (
    Array,
    accumulation_dtype,
    as_array,
    device_of,
    format_array,
    sum_wide,
    to_device,
    xp_of,
)
from minigrad.backend.distributions import distributions
from minigrad.backend.kernels import kernels_of
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.loss_reduction import REDUCTIONS
from minigrad.functions.softmax import Softmax
from minigrad.spelling import advised


@dataclass(eq=False)
class SoftmaxCrossEntropy(Function):
    """−Σ target · log softmax(x) of each row, weighted; added up unless reduction is "none".

    The targets are labels (N,) or distributions (N, C), smoothed.
    """

    reduction: str
    label_smoothing: float = 0.0
    family = "loss"

    def forward(self, x: Array, targets: Array, weights: Array) -> Array:
        losses, probabilities = kernels_of(x).cross_entropy(x, targets, weights, self.label_smoothing)
        self.save(x, probabilities, targets, weights)
        loss = losses if self.reduction == "none" else sum_wide(losses, None, keepdims=False)
        return loss.astype(x.dtype, copy=False)

    def backward(self, gy: Variable) -> Gradients:
        x, probabilities, targets, weights = self.saved
        target = distributions(targets.data, probabilities.data, self.label_smoothing)
        mass = sum_wide(target, 1, keepdims=True)  # 1, to rounding or to what a user's distributions may be off
        p = apply(Softmax(axis=1, precomputed=probabilities.data), x)
        return (p * mass - target) * (gy * weights).reshape(-1, 1), None, None

    def backward_arrays(self, gy: Array) -> tuple[Array | None, ...]:
        _, probabilities, targets, weights = self.saved_arrays
        kernels = kernels_of(probabilities)
        return kernels.cross_entropy_gradient(probabilities, targets, gy * weights, self.label_smoothing), None, None

    def flops(self) -> int:
        """Of each logit: 5 of log-softmax, a division for the probability, times the target, an addition."""
        return 8 * self.input_size(0)


@advised
def softmax_cross_entropy(
    logits: Operand,
    labels: Any,
    *,
    reduction: str = "mean",
    ignore_label: int | None = None,
    label_smoothing: float = 0.0,
    class_weights: Any = None,
    sample_weights: Any = None,
) -> Variable:
    """The cross-entropy between softmax(logits) and the labels, for any finite logits.

    Args:
        logits: (N, C), before the softmax; or (N, C, ...), such as (N, C, H, W) with a class for each pixel.
        labels: classes, ints (N, ...); or distributions, (N, C, ...), such as one-hot labels, each adding up to 1
            within a thousandth. They have no gradient. On the CPU they are checked, also if the logits are on a GPU;
            nobody looks at those on a GPU, where the loss of a row is NaN if its class is out of range.
        reduction: "mean" over the rows, each as often as it weighs, "sum", or "none".
        ignore_label: rows with this class count neither in the sum nor in the mean (which is 0 if all are ignored).
        label_smoothing: this part of each distribution is spread evenly over all classes, 0 to 1.
        class_weights: how much the rows of each class weigh, (C,); those of a distribution weigh what their classes do
            in the mean. As in PyTorch, and unlike Keras, the mean is that of the weighted rows. (PyTorch weighs each
            class's term of a smoothed label or of a distribution by itself, and divides those of the latter by N.)
        sample_weights: how much each row weighs, (N, ...). Weights have no gradient.
    Returns:
        a scalar, or (N, ...) for "none".
    Raises:
        ValueError: the shapes do not fit, a class is out of range, or a row is no distribution.
        TypeError: classes are no integers, or labels or weights require a gradient.
    Source: Szegedy et al. 2016, "Rethinking the Inception architecture" for label smoothing.

    >>> softmax_cross_entropy(np.zeros((2, 10), np.float32), np.array([3, 9]))
    Variable(2.3025851)
    """
    name = "softmax_cross_entropy"
    x = as_variable(logits)
    if isinstance(labels, Variable) and labels.requires_grad:
        raise TypeError(f"{name}: labels have no gradient here; use labels.detach()")
    t = as_array(labels.data if isinstance(labels, Variable) else labels)
    if x.ndim < 2 or x.shape[1] == 0:
        raise ValueError(f"{name}: logits must be (N, C), or (N, C, ...), not {format_array(x)}")
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: logits must be floats, not {format_array(x)}")
    shape, C = (x.shape[0], *x.shape[2:]), x.shape[1]
    if t.shape not in (x.shape, shape):
        raise ValueError(f"{name}: labels must be (N,) or (N, C); logits {format_array(x)}, labels {format_array(t)}")
    t = t.reshape(-1) if t.shape == shape else _rows(t)  # (N, ...) -> (N · ...,), (N, C, ...) -> (N · ..., C)
    checks.choice(name, "reduction", reduction, REDUCTIONS)
    if ignore_label is not None:
        checks.integer(name, "ignore_label", ignore_label, least=None)
    label_smoothing = checks.fraction(name, "label_smoothing", label_smoothing, one=True)
    if t.ndim == 2 and ignore_label is not None:
        raise ValueError(f"{name}: ignore_label needs labels (N,), not distributions {format_array(t)}")
    if t.ndim == 1 and t.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels of shape (N,) must be integers, not {format_array(t)}")
    device = device_of(x.data)
    t = to_device(t, "cpu") if device == "cpu" else t
    if device_of(t) == "cpu":
        _check_labels(name, t, C, ignore_label)
    given = (
        _given_weights(name, "class_weights", class_weights, (C,), t),
        _given_weights(name, "sample_weights", sample_weights, shape, t),
    )
    weights = _weights(t, ignore_label, *given, mean=reduction == "mean", dtype=accumulation_dtype(x.dtype))
    targets = t.copy() if t.ndim == 1 else t.astype(x.dtype)
    rows = x if x.ndim == 2 else _rows(x)  # (N · ..., C)
    losses = apply(
        SoftmaxCrossEntropy(reduction, label_smoothing), rows, to_device(targets, device), to_device(weights, device)
    )
    return losses.reshape(shape) if reduction == "none" and x.ndim > 2 else losses


def _check_labels(name: str, labels: Array, classes: int, ignore_label: int | None) -> None:
    """A ValueError for labels (N,) that are no classes, and for rows of (N, C) that are no distributions."""
    if labels.ndim == 2:
        wrong = ~((labels >= 0).all(1) & (np.abs(labels.sum(1) - 1) < 1e-3))
        problem = f"is no distribution: its {classes} numbers must be ≥ 0, sum 1"
    else:
        wrong = (labels < 0) | (labels >= classes)
        wrong &= ignore_label is None or labels != ignore_label
        problem = f"is {{label}}, but there are {classes} classes (0 to {classes - 1})"
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"{name}: labels[{row}] {problem.format(label=labels[row])}")


def _rows(x: Any) -> Any:
    """Logits or distributions (N, C, ...) as rows, (N · ..., C)."""
    return x.transpose(0, *range(2, x.ndim), 1).reshape(-1, x.shape[1])


def _given_weights(name: str, argument: str, weights: Any, shape: tuple[int, ...], labels: Array) -> Array | None:
    """Weights that a user gave as one axis where the labels are, or None."""
    if weights is None:
        return None
    if isinstance(weights, Variable) and weights.requires_grad:
        raise TypeError(f"{name}: {argument} have no gradient here; use {argument}.detach()")
    array = as_array(weights.data if isinstance(weights, Variable) else weights)
    if array.shape != shape:
        raise ValueError(f"{name}: {argument} must be {shape}, not {format_array(array)}")
    return to_device(array.reshape(-1), device_of(labels))


def _weights(
    labels: Array,
    ignore_label: int | None,
    classes: Array | None,
    samples: Array | None,
    *,
    mean: bool,
    dtype: Any,
) -> Array:
    """How much each row's loss counts, (N,): nothing in ignored ones; in a mean all together 1."""
    xp = xp_of(labels)
    if ignore_label is None and classes is None and samples is None:
        return xp.full(len(labels), 1 / max(1, len(labels)) if mean else 1, dtype)
    weights = xp.ones(len(labels), dtype) if ignore_label is None else (labels != ignore_label).astype(dtype)
    if classes is not None:
        own = labels @ classes if labels.ndim == 2 else classes[labels.clip(0, len(classes) - 1)]
        weights *= own.astype(dtype)
    if samples is not None:
        weights *= samples.astype(dtype)
    total = weights.sum()
    return weights / xp.where(total == 0, 1, total) if mean else weights  # 1 / N of many rows is nothing in float16
