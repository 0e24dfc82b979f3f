"""Hook: code that is called around each forward (by `apply`), backward (`backward_pass`) and call of a `nn.Module`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.switches import Switch

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.core.function import Function
    from minigrad.core.variable import Variable

Forward: TypeAlias = "Callable[[Function, list[Array]], Variable]"
Backward: TypeAlias = "Callable[[Function, Variable], Sequence[Variable | None]]"
Call: TypeAlias = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class Hook:
    """A base for hooks: each method calls `run`, the work itself or the next hook's method, and returns its result.

    What it returns instead takes the place of that result: of `forward` a Variable, of `backward` one gradient, a
    Variable or None for zero, for each input. The arrays that it is given must stay as they are.

    A hook is called inside of `with hooked(hook):`, in this thread alone: around a backward if it is there when
    `backward()` runs. The operations inside of a backward and those that add, cast or copy gradients call `forward` as
    well. Of several hooks the one entered last is the outermost: it sees the work with all that the others do.

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
        """Compute `function` of the arrays, and record it where recording is on and an input requires a gradient."""
        return run(function, arrays)

    def backward(self, run: Backward, function: Function, gy: Variable) -> Sequence[Variable | None]:
        """Compute the gradients of the function's inputs from the gradient of its output."""
        return run(function, gy)

    def call(self, run: Call, module: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a module with positional inputs and keywords."""
        return run(module, inputs, options)


def wrap(run: Any, hooks: Sequence[Hook], method: str) -> Any:
    """`run` with that method of each hook around it, the last hook outermost."""
    for hook in hooks:
        run = partial(getattr(hook, method), run)
    return run


def hooked(hook: Hook) -> Switch:
    """Call `hook` in a `with` block or a decorated function, around the hooks that are there already."""
    return Switch(grad_mode=lambda mode: mode._replace(hooks=(*mode.hooks, hook)))
