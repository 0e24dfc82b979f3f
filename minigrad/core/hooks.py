"""Hook: code that is called around every forward, every backward and every call of a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.core.config import Switch, grad_mode

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.core.function import Function
    from minigrad.core.variable import Variable

Forward: TypeAlias = "Callable[[Function, list[Array]], Variable]"
Backward: TypeAlias = "Callable[[Function, Variable], Sequence[Variable | None]]"
Call: TypeAlias = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class Hook:
    """A hook that is called around every forward, every backward and every call of a module.

    Each method is given what it is called around as `run`, and returns what that returns. `with hooked(Hook()):` is
    where it is called: in the block's own context, not in other threads.

    >>> import minigrad as mg
    >>> class Printer(Hook):
    ...     def forward(self, run, function, arrays):
    ...         y = run(function, arrays)
    ...         print(function.name, "of", *arrays, "is", y.data)
    ...         return y
    >>> x = mg.Variable(3.0)
    >>> with hooked(Printer()):
    ...     y = x * x + 1
    Mul of 3.0 3.0 is 9.0
    AddScalar of 9.0 is 10.0
    """

    def forward(self, run: Forward, function: Function, arrays: list[Array]) -> Variable:
        """Compute `function` of the arrays and record it; the result's creator is None where nothing is recorded."""
        return run(function, arrays)

    def backward(self, run: Backward, function: Function, gy: Variable) -> Sequence[Variable | None]:
        """Compute the gradients of the function's inputs from the gradient of its output."""
        return run(function, gy)

    def call(self, run: Call, module: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Compute the forward of a module (`nn.Module`) of positional inputs and keywords."""
        return run(module, inputs, options)


def hooked(hook: Hook) -> Switch:
    """Call `hook` in a `with` block or a decorated function, around the hooks that are there already."""
    return Switch((grad_mode, lambda mode: mode._replace(hooks=(*mode.hooks, hook))))
