"""Context-local switches: recording, training, anomaly detection, the default dtype and the random generator.

Every switch is a ContextVar, so a thread (or an asyncio task) that turns one off changes nothing for the others. Each
is a context manager and a decorator at once, and goes back to what it was, also on exceptions.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from minigrad.backend import Array
    from minigrad.core.function import Function
    from minigrad.core.variable import Variable

P = ParamSpec("P")
R = TypeVar("R")


class Watch(Protocol):
    """Who looks on while operations are computed and differentiated; `viz.record` does."""

    def forward(self, function: Function, arrays: list[Array]) -> Array:
        """Run `function.forward` on the arrays."""

    def applied(self, function: Function, arrays: list[Array], y: Variable) -> None:
        """Now `function` is a node of the graph, and made `y` of the arrays."""

    def backward(
        self, function: Function, gy: Variable, run: Callable[[Function, Variable], tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        """Run `function`'s share of backward."""


class GradMode(NamedTuple):
    """How operations are recorded: of which order of differentiation they are, and who looks on."""

    order: int = 0
    watch: Watch | None = None


FORWARD = GradMode()
"""How they are recorded if nobody says otherwise; the only one that costs nothing."""

grad_mode: ContextVar[GradMode | None] = ContextVar("grad_mode", default=FORWARD)
"""None where nothing is recorded."""

training: ContextVar[bool] = ContextVar("training", default=True)
anomaly_detection: ContextVar[bool] = ContextVar("anomaly_detection", default=False)
_float_type: ContextVar[np.dtype[Any]] = ContextVar("float_type", default=np.dtype(np.float32))  # noqa: B039 - a dtype is immutable
_generator: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)


_entered: ContextVar[tuple[Switch, ...]] = ContextVar("entered", default=())
"""The switches that this context is inside of."""


class Switch:
    """Sets ContextVars for the length of a `with` block, a decorated function or a decorated generator.

    What is left is what the other switches entered say, in whatever order they are left (generators leave theirs when
    they please). A Switch may be entered again while it is entered, and shared between threads.
    """

    def __init__(self, *settings: tuple[ContextVar[Any], Any]) -> None:
        self._settings = settings

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), self))
        for variable, value in self._settings:
            variable.set(value)

    def __exit__(self, *exception: object) -> None:
        others = list(_entered.get())
        del others[len(others) - 1 - others[::-1].index(self)]
        _entered.set(tuple(others))
        for variable, _ in self._settings:
            values = [value for switch in others for name, value in switch._settings if name is variable]
            variable.set(values[-1] if values else Context().run(variable.get))

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


def no_grad() -> Switch:
    """Record nothing: results are constants, and what they were computed from can be freed.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0)
    >>> with mg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return Switch((grad_mode, None))


def enable_grad() -> Switch:
    """Record, also inside `no_grad()`."""
    return Switch((grad_mode, grad_mode.get() or FORWARD))


def train_mode(on: bool = True) -> Switch:
    """Make dropout (and whatever else differs in training) behave as in training, or not. On by default."""
    if not isinstance(on, bool):
        raise TypeError(f"train_mode: on must be True or False, not {on!r}")
    return Switch((training, on))


def inference() -> Switch:
    """Neither record nor train: what a model needs to be evaluated or used."""
    return Switch((grad_mode, None), (training, False))


def detect_anomaly() -> Switch:
    """Raise NonFiniteError at the first NaN or Inf that an operation makes, forward or backward.

    The error names the operation and the line of the caller's code that applied it. Backward also notices when an array
    that an operation saved was edited in place since. Slow: for debugging.
    """
    return Switch((anomaly_detection, True))


def default_dtype(dtype: npt.DTypeLike) -> Switch:
    """Set the float type that Python numbers, lists and initial weights get (float32 outside of any such block).

    Raises:
        TypeError: dtype is not float16, float32 or float64.
    """
    floating = np.dtype(dtype)
    if dtype is None or floating not in (np.float16, np.float32, np.float64):
        raise TypeError(f"default_dtype: dtype must be float16, float32 or float64, not {dtype}")
    return Switch((_float_type, floating))


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
