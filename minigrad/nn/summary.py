"""The table that `Module.summary` makes of the calls that a run of the model made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import is_array, to_device
from minigrad.core import config
from minigrad.core.hooks import Call, Hook
from minigrad.core.variable import Variable
from minigrad.nn.arguments import integer
from minigrad.nn.parameter import Parameter

if TYPE_CHECKING:
    from minigrad.nn.module import Module


class Calls(Hook):
    """A hook that keeps each module that is called, and its result."""

    def __init__(self) -> None:
        self.made: list[tuple[Module, Any]] = []

    def call(self, run: Call, module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Run the module, and keep it and its result."""
        y = run(module, inputs, options)
        self.made.append((module, y))
        return y


def example(x: Any, parameters: Sequence[Parameter]) -> Any:
    """An input as it is; for a shape (without the batch axis) one example of zeros, like the parameters.

    Raises:
        TypeError: x is neither an array, a Variable nor a tuple of ints.
    """
    if isinstance(x, Variable) or is_array(x):
        return x
    if not isinstance(x, tuple):
        raise TypeError(f"summary: x must be an input, or its shape such as (1, 28, 28), not {x!r}")
    shape = [integer("summary", f"x[{i}]", length) for i, length in enumerate(x)]
    like = parameters[0].data if parameters else np.zeros(0, config.float_type())
    zeros = np.zeros((1, *shape), like.dtype)
    return to_device(zeros, parameters[0].device) if parameters else zeros


def table(model: Module, calls: Sequence[tuple[Module, Any]], *, batch: int | None) -> str:
    """The calls as a table.

    Args:
        model: what was run.
        calls: what it called, in this order.
        batch: the length that first axes have from the batch axis of the input; None without one.
    """
    names = {id(module): name for name, module in model.named_modules()}
    uncounted = {id(parameter): parameter.size for parameter in model.parameters()}
    total = sum(uncounted.values())
    frozen = sum(parameter.size for parameter in model.parameters() if not parameter.requires_grad)

    rows = [("name", "layer", "output", "parameters")]
    shown: set[int] = set()
    for module, output in calls:
        if module.named_children():
            continue
        count = sum(uncounted.pop(id(parameter), 0) for parameter in module.parameters())
        again = id(module) in shown
        shown.add(id(module))
        rows.append(
            (names.get(id(module), "?"), repr(module), _shape(output, batch), "again" if again else f"{count:,}")
        )
    if uncounted:
        rows.append(("", "in none of these layers", "", f"{sum(uncounted.values()):,}"))
    totals = [("", "total", "", f"{total:,}"), ("", "trainable", "", f"{total - frozen:,}")]

    widths = [max(map(len, column)) for column in zip(*rows, *totals, strict=True)]
    rule = "─" * (sum(widths) + 2 * 3)
    lines = [_line(row, widths) for row in rows + totals]
    return "\n".join([lines[0], rule, *lines[1 : len(rows)], rule, *lines[len(rows) :]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    *texts, count = row
    left = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
    return "  ".join([*left, count.rjust(widths[-1])])


def _shape(output: Any, batch: int | None) -> str:
    """The shapes of what a module returned, with N for the batch axis."""
    if isinstance(output, (tuple, list)):
        return ", ".join(_shape(part, batch) for part in output)
    if not isinstance(output, Variable) and not is_array(output):
        return type(output).__name__
    lengths = [str(length) for length in output.shape]
    if lengths and output.shape[0] == batch:
        lengths[0] = "N"
    return f"({', '.join(lengths)}{',' * (len(lengths) == 1)})"
