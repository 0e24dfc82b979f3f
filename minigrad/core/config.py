"""Switches of recording, training and the default dtype, and the random generator: local to a thread or asyncio task.

Each switch is a context manager and a decorator at once, and goes back to what it was, also on exceptions.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Generator
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Self, TypeAlias, TypeVar

import numpy as np

from minigrad import checks
from minigrad.backend.kernels import tf32
from minigrad.spelling import advised

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
_entered: ContextVar[Entered] = ContextVar("entered", default=())

Entered: TypeAlias = "tuple[tuple[Switch, dict[ContextVar[Any], Any]], ...]"
"""The switches that are entered, each with the values of its ContextVars before."""


class Switch:
    """Changes ContextVars for the length of a `with` block, a decorated function or a decorated generator.

    Leaving one sets each ContextVar to what it was, changed by the switches that were entered since: they may be left
    in any order, as generators leave theirs when they please. A Switch may be entered again while it is entered, and
    shared between threads. An interrupt leaves all or nothing changed. An asynchronous generator that `async for`
    breaks off is closed late, in another task: close it with `contextlib.aclosing`, or its switch stays on.
    """

    def __init__(self, *changes: tuple[ContextVar[Any], Callable[[Any], Any]]) -> None:
        self._used = False
        self._changes = dict(changes)  # ContextVars, and each one's new value as a function of the one before

    def __del__(self) -> None:
        if not self._used:
            message = "a switch that was never entered does nothing: write `with minigrad.no_grad():`, or decorate"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def __enter__(self) -> Self:
        self._used = True
        entered = _entered.get()
        before = {variable: variable.get() for variable in self._changes}
        try:
            for variable, change in self._changes.items():
                variable.set(change(before[variable]))
            _entered.set((*entered, (self, before)))
        except BaseException:  # Ctrl-C in between: `with` would not call __exit__
            _restore(before, entered)
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        values: dict[ContextVar[Any], Any] = {}
        others = None
        try:
            values, others = self._left(_entered.get())
            _restore(values, others)
        except BaseException:  # likewise
            if others is None:
                values, others = self._left(_entered.get())
            _restore(values, others)
            raise

    def _left(self, entered: Entered) -> tuple[dict[ContextVar[Any], Any], Entered]:
        """The values of its ContextVars without this switch, and the entries of the others."""
        places = [i for i, (switch, _) in enumerate(entered) if switch is self]
        if not places:
            return {}, entered  # it was entered in another thread's context, by a generator that is closed in this one
        (_, values), others = entered[places[-1]], list(entered[: places[-1]])
        for switch, before in entered[places[-1] + 1 :]:
            others.append((switch, {**before, **{v: values[v] for v in values if v in before}}))
            values = {v: switch._changes[v](values[v]) if v in before else values[v] for v in values}
        return values, tuple(others)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function, whose whole run, or a generator, whose every step, is then inside the switch."""
        self._used = True
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


def _restore(values: dict[ContextVar[Any], Any], entered: Entered) -> None:
    for variable, value in values.items():
        variable.set(value)
    _entered.set(entered)


def in_mode(mode: GradMode, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in another mode, which no interrupt leaves behind, as it may in a `with` block's exit."""
    before = grad_mode.get()
    try:
        grad_mode.set(mode)
        return function(*args, **kwargs)
    finally:
        grad_mode.set(before)


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
    return Switch((grad_mode, disabled))


@advised
def enable_grad() -> Switch:
    """Record, also inside `no_grad()`."""
    return Switch((grad_mode, lambda mode: mode._replace(enabled=True)))


def train_mode(on: bool = True) -> Switch:
    """Make dropout (and whatever else differs in training) behave as in training, or not. On by default."""
    wanted = checks.boolean("train_mode", "on", on)
    return Switch((training, lambda _: wanted))


def is_training() -> bool:
    """True if what differs in training behaves as in training here: see `train_mode`."""
    return training.get()


def allow_tf32(on: bool = True) -> Switch:
    """Let a GPU round the factors of float32 matrix products to 10 bits, for several times the speed, or not.

    Off by default: then products are as accurate as on the CPU, where this changes nothing.
    """
    wanted = checks.boolean("allow_tf32", "on", on)
    return Switch((tf32, lambda _: wanted))


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
