"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array
from minigrad.backend.kernels import kernels_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.config import generator, is_training
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.spelling import advised


@dataclass(eq=False)
class Dropout(Elementwise):
    """x with some elements dropped and the others scaled up."""

    p: float
    rng: np.random.Generator = field(repr=False)

    def forward(self, x: Array) -> Array:
        mask = kernels_of(x).dropout_mask(x, self.p, self.rng)
        self.save(mask)
        return x * mask

    def backward(self, gy: Variable) -> Gradients:
        (mask,) = self.saved
        return gy * mask


@advised
def dropout(x: Operand, p: float = 0.5, *, rng: np.random.Generator | None = None) -> Variable:
    """In training, drop each element with probability `p` and divide the others by 1 − p; else x as it is.

    Args:
        x: of any shape.
        p: the probability of dropping, 0 to 1 (TensorFlow 1 asked for that of keeping).
        rng: where the randomness comes from; this context's generator by default.
    Raises:
        ValueError: p is not within 0 to 1.
        TypeError: x holds no floats, or rng is no generator.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    >>> import minigrad as mg
    >>> with mg.train_mode(False):
    ...     dropout(np.array([1.0, 2.0]))
    Variable([1. 2.])
    """
    x, p = as_variable(x), checks.fraction("dropout", "p", p, one=True)
    rng = checks.optional_generator("dropout", "rng", rng)
    if x.dtype.kind != "f":
        raise TypeError(f"dropout: x must be floats, not {format_array(x)}")
    if not is_training() or p == 0:
        return x
    return apply(Dropout(p, generator() if rng is None else rng), x)
