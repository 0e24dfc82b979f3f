"""The table of `Module.summary`: the calls that a run of the model made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import checks
from minigrad.backend import is_array, to_device
from minigrad.core import config
from minigrad.core.hooks import Call, Hook, hooked
from minigrad.core.variable import Variable

if TYPE_CHECKING:
    from minigrad.nn.module import Module, Parameter


def summarize(model: Module, x: Any) -> str:
    """Run the model on `x`, an input or a shape without the batch axis, and return its calls as a table."""
    x = _example(x, model.parameters())
    calls = _Calls()
    with config.inference(), hooked(calls):
        model(x)
    batch = x.shape[0] if x.ndim else None

    names = {id(module): name for name, module in model.named_modules()}
    uncounted = {id(parameter): parameter.size for parameter in model.parameters()}
    total = sum(uncounted.values())
    trainable = sum(parameter.size for parameter in model.parameters() if parameter.requires_grad)
    rows = [("name", "layer", "output", "parameters")]
    shown: set[int] = set()
    for module, output in calls.finished:
        if module.named_children():
            continue
        count = sum(uncounted.pop(id(parameter), 0) for parameter in module.parameters())
        text = "again" if id(module) in shown else f"{count:,}"
        shown.add(id(module))
        rows.append((names.get(id(module), "?"), repr(module), _shape(output, batch), text))
    if uncounted:
        rows.append(("", "in none of these layers", "", f"{sum(uncounted.values()):,}"))
    return _table(rows, [("", "total", "", f"{total:,}"), ("", "trainable", "", f"{trainable:,}")])


class _Calls(Hook):
    """A hook that keeps each module that was called, and its output."""

    def __init__(self) -> None:
        self.finished: list[tuple[Module, Any]] = []

    def call(self, run: Call, module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        y = run(module, inputs, options)
        self.finished.append((module, y))
        return y


def _example(x: Any, parameters: Sequence[Parameter]) -> Any:
    """An input as it is; for a shape one example of zeros with the dtype and on the device of the parameters."""
    if isinstance(x, Variable) or is_array(x):
        return x
    if not isinstance(x, tuple):
        raise TypeError(f"summary: x must be an input, or its shape such as (1, 28, 28), not {x!r}")
    shape = [checks.integer("summary", f"x[{i}]", length) for i, length in enumerate(x)]
    zeros = np.zeros((1, *shape), parameters[0].dtype if parameters else config.float_type())
    return to_device(zeros, parameters[0].device) if parameters else zeros


def _shape(output: Any, batch: int | None) -> str:
    """The shapes of a module's output, with N for a first axis as long as the batch."""
    if isinstance(output, (tuple, list)):
        return ", ".join(_shape(part, batch) for part in output)
    if not isinstance(output, Variable) and not is_array(output):
        return type(output).__name__
    lengths = [str(length) for length in output.shape]
    if lengths and output.shape[0] == batch:
        lengths[0] = "N"
    return f"({', '.join(lengths)}{',' * (len(lengths) == 1)})"


def _table(rows: Sequence[Sequence[str]], totals: Sequence[Sequence[str]]) -> str:
    """Rows in columns, the last one aligned to the right, with a rule below the first row and above the totals."""
    widths = [max(map(len, column)) for column in zip(*rows, *totals, strict=True)]
    lines = []
    for *texts, count in (*rows, *totals):
        left = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
        lines.append("  ".join([*left, count.rjust(widths[-1])]))
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1 : len(rows)], rule, *lines[len(rows) :]])
