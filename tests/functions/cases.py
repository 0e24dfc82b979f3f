"""Case: one way to call one function, and what it must give; and the numbers that functions are tested on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import minigrad as mg


@dataclass(frozen=True)
class Case:
    """One way to call one function.

    Attributes:
        name: the function, and how it is called.
        f: takes a Variable for each input.
        inputs: float64 arrays where f is smooth.
        reference: the same of plain arrays, computed another way.
        batched: the inputs whose first axis may be empty.
        elementwise: the inputs may have no axes.
    """

    name: str
    f: Callable
    inputs: tuple
    reference: Callable
    batched: tuple = (0,)
    elementwise: bool = False

    @property
    def function(self):
        return self.name.split()[0]

    def variables(self, dtype=np.float64, *, inputs=None):
        return [mg.Variable(np.array(x, dtype)) for x in (self.inputs if inputs is None else inputs)]


def spread(*shape, low=-2.0, high=2.0, seed=0):
    """Distinct numbers from low to high, equally far apart, shuffled; none is 0."""
    n = int(np.prod(shape))
    values = low + (high - low) * (np.arange(n) + 0.3) / n
    return np.random.default_rng(seed).permutation(values).reshape(shape)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def positive(*shape, seed=0):
    return spread(*shape, low=0.3, high=3.0, seed=seed)


def elementwise(name, f, reference, *inputs):
    return Case(name, f, inputs, reference, tuple(range(len(inputs))), elementwise=True)
