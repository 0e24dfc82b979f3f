"""Parameter: a Variable that is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.core import config
from minigrad.core.variable import Variable
from minigrad.nn.init import Constant, GlorotUniform, Initializer

WEIGHTS = GlorotUniform()
BIASES = Constant(0.0)


class Parameter(Variable):
    """A Variable that a Module finds among its attributes, for an optimizer to change.

    Args:
        data: an array of floats, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: what messages and diagrams call it.
    """

    def __init__(self, data: Any, *, name: str | None = None) -> None:
        super().__init__(data, name=name)


def make_parameter(
    owner: str, argument: str, init: Initializer, shape: tuple[int, ...], rng: np.random.Generator | None
) -> Parameter:
    """A parameter with its first values, in `default_dtype` and in memory of its own.

    Args:
        owner: the layer's class, for errors.
        argument: its argument that `init` was given as, likewise.
        init: makes the values.
        shape: what the layer needs.
        rng: what init draws from; None for the context's generator.
    Raises:
        TypeError: init is not callable, or rng is no generator.
        ValueError: init made another shape.
    """
    if not callable(init) or isinstance(init, type):
        raise TypeError(f"{owner}: {argument} must be an initializer such as nn.init.Normal(0.01), not {init!r}")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"{owner}: rng must be a numpy.random.Generator, not {rng!r}")
    values = np.array(init(shape, rng=rng), config.float_type(), order="C")
    if values.shape != shape:
        raise ValueError(f"{owner}: {argument} made an array {values.shape}, but {shape} is needed")
    return Parameter(values)
