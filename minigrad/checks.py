"""Checks of arguments, each written once; an error names the function or class (`owner`) and its argument.

A value of another type is a TypeError, one out of range a ValueError. True and False are no numbers.

>>> integer("Linear", "in_features", 784)
784
>>> integer("Linear", "in_features", 0)
Traceback (most recent call last):
ValueError: Linear: in_features must be at least 1, not 0
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np

T = TypeVar("T")


class Checked(Generic[T]):
    """An attribute that one of the checks looks at wherever it is set, in the constructor or later.

    Args:
        check: takes the owner's name, the attribute's name and the value, and returns what is kept.
        fixed: the constructor alone may set it.
        options: further arguments of the check.

    >>> class Dropout:
    ...     p = Checked(fraction, one=True)
    >>> Dropout().p = 7
    Traceback (most recent call last):
    ValueError: Dropout: p must be in [0, 1], not 7
    """

    def __init__(self, check: Callable[..., T], *, fixed: bool = False, **options: Any) -> None:
        self._check, self._fixed, self._options = check, fixed, options

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __set__(self, instance: object, value: Any) -> None:
        owner, attributes = type(instance).__name__, vars(instance)
        if self._fixed and self._name in attributes:
            raise AttributeError(f"{owner}: {self._name} is fixed; make a new {owner}")
        attributes[self._name] = self._check(owner, self._name, value, **self._options)

    if TYPE_CHECKING:  # without __get__ Python finds the value among the instance's attributes, at full speed

        def __get__(self, instance: object, owner: type) -> T: ...


def integer(owner: str, argument: str, value: Any, *, least: int | None = 1) -> int:
    """Return `value` as an int, which is not below `least`."""
    if not _is_integer(value):
        raise TypeError(f"{owner}: {argument} must be an int, not {value!r}")
    if least is not None and value < least:
        raise ValueError(f"{owner}: {argument} must be at least {least}, not {value}")
    return int(value)


def number(owner: str, argument: str, value: Any, *, finite: bool = True) -> float:
    """Return `value` as a float, finite unless infinities and NaN are allowed."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{owner}: {argument} must be a number, not {value!r}")
    if finite and not math.isfinite(value):
        raise ValueError(f"{owner}: {argument} must be finite, not {value}")
    return float(value)


def not_negative(owner: str, argument: str, value: Any) -> float:
    """Return `value` as a finite float, 0 or above."""
    if number(owner, argument, value) < 0:
        raise ValueError(f"{owner}: {argument} must not be negative, not {value}")
    return float(value)


def positive(owner: str, argument: str, value: Any) -> float:
    """Return `value` as a finite float above 0."""
    if number(owner, argument, value) <= 0:
        raise ValueError(f"{owner}: {argument} must be positive, not {value}")
    return float(value)


def fraction(owner: str, argument: str, value: Any, *, one: bool) -> float:
    """Return `value` as a float from 0 to 1, with or without 1 itself."""
    if not 0 <= number(owner, argument, value) <= 1 or (value == 1 and not one):
        raise ValueError(f"{owner}: {argument} must be in [0, 1{']' if one else ')'}, not {value}")
    return float(value)


def pair(owner: str, argument: str, value: Any, *, least: int) -> tuple[int, int]:
    """Return (vertical, horizontal), neither below `least`, given as such or as one int for both."""
    both = value if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(map(_is_integer, both)):
        raise TypeError(f"{owner}: {argument} must be an int or a pair of ints, not {value!r}")
    if min(both) < least:
        raise ValueError(f"{owner}: {argument} must be at least {least}, not {value!r}")
    return int(both[0]), int(both[1])


def padding(owner: str, argument: str, value: Any) -> tuple[int, int] | Literal["same"]:
    """Return a border of so many pixels, (vertical, horizontal), given as such or as one int for both; or "same"."""
    if isinstance(value, str) and value != "same":
        raise ValueError(f'{owner}: {argument} must be an int, a pair or "same", not {value!r}')
    return "same" if isinstance(value, str) else pair(owner, argument, value, least=0)


def boolean(owner: str, argument: str, value: Any) -> bool:
    """Return `value`, True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {argument} must be True or False, not {value!r}")
    return bool(value)


def optional_generator(owner: str, argument: str, value: Any) -> np.random.Generator | None:
    """Return `value`, a NumPy generator or None."""
    if value is not None and not isinstance(value, np.random.Generator):
        raise TypeError(f"{owner}: {argument} must be a numpy.random.Generator, not {value!r}")
    return value


def choice(owner: str, argument: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return `value`, one of at least two words."""
    if not isinstance(value, str) or value not in choices:
        words = [f'"{word}"' for word in choices]
        raise ValueError(f"{owner}: {argument} must be {', '.join(words[:-1])} or {words[-1]}, not {value!r}")
    return value


def _is_integer(value: Any) -> bool:
    """True for an int, a NumPy integer and whatever else has `__index__`, but for no bool."""
    try:
        operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, (bool, np.bool_))
