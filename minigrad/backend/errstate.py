"""NumPy's floating-point errors, ignored where they mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar
from functools import lru_cache, wraps
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


def _entered(settings: Any = None, **changes: Any) -> Context:
    """A context with NumPy's settings, or its default ones, as `np.errstate` changes them."""
    context = Context()
    if settings is not None:
        context.run(_settings.set, settings)
    context.run(np.errstate(**changes).__enter__)
    return context


_settings: ContextVar[Any] = next(iter(_entered()))
"""The variable in which NumPy (from 2.0 on) keeps what np.errstate sets."""


@lru_cache(maxsize=64)
def _changed(settings: Any, **changes: Any) -> Any:
    return _entered(settings, **changes)[_settings]


def errstate(**changes: Literal["ignore", "raise"]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function that is to run in other settings of NumPy's floating-point errors.

    `np.errstate` takes three times as long, and stays entered if Ctrl-C comes as it is left.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            before = _settings.get()
            try:
                _settings.set(_changed(before, **changes))
                return function(*args, **kwargs)
            finally:
                _settings.set(before)

        return call

    return decorate


ignore_underflow = errstate(under="ignore")
"""Decorate what may round small numbers to 0, so that the caller's np.errstate makes no error of it."""
