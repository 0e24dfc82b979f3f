"""Gradient clipping: gradients made smaller where they are too large, between `backward()` and `step()`."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad import checks
from minigrad.backend import Array, device_of, errstate, to_device, xp_of
from minigrad.core.variable import Variable
from minigrad.optim.trainable import Trainable, named_leaves
from minigrad.spelling import advised


@errstate(under="ignore", invalid="ignore")
@advised
def clip_grad_norm(parameters: Trainable, max_norm: float) -> Array:
    """Scale the gradients of all parameters together so that their norm is `max_norm` at most.

    Args:
        parameters: `model.parameters()`; those without a gradient stay without.
        max_norm: the largest norm √Σg², over all numbers of all gradients.

    Returns:
        The norm before, a float64 (); on a GPU it is an array there, which nothing waits for.

    Raises:
        ValueError: no parameter has a gradient.

    With a NaN or an infinity among the gradients the norm is NaN, and all gradients become so.

    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks".

    >>> from minigrad import nn
    >>> w = nn.Parameter([3.0, 4.0])
    >>> (w * w / 2).sum().backward()
    >>> clip_grad_norm([w], 1.0), w.grad
    (np.float64(5.0), Variable([0.6 0.8]))
    """
    max_norm = checks.positive("clip_grad_norm", "max_norm", max_norm)
    gradients = _gradients("clip_grad_norm", parameters)
    arrays = [g.data for g in gradients]
    largest = _together([(abs(g).max() if g.size else g.sum()).astype("float64") for g in arrays]).max()
    scale = xp_of(largest).where(largest > 0, largest, 1.0)  # so that no square is beyond the largest float
    squares = [((g / _beside(g, scale)) ** 2).sum() for g in arrays]
    norm = scale * xp_of(scale).sqrt(_together(squares).sum())
    factor = max_norm / xp_of(norm).maximum(norm, max_norm)
    for g in gradients:
        xp_of(g.data).multiply(g.data, _beside(g.data, factor), out=g.data, casting="same_kind")
        g.mark_edited("clip_grad_norm")
    return norm


@advised
def clip_grad_value(parameters: Trainable, max_value: float) -> None:
    """Clip each number of the gradients to ± `max_value`; a NaN stays.

    Args:
        parameters: `model.parameters()`; those without a gradient stay without.
        max_value: the largest magnitude.

    Raises:
        ValueError: no parameter has a gradient.

    >>> from minigrad import nn
    >>> w = nn.Parameter([3.0, -4.0, 0.5])
    >>> (w * w / 2).sum().backward()
    >>> clip_grad_value([w], 1.0)
    >>> w.grad
    Variable([ 1.  -1.   0.5])
    """
    max_value = checks.positive("clip_grad_value", "max_value", max_value)
    for g in _gradients("clip_grad_value", parameters):
        xp_of(g.data).clip(g.data, -max_value, max_value, out=g.data)
        g.mark_edited("clip_grad_value")


def _together(numbers: Sequence[Array]) -> Array:
    """Numbers () of several devices, as an array on the first one's."""
    arrays = [xp_of(number).asarray(number) for number in numbers]
    return xp_of(arrays[0]).stack([to_device(array, device_of(arrays[0])) for array in arrays])


def _beside(g: Array, number: Array) -> Array:
    """A number () on the device of an array."""
    return to_device(xp_of(number).asarray(number), device_of(g))


def _gradients(owner: str, parameters: Trainable) -> list[Variable]:
    variables = named_leaves(owner, parameters).values()
    found = [p.grad for p in variables if p.grad is not None]
    if not found:
        raise ValueError(f"{owner}: no parameter has a gradient; call backward() before, on a loss made of them")
    return found
