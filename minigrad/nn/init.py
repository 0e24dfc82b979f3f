"""Initializers: what the weights are before training.

Each is a small immutable object that makes an array of a given shape. The numbers are drawn on the CPU in float64 and
then rounded to `default_dtype`, so that a seed gives the same weights everywhere.

>>> from minigrad import nn
>>> nn.Linear(784, 10, init=nn.init.TruncatedNormal(0.1), bias_init=nn.init.Constant(0.1)).b.data[:3]
array([0.1, 0.1, 0.1], dtype=float32)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeAlias

import numpy as np

from minigrad.core import config
from minigrad.nn.arguments import number

Shape: TypeAlias = tuple[int, ...]
Floats: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "Normal",
    "TruncatedNormal",
    "Uniform",
]


class Initializer(Protocol):
    """Makes the first values of a parameter; any function of this signature will do."""

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        """An array of `shape`, drawn from `rng` or from the context's generator (`minigrad.seed`)."""


@dataclass(frozen=True)
class Constant:
    """The same value everywhere."""

    value: float

    def __post_init__(self) -> None:
        _check_fields(self)

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:  # noqa: ARG002
        return np.full(shape, self.value, config.float_type())


@dataclass(frozen=True)
class Normal:
    """The normal distribution with standard deviation `std` around `mean`."""

    std: float
    mean: float = 0.0

    def __post_init__(self) -> None:
        _check_fields(self)

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        return _rounded(self.mean + self.std * _generator(self, rng).standard_normal(shape))


@dataclass(frozen=True)
class TruncatedNormal:
    """The normal distribution, values beyond 2·std of the mean drawn again.

    What is left has a standard deviation of about 0.88·std, as with TensorFlow's `truncated_normal`.
    """

    std: float
    mean: float = 0.0

    def __post_init__(self) -> None:
        _check_fields(self)

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        rng = _generator(self, rng)
        x = np.asarray(rng.standard_normal(shape))
        while (outside := np.abs(x) > 2).any():
            x[outside] = rng.standard_normal(np.count_nonzero(outside))
        return _rounded(self.mean + self.std * x)


@dataclass(frozen=True)
class Uniform:
    """The uniform distribution over [low, high)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_fields(self)

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        return _rounded(_generator(self, rng).uniform(self.low, self.high, shape))


@dataclass(frozen=True)
class GlorotUniform:
    """Uniform within ±√(6 / (fan_in + fan_out)): signals and gradients keep their variance through tanh-like layers.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 16.
    Keras's `glorot_uniform`.
    """

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        fan_in, fan_out = fans(self, shape)
        limit = math.sqrt(6 / (fan_in + fan_out))
        return Uniform(-limit, limit)(shape, rng=rng)


@dataclass(frozen=True)
class GlorotNormal:
    """Normal with variance 2 / (fan_in + fan_out).

    The paper's plain normal distribution; Keras's `glorot_normal` has the same variance, but is truncated.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 12.
    """

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        return Normal(math.sqrt(2 / sum(fans(self, shape))))(shape, rng=rng)


@dataclass(frozen=True)
class HeUniform:
    """Uniform within ±√(6 / fan_in): He's variance, as Keras's `he_uniform`.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 10.
    """

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        limit = math.sqrt(6 / fans(self, shape)[0])
        return Uniform(-limit, limit)(shape, rng=rng)


@dataclass(frozen=True)
class HeNormal:
    """Normal with variance 2 / fan_in: signals keep their variance through ReLU layers.

    The paper's plain normal distribution; Keras's `he_normal` has the same variance, but is truncated.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 10.
    """

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        return Normal(math.sqrt(2 / fans(self, shape)[0]))(shape, rng=rng)


def fans(initializer: object, shape: Shape) -> tuple[int, int]:
    """How many inputs an output is computed from, and how many outputs an input goes into.

    Of a convolution in groups, the outputs of all groups are counted, as in PyTorch.

    Args:
        initializer: whose error it is.
        shape: (in, out), or (O, C, KH, KW) where each filter element counts.
    Returns:
        (in, out), or (C·KH·KW, O·KH·KW).
    Raises:
        ValueError: shape is no such shape.
    """
    if len(shape) < 2 or min(shape) < 1:
        name = type(initializer).__name__
        raise ValueError(f"{name}: shape must be (in, out) or (O, C, KH, KW), each at least 1, not {shape}")
    if len(shape) == 2:
        return shape
    O, C, *kernel = shape  # noqa: E741
    return C * math.prod(kernel), O * math.prod(kernel)


def _check_fields(initializer: Constant | Normal | TruncatedNormal | Uniform) -> None:
    name = type(initializer).__name__
    values = {field.name: number(name, field.name, getattr(initializer, field.name)) for field in fields(initializer)}
    if values.get("std", 0) < 0:
        raise ValueError(f"{name}: std must not be negative, not {values['std']}")
    if "low" in values and values["low"] > values["high"]:
        raise ValueError(f"{name}: low must not exceed high, not {values['low']} > {values['high']}")


def _generator(initializer: object, rng: np.random.Generator | None) -> np.random.Generator:
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"{type(initializer).__name__}: rng must be a numpy.random.Generator, not {rng!r}")
    return config.generator() if rng is None else rng


def _rounded(values: Any) -> Floats:
    return np.asarray(values, config.float_type())
