"""Context-local switches: recording, training, the default dtype and the random generator.

Every switch is a ContextVar, so a thread (or an asyncio task) that turns one off changes nothing for the others. Each
is a context manager and a decorator at once, and goes back to what it was, also on exceptions.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from minigrad.core.hooks import Hook

P = ParamSpec("P")
R = TypeVar("R")


class GradMode(NamedTuple):
    """Whether operations are recorded, of which order of differentiation they are, and the hooks around them."""

    enabled: bool = True
    order: int = 0
    hooks: tuple[Hook, ...] = ()


NOT_RECORDED = GradMode(enabled=False)
"""The mode in which nothing is recorded and there is no hook: an operation on arrays is all that is left to do."""

grad_mode: ContextVar[GradMode] = ContextVar("grad_mode", default=GradMode())  # noqa: B039 - immutable, like the others
training: ContextVar[bool] = ContextVar("training", default=True)
_float_type: ContextVar[np.dtype[Any]] = ContextVar("float_type", default=np.dtype(np.float32))  # noqa: B039
_generator: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)

_entered: ContextVar[tuple[Switch, ...]] = ContextVar("entered", default=())
"""The switches that this context is inside of."""


class Switch:
    """Changes ContextVars for the length of a `with` block, a decorated function or a decorated generator.

    Leaving a switch makes the changes of the others entered anew, so that switches may be left in any order (generators
    leave theirs when they please). A Switch may be entered again while it is entered, and shared between threads.

    Args:
        changes: a ContextVar, and its new value as a function of the one before.
    """

    def __init__(self, *changes: tuple[ContextVar[Any], Callable[[Any], Any]]) -> None:
        self._changes = changes

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), self))
        for variable, change in self._changes:
            variable.set(change(variable.get()))

    def __exit__(self, *exception: object) -> None:
        others = list(_entered.get())
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
        """Decorate a function: its whole run, and a generator's every step, happens inside the switch."""
        if inspect.isclass(function):
            raise TypeError("a class can't be decorated with a switch; decorate its methods")
        if inspect.isasyncgenfunction(function):
            raise TypeError("an asynchronous generator can't be decorated with a switch; use `with` inside it")
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", self._around_coroutine(function))
        if inspect.isgeneratorfunction(function):
            return cast("Callable[P, R]", self._around_generator(function))

        @functools.wraps(function)
        def switched(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return switched

    def _around_coroutine(self, function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def switched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return switched

    def _around_generator(self, function: Callable[..., Generator[Any, Any, Any]]) -> Callable[..., Any]:
        # A generator shares its caller's context, where the switch must be off: it gets a copy of its own.
        @functools.wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            context = copy_context()
            context.run(self.__enter__)
            generator = function(*args, **kwargs)
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

        return switched


def disabled(mode: GradMode) -> GradMode:
    """The mode with recording turned off."""
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
    """Neither record nor train: what a model needs to be evaluated or used."""
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
