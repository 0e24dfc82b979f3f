"""What layers have in common: parameters with their first values, their float type, the text of their arguments."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.backend.windows import Pair
from minigrad.core import config
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.nn.init import Constant, GlorotUniform, Initializer
from minigrad.nn.module import Module, Parameter

Size: TypeAlias = int | Pair
Padding: TypeAlias = int | Pair | Literal["same"]
WEIGHTS = GlorotUniform()
BIASES = Constant(0.0)


def make_parameter(
    layer: Module, argument: str, init: Initializer, shape: tuple[int, ...], rng: np.random.Generator | None
) -> Parameter:
    """A parameter of `shape` with the values that `init`, the layer's `argument`, makes from `rng`."""
    owner = type(layer).__name__
    if not callable(init) or isinstance(init, type):
        raise TypeError(f"{owner}: {argument} must be an initializer such as nn.init.Normal(0.01), not {init!r}")
    values = init(shape, rng=checks.optional_generator(owner, "rng", rng))
    values = np.array(values, config.float_type(), order="C")
    if values.shape != shape:
        raise ValueError(f"{owner}: {argument} made an array {values.shape}, but {shape} is needed")
    return Parameter(values)


def make_bias(
    layer: Module, bias: bool, init: Initializer, features: int, rng: np.random.Generator | None
) -> Parameter | None:
    """The parameter (features,) that the layer adds, or None without `bias`."""
    wanted = checks.boolean(type(layer).__name__, "bias", bias)
    return make_parameter(layer, "bias_init", init, (features,), rng) if wanted else None


def as_floats_of(w: Variable, x: Operand) -> Variable:
    """A layer's input in its weights' float type; the gradient comes back in x's own."""
    x = as_variable(x)
    return x if x.dtype == w.dtype else x.astype(w.dtype)


def arguments_text(*values: Any, **options: tuple[Any, Any]) -> str:
    """The arguments of a call: `values`, and of the options (value, default) those that differ from their default."""
    changed = [
        f"{name}={_short(value)}" for name, (value, default) in options.items() if _short(value) != _short(default)
    ]
    return ", ".join([*map(_short, values), *changed])


def _short(value: Any) -> str:
    """The text of an argument; one number for a pair of equal ones."""
    return str(value[0]) if isinstance(value, tuple) and value[0] == value[1] else repr(value)
