"""Switches of recording, training and the default dtype, and the random generator: local to a thread or asyncio task.

Each switch is a context manager and a decorator at once, and goes back to what it was, also on exceptions.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import checks
from minigrad.settings import GradMode, settings
from minigrad.spelling import advised
from minigrad.switches import Switch

if TYPE_CHECKING:
    import numpy.typing as npt


NOT_RECORDED = GradMode(enabled=False)
"""The mode without recording and without hooks, in which an operation need not make a Function."""

_generator: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)


def disabled(mode: GradMode) -> GradMode:
    """`mode` with recording turned off; its order matters no more."""
    return mode._replace(enabled=False) if mode.hooks else NOT_RECORDED


@advised
def no_grad() -> Switch:
    """Record nothing: results are constants, and what they were computed from can be freed.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0)
    >>> with mg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return Switch(grad_mode=disabled)


@advised
def enable_grad() -> Switch:
    """Record, also inside `no_grad()`."""
    return Switch(grad_mode=lambda mode: mode._replace(enabled=True))


def train_mode(on: bool = True) -> Switch:
    """Make dropout (and whatever else differs in training) behave as in training, or not. On by default."""
    wanted = checks.boolean("train_mode", "on", on)
    return Switch(training=lambda _: wanted)


def is_training() -> bool:
    """True if what differs in training behaves as in training here: see `train_mode`."""
    return settings.get().training


def is_recomputing() -> bool:
    """True where `transforms.checkpoint` computes something again: what counts or averages has seen it before.

    >>> import minigrad as mg
    >>> from minigrad import transforms
    >>> calls = []
    >>> def f(x):
    ...     if not transforms.is_recomputing():
    ...         calls.append(x.shape)
    ...     return x * x
    >>> x = mg.Variable([1.0, 2.0])
    >>> transforms.checkpoint(f, x).sum().backward()
    >>> calls
    [(2,)]
    """
    return settings.get().recomputing


def allow_tf32(on: bool = True) -> Switch:
    """Let a GPU round the factors of float32 matrix products to 10 bits, for several times the speed, or not.

    Off by default: then products are as accurate as on the CPU, where this changes nothing.
    """
    wanted = checks.boolean("allow_tf32", "on", on)
    return Switch(tf32=lambda _: wanted)


@advised
def inference() -> Switch:
    """Neither record nor train: the switch to evaluate or use a model.

    Like every switch it holds in this thread or asyncio task alone, and in tasks that are made inside of it. Enter it
    in the function that a thread of a pool runs, or run that in a copy of the context:

    >>> import minigrad as mg
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from contextvars import copy_context
    >>> with mg.inference(), ThreadPoolExecutor() as pool:
    ...     pool.submit(mg.is_training).result(), pool.submit(copy_context().run, mg.is_training).result()
    (True, False)
    """
    return Switch(grad_mode=disabled, training=lambda _: False)


def default_dtype(dtype: npt.DTypeLike) -> Switch:
    """Set the float type that Python numbers, lists and initial weights get (float32 outside of any such block).

    Raises:
        TypeError: dtype is not float16, float32 or float64.
    """
    floating = np.dtype(dtype)
    if dtype is None or floating not in (np.float16, np.float32, np.float64):
        raise TypeError(f"default_dtype: dtype must be float16, float32 or float64, not {dtype}")
    return Switch(float_type=lambda _: floating)


def float_type() -> np.dtype[Any]:
    """The float type that Python numbers, lists and initial weights get."""
    return settings.get().float_type


def seed(n: int) -> None:
    """Start this context's random generator anew from `n`: initial weights, dropout and shuffling repeat exactly.

    A thread has its own generator: call `seed` in the function that it runs, with another `n` for each.
    """
    _generator.set(np.random.default_rng(checks.integer("seed", "n", n, least=0)))


def generator() -> np.random.Generator:
    """This context's random generator; one that nobody seeded starts from the system's entropy."""
    current = _generator.get()
    if current is None:
        current = np.random.default_rng()
        _generator.set(current)
    return current
