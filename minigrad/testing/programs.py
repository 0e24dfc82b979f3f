"""Program: many operations that reuse, broadcast and index each other's results, as `strategies.graphs` draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.core.config import no_grad
from minigrad.core.variable import Variable, as_variable
from minigrad.testing.example import Floats

NO_GRAD = "no_grad"
"""The operation that a Program computes itself: tanh(2x), under `no_grad()`."""

OPERATIONS: dict[str, Callable[..., Any]] = {
    "constant": lambda *, value: as_variable(value),
    "neg": lambda x: -x,
    "scaled": lambda x, *, c: x * c + 0.5,
    "square": lambda x: x * x,
    "tanh": F.tanh,
    "sigmoid": F.sigmoid,
    "softplus": F.softplus,
    "exp_of_tanh": lambda x: F.exp(F.tanh(x)),
    "relu": F.relu,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (b * b + 1),
    "maximum": F.maximum,
    "where": lambda a, b, *, condition: F.where(condition, a, b),
    "sum": F.sum,
    "mean": F.mean,
    "max": F.max,
    "logsumexp": F.logsumexp,
    "softmax": F.softmax,
    "transpose": F.transpose,
    "flat": lambda x: x.reshape(-1),
    "rows": lambda x: F.expand_dims(x, 0),
    "concatenate": lambda a, b: F.concatenate([a.reshape(-1), b.reshape(-1)]),
    "matmul": lambda a, b: a @ b,
    "getitem": lambda x, *, key: x[key],
    "pad": lambda x: F.pad(x, [(1, 0)] * x.ndim),
}


@dataclass(frozen=True)
class Step:
    """One operation on earlier results, each named by its number; the inputs come first."""

    operation: str
    operands: tuple[int, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Program:
    """A function of Variables, with the inputs to differentiate it at.

    What is computed under `no_grad()` counts as a constant: wherever it is called, it has the values that it has at
    `inputs`.

    Attributes:
        inputs: float64 arrays.
        steps: in their order.
        islands: what steps under `no_grad()` give at `inputs`, by the results' numbers.
    """

    inputs: tuple[Floats, ...]
    steps: tuple[Step, ...]
    islands: dict[int, Floats] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "islands", {})
        for number, y in enumerate(self.results(*[Variable(x) for x in self.inputs])):
            if number >= len(self.inputs) and self.steps[number - len(self.inputs)].operation == NO_GRAD:
                self.islands[number] = y.data

    def __call__(self, *xs: Variable) -> list[Variable]:
        """The results that no step uses."""
        results = self.results(*xs)
        used = {i for step in self.steps for i in step.operands}
        return [y for i, y in enumerate(results) if i not in used and i >= len(self.inputs)]

    def results(self, *xs: Variable) -> list[Variable]:
        """The inputs, and what each step gives."""
        found = list(xs)
        for step in self.steps:
            y = applied(step, found)
            kept = self.islands.get(len(found))
            found.append(y if kept is None or np.array_equal(kept, y.data) else Variable(kept, requires_grad=False))
        return found

    def __repr__(self) -> str:
        names = [f"x{i}" for i in range(len(self.inputs))]
        names += [f"v{i}" for i in range(len(self.steps))]
        lines = [f"{name} = {x.tolist()}" for name, x in zip(names, self.inputs, strict=False)]
        for name, step in zip(names[len(self.inputs) :], self.steps, strict=True):
            arguments = [names[i] for i in step.operands] + [f"{k}={v!r}" for k, v in step.kwargs.items()]
            lines.append(f"{name} = {step.operation}({', '.join(arguments)})")
        return "\n".join(["", *lines])


def applied(step: Step, results: Sequence[Variable]) -> Variable:
    """The result of a step."""
    operands = [results[i] for i in step.operands]
    if step.operation == NO_GRAD:
        with no_grad():
            return F.tanh(operands[0] * 2)
    y: Variable = OPERATIONS[step.operation](*operands, **step.kwargs)
    return y
