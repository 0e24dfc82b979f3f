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
    """A parameter of `shape` with the values that `init` makes from `rng`, in `default_dtype` and memory of its own.

    Errors name the layer's class (`owner`) and its argument that gave `init`: a TypeError if init is no initializer or
    rng no generator, a ValueError if init makes another shape.
    """
    if not callable(init) or isinstance(init, type):
        raise TypeError(f"{owner}: {argument} must be an initializer such as nn.init.Normal(0.01), not {init!r}")
    values = init(shape, rng=checks.optional_generator(owner, "rng", rng))
    values = np.array(values, config.float_type(), order="C")
    if values.shape != shape:
        raise ValueError(f"{owner}: {argument} made an array {values.shape}, but {shape} is needed")
    return Parameter(values)
