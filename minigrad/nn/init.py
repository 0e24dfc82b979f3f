"""Initializers: small immutable objects that make the weights before training.

The numbers are drawn on the CPU in float64 and then rounded to `default_dtype`, so that a seed gives the same weights
everywhere. Sources: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks";
He et al. 2015, "Delving deep into rectifiers". Keras's `glorot_normal` and `he_normal` have the papers' variances, too,
but are truncated.

>>> from minigrad import nn
>>> nn.Linear(784, 10, init=nn.init.TruncatedNormal(0.1), bias_init=nn.init.Constant(0.1)).b.data[:3]
array([0.1, 0.1, 0.1], dtype=float32)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.core import config

Shape: TypeAlias = tuple[int, ...]
Floats: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]


class Initializer(Protocol):
    """Makes the first values of a parameter; any function of this signature will do."""

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        """An array of `shape`, drawn from `rng` or from the context's generator (`minigrad.seed`)."""


class _Distribution:
    """An initializer whose subclass, a dataclass of numbers, draws float64 values."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        raise NotImplementedError

    def __call__(self, shape: Shape, *, rng: np.random.Generator | None = None) -> Floats:
        rng = checks.optional_generator(type(self).__name__, "rng", rng)
        return np.asarray(self.draw(shape, config.generator() if rng is None else rng), config.float_type())

    def __post_init__(self) -> None:
        name = type(self).__name__
        for field in fields(self):  # type: ignore[arg-type]
            checks.number(name, field.name, getattr(self, field.name))


@dataclass(frozen=True)
class Constant(_Distribution):
    """The same value everywhere."""

    value: float

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:  # noqa: ARG002
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Normal(_Distribution):
    """The normal distribution with standard deviation `std` around `mean`."""

    std: float
    mean: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.not_negative(type(self).__name__, "std", self.std)

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        return self.mean + self.std * rng.standard_normal(shape)


@dataclass(frozen=True)
class TruncatedNormal(Normal):
    """Normal, values beyond 2·std of the mean drawn again: the deviation is about 0.88·std, as in TensorFlow."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        x = np.asarray(rng.standard_normal(shape))
        while (outside := np.abs(x) > 2).any():
            x[outside] = rng.standard_normal(np.count_nonzero(outside))
        return self.mean + self.std * x


@dataclass(frozen=True)
class Uniform(_Distribution):
    """The uniform distribution over [low, high)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:
            raise ValueError(f"Uniform: low must not exceed high, not {self.low} > {self.high}")

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        return rng.uniform(self.low, self.high, shape)


@dataclass(frozen=True)
class Zeros(_Distribution):
    """0 everywhere."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:  # noqa: ARG002
        return np.zeros(shape)


@dataclass(frozen=True)
class Ones(_Distribution):
    """1 everywhere."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:  # noqa: ARG002
        return np.ones(shape)


@dataclass(frozen=True)
class GlorotUniform(_Distribution):
    """Uniform within ±√(6 / (fan_in + fan_out)), for tanh-like layers. Source: Glorot & Bengio 2010, eq. 16."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        limit = math.sqrt(6 / sum(fans(self, shape)))
        return rng.uniform(-limit, limit, shape)


@dataclass(frozen=True)
class GlorotNormal(_Distribution):
    """Normal with variance 2 / (fan_in + fan_out). Source: Glorot & Bengio 2010, eq. 12."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        return math.sqrt(2 / sum(fans(self, shape))) * rng.standard_normal(shape)


@dataclass(frozen=True)
class HeUniform(_Distribution):
    """Uniform within ±√(6 / fan_in): the variance of HeNormal."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        limit = math.sqrt(6 / fans(self, shape)[0])
        return rng.uniform(-limit, limit, shape)


@dataclass(frozen=True)
class HeNormal(_Distribution):
    """Normal with variance 2 / fan_in: signals keep it through ReLU layers. Source: He et al. 2015, eq. 10."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        return math.sqrt(2 / fans(self, shape)[0]) * rng.standard_normal(shape)


@dataclass(frozen=True)
class LeCunUniform(_Distribution):
    """Uniform within ±√(3 / fan_in): the variance of LeCunNormal."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        limit = math.sqrt(3 / fans(self, shape)[0])
        return rng.uniform(-limit, limit, shape)


@dataclass(frozen=True)
class LeCunNormal(_Distribution):
    """Normal with variance 1 / fan_in, for SELU layers. Source: LeCun et al. 1998, "Efficient backprop", eq. 16."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        return math.sqrt(1 / fans(self, shape)[0]) * rng.standard_normal(shape)


@dataclass(frozen=True)
class Orthogonal(_Distribution):
    """A random orthogonal matrix times `gain`: a signal keeps its length, through however many layers.

    The matrix is w (in, out), or the filters as rows (O, C·KH·KW); of one that is not square, the columns are
    orthonormal or the rows, whichever are shorter in number. Source: Saxe, McClelland & Ganguli 2013, "Exact solutions
    to the nonlinear dynamics of learning".
    """

    gain: float = 1.0

    def draw(self, shape: Shape, rng: np.random.Generator) -> Any:
        fans(self, shape)  # an error for what is no matrix
        rows, columns = shape[0], math.prod(shape[1:])
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diag(r))  # or the distribution would not be uniform
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def fans(initializer: object, shape: Shape) -> tuple[int, int]:
    """fan_in, the number of inputs behind an output, and fan_out, that of outputs behind an input.

    The shape is (in, out); or (O, C, KH, KW), which makes (C·KH·KW, O·KH·KW): the outputs of all groups, as in PyTorch;
    likewise (O, C, K).
    """
    if len(shape) < 2 or min(shape) < 1:
        name = type(initializer).__name__
        raise ValueError(f"{name}: shape must be (in, out) or (O, C, KH, KW), each at least 1, not {shape}")
    if len(shape) == 2:
        return shape
    O, C, *kernel = shape  # noqa: E741
    return C * math.prod(kernel), O * math.prod(kernel)
