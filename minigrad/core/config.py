"""Switches of recording, training and the default dtype, and the random generator: local to a thread or asyncio task.

Each switch is a context manager and a decorator at once, and goes back to what it was, also on exceptions.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from minigrad.core.hooks import Hook

P = ParamSpec("P")
R = TypeVar("R")


class GradMode(NamedTuple):
    """The recording of operations: on or off, their order of differentiation, and the hooks around them."""

    enabled: bool = True
    order: int = 0
    hooks: tuple[Hook, ...] = ()


NOT_RECORDED = GradMode(enabled=False)
"""The mode without recording and without hooks, in which an operation need not make a Function."""

grad_mode: ContextVar[GradMode] = ContextVar("grad_mode", default=GradMode())  # noqa: B039 - immutable, like the others
training: ContextVar[bool] = ContextVar("training", default=True)
_float_type: ContextVar[np.dtype[Any]] = ContextVar("float_type", default=np.dtype(np.float32))  # noqa: B039
_generator: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)
_entered: ContextVar[tuple[Switch, ...]] = ContextVar("entered", default=())


class Switch:
    """Changes ContextVars for the length of a `with` block, a decorated function or a decorated generator.

    Leaving one sets each ContextVar to its default, changed by the switches that are still entered: they may be left in
    any order, as generators leave theirs when they please. A Switch may be entered again while it is entered, and
    shared between threads.
    """

    def __init__(self, *changes: tuple[ContextVar[Any], Callable[[Any], Any]]) -> None:
        self._changes = changes  # ContextVars, and each one's new value as a function of the one before

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), self))
        for variable, change in self._changes:
            variable.set(change(variable.get()))

    def __exit__(self, *exception: object) -> None:
        others = list(_entered.get())
        if self not in others:
            return  # entered in another thread's context, by a generator that is closed in this one
        del others[len(others) - 1 - others[::-1].index(self)]
        _entered.set(tuple(others))
        for variable, _ in self._changes:
            value = Context().run(variable.get)  # the default
            for switch in others:
                for changed, change in switch._changes:
                    if changed is variable:
                        value = change(value)
            variable.set(value)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function, whose whole run, or a generator, whose every step, is then inside the switch."""
        if inspect.isclass(function):
            raise TypeError("a class can't be decorated with a switch; decorate its methods")
        if inspect.isasyncgenfunction(function):
            raise TypeError("an asynchronous generator can't be decorated with a switch; use `with` inside it")
        function_: Callable[..., Any] = function

        def switched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function_(*args, **kwargs)

        async def switched_coroutine(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function_(*args, **kwargs)

        def switched_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from self._steps(function_(*args, **kwargs)))

        wrapper: Callable[..., Any] = switched
        if inspect.iscoroutinefunction(function):
            wrapper = switched_coroutine
        elif inspect.isgeneratorfunction(function):
            wrapper = switched_generator
        return functools.wraps(function)(wrapper)

    def _steps(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        context = copy_context()  # a generator runs in its caller's context, where the switch must be off
        context.run(self.__enter__)
        step: Callable[[], Any] = functools.partial(next, generator)
        while True:
            try:
                item = context.run(step)
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield item
            except GeneratorExit:
                context.run(generator.close)
                raise
            except BaseException as error:  # noqa: BLE001 - whatever the caller throws is the generator's to handle
                step = functools.partial(generator.throw, error)
            else:
                step = functools.partial(generator.send, sent)


def disabled(mode: GradMode) -> GradMode:
    """`mode` with recording turned off; its order matters no more."""
    return mode._replace(enabled=False) if mode.hooks else NOT_RECORDED


def no_grad() -> Switch:
    """Record nothing: results are constants, and what they were computed from can be freed.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0)
    >>> with mg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return Switch((grad_mode, disabled))


def enable_grad() -> Switch:
    """Record, also inside `no_grad()`."""
    return Switch((grad_mode, lambda mode: mode._replace(enabled=True)))


def train_mode(on: bool = True) -> Switch:
    """Make dropout (and whatever else differs in training) behave as in training, or not. On by default."""
    if not isinstance(on, bool):
        raise TypeError(f"train_mode: on must be True or False, not {on!r}")
    return Switch((training, lambda _: on))


def inference() -> Switch:
    """Neither record nor train: the switch to evaluate or use a model."""
    return Switch((grad_mode, disabled), (training, lambda _: False))


def default_dtype(dtype: npt.DTypeLike) -> Switch:
    """Set the float type that Python numbers, lists and initial weights get (float32 outside of any such block).

    Raises:
        TypeError: dtype is not float16, float32 or float64.
    """
    floating = np.dtype(dtype)
    if dtype is None or floating not in (np.float16, np.float32, np.float64):
        raise TypeError(f"default_dtype: dtype must be float16, float32 or float64, not {dtype}")
    return Switch((_float_type, lambda _: floating))


def float_type() -> np.dtype[Any]:
    """The float type that Python numbers, lists and initial weights get."""
    return _float_type.get()


def seed(n: int) -> None:
    """Start this context's random generator anew from `n`: initial weights, dropout and shuffling repeat exactly."""
    _generator.set(np.random.default_rng(n))


def generator() -> np.random.Generator:
    """This context's random generator; one that nobody seeded starts from the system's entropy."""
    current = _generator.get()
    if current is None:
        current = np.random.default_rng()
        _generator.set(current)
    return current
