"""Parameter: a Variable that is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import checks
from minigrad.core import config
from minigrad.core.variable import Variable
from minigrad.nn.init import Constant, GlorotUniform, Initializer

WEIGHTS = GlorotUniform()
BIASES = Constant(0.0)


class Parameter(Variable):
    """A Variable that a Module finds among its attributes, for an optimizer to change.

    Args:
        data: an array of floats, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: its name in messages and diagrams.
    """

    def __init__(self, data: Any, *, name: str | None = None) -> None:
        super().__init__(data, name=name)


def make_parameter(
    owner: str, argument: str, init: Initializer, shape: tuple[int, ...], rng: np.random.Generator | None
) -> Parameter:
    """A parameter with its first values, in `default_dtype` and in memory of its own.

    Args:
        owner: the layer's class, for errors.
        argument: its argument that gave `init`, likewise.
        init: makes the values.
        shape: the shape that the layer needs.
        rng: the generator that init draws from; None for the context's.
    Raises:
        TypeError: init is not callable, or rng is no generator.
        ValueError: init made another shape.
    """
    if not callable(init) or isinstance(init, type):
        raise TypeError(f"{owner}: {argument} must be an initializer such as nn.init.Normal(0.01), not {init!r}")
    values = init(shape, rng=checks.optional_generator(owner, "rng", rng))
    values = np.array(values, config.float_type(), order="C")
    if values.shape != shape:
        raise ValueError(f"{owner}: {argument} made an array {values.shape}, but {shape} is needed")
    return Parameter(values)
