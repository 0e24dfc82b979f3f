"""Switches: context managers that change settings in a thread or asyncio task, and that Ctrl-C never leaves entered.

CPython runs a signal's handler, which raises KeyboardInterrupt, where a function written in Python begins: `__exit__`
may end before its first line, and a switch that it is to leave would stay entered. So each `with` block gets a function
of its own to leave by. Nothing but the block holds it, and so it is gone after the block, called or not: whoever reads
a setting takes out the switches whose function is gone. `with` asks for `__exit__` before it enters, as it must be.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable, Generator
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, ParamSpec, Self, TypeAlias, TypeVar

from minigrad.settings import GradMode, Settings, settings

P = ParamSpec("P")
R = TypeVar("R")
Exit: TypeAlias = Callable[..., None]

_asked_for: ContextVar[weakref.ref[partial[None]] | None] = ContextVar("asked_for", default=None)
"""The `__exit__` that was asked for last, until its switch is entered."""


class Entry:
    """One entering of a switch.

    Attributes:
        exit: the function that leaves it, weakly; None if it was entered by hand, by calling `__enter__`.
        used: True if it was entered; else its `exit` is called by hand, and leaves another one.
        left: True if it was left; contexts copied before keep it.
    """

    __slots__ = ("exit", "left", "switch", "used")

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.exit: weakref.ref[partial[None]] | None = None
        self.used = self.left = False


class Switched(Settings):
    """The settings of a context in which switches are entered; who reads one takes out those that were not left.

    Attributes:
        base: the settings without the switches.
        values: what the switches make of them, one after the other.
        entered: the entries, in their order.
    """

    __slots__ = ("base", "entered", "values")  # no values in the slots of Settings: `__getattr__` is called

    def __init__(self, base: Settings, entered: tuple[Entry, ...], values: Settings) -> None:
        self.base, self.entered, self.values = base, entered, values

    def __getattr__(self, setting: str) -> Any:
        for entry in self.entered:
            if _is_lost(entry):
                return getattr(current(), setting)
        return getattr(self.values, setting)


def _is_lost(entry: Entry) -> bool:
    """True if its block has ended and not left it."""
    return entry.exit is not None and entry.exit() is None and not entry.left


def current() -> Settings:
    """The settings of this context, without the switches whose block has ended and not left them."""
    now = settings.get()
    if isinstance(now, Switched) and any(map(_is_lost, now.entered)):
        return _set(now.base, tuple([entry for entry in now.entered if not _is_lost(entry)]))
    return now


def _set(base: Settings, entered: tuple[Entry, ...]) -> Settings:
    """Put the entered switches in the place of those that were."""
    now = values = base
    for entry in entered:
        values = entry.switch.changed(values)
    if entered:
        now = Switched(base, entered, values)
    settings.set(now)
    return now


def _leave(entry: Entry, *exception: object) -> None:  # noqa: ARG001
    """Leave this entry, or the switch's last one if this was not entered; nothing where that is not entered."""
    now = current()
    if isinstance(now, Switched):
        found = [each for each in now.entered if (each is entry if entry.used else each.switch is entry.switch)]
        if found:
            _set(now.base, tuple([each for each in now.entered if each is not found[-1]]))
            found[-1].left = True


def _copy(of: Settings, mode: GradMode) -> Settings:
    """Settings with another mode; some times as fast as `dataclasses.replace`."""
    return Settings(mode, of.training, of.float_type, of.tf32, of.recomputing, of.profile)


def in_mode(mode: GradMode, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in another mode, which is faster than a switch; what is entered inside ends with the call."""
    before = current()
    try:
        settings.set(_copy(before, mode))
        return function(*args, **kwargs)
    finally:
        settings.set(before)


class Exits:
    """The `__exit__` of switches: a new function each time that it is asked for."""

    def __get__(self, switch: Switch | None, kind: type[Switch]) -> Exit:
        if switch is None:  # an ExitStack asks, which gives it the switch itself
            return lambda switch, *exception: switch.__exit__(*exception)
        entry = Entry(switch)
        leave = partial(_leave, entry)
        entry.exit = weakref.ref(leave)
        _asked_for.set(entry.exit)
        return leave


class Switch:
    """Changes settings for the length of a `with` block, a decorated function or a decorated generator.

    Each setting is what the switches that are entered make of it, one after the other: they may be left in any order,
    as generators leave theirs when they please. A Switch may be entered again while it is entered, and shared between
    threads. An interrupt leaves all or nothing changed, and no switch entered. An asynchronous generator that
    `async for` breaks off is closed late, in another task: close it with `contextlib.aclosing`, or its switch stays on.
    """

    def __init__(self, **changes: Callable[[Any], Any]) -> None:
        self._used = False
        self._changes = changes  # each setting's new value as a function of the one before

    def __del__(self) -> None:
        if not self._used:
            message = "a switch that was never entered does nothing: write `with minigrad.no_grad():`, or decorate"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def __enter__(self) -> Self:
        self._used = True
        asked_for = _asked_for.get()
        leave = asked_for() if asked_for is not None else None
        entry = leave.args[0] if leave is not None and leave.args[0].switch is self else Entry(self)
        _asked_for.set(None)
        entry.used = True
        before = current()
        try:
            if isinstance(before, Switched):
                settings.set(Switched(before.base, (*before.entered, entry), self.changed(before.values)))
            else:
                settings.set(Switched(before, (entry,), self.changed(before)))
        except BaseException:  # Ctrl-C
            settings.set(before)
            raise
        return self

    __exit__ = Exits()

    def changed(self, before: Settings) -> Settings:
        """The settings as the switch makes them."""
        now = _copy(before, before.grad_mode)
        for name, change in self._changes.items():
            setattr(now, name, change(getattr(now, name)))
        return now

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
