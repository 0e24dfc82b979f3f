"""Program: many operations that reuse, broadcast and index each other's results, and `programs`, which draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.core.config import no_grad
from minigrad.core.variable import Variable, as_variable
from minigrad.testing.strategies import shapes

NO_GRAD = "no_grad"
"""The operation that a Program computes itself: tanh(2x), under `no_grad()`."""

LARGEST = 20.0
"""Numbers beyond it are led through tanh, so that nothing overflows."""

MOST_IN_RESULT = 48
"""The most elements in the result of a step."""

OPERATIONS = {
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
    operands: tuple
    kwargs: dict = field(default_factory=dict)


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

    inputs: tuple
    steps: tuple
    islands: dict = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "islands", {})
        for number, y in enumerate(self.results(*[Variable(x) for x in self.inputs])):
            if number >= len(self.inputs) and self.steps[number - len(self.inputs)].operation == NO_GRAD:
                self.islands[number] = y.data

    def __call__(self, *xs):
        """The results that no step uses."""
        results = self.results(*xs)
        used = {i for step in self.steps for i in step.operands}
        return [y for i, y in enumerate(results) if i not in used and i >= len(self.inputs)]

    def results(self, *xs):
        """The inputs, and what each step gives."""
        found = list(xs)
        for step in self.steps:
            y = applied(step, found)
            kept = self.islands.get(len(found))
            found.append(y if kept is None or np.array_equal(kept, y.data) else Variable(kept, requires_grad=False))
        return found

    def __repr__(self):
        names = [f"x{i}" for i in range(len(self.inputs))]
        names += [f"v{i}" for i in range(len(self.steps))]
        lines = [f"{name} = {x.tolist()}" for name, x in zip(names, self.inputs, strict=False)]
        for name, step in zip(names[len(self.inputs) :], self.steps, strict=True):
            arguments = [names[i] for i in step.operands] + [f"{k}={v!r}" for k, v in step.kwargs.items()]
            lines.append(f"{name} = {step.operation}({', '.join(arguments)})")
        return "\n".join(["", *lines])


def applied(step, results):
    """The result of a step."""
    operands = [results[i] for i in step.operands]
    if step.operation == NO_GRAD:
        with no_grad():
            return F.tanh(operands[0] * 2)
    return OPERATIONS[step.operation](*operands, **step.kwargs)


@st.composite
def programs(draw, *, min_steps=3, max_steps=40):
    """A `Program` of so many operations or a few more, in which no number is large and kinks are few."""
    inputs = tuple(draw(_generic(i)) for i in range(draw(st.integers(1, 3))))
    steps = []
    results = [Variable(x, requires_grad=False) for x in inputs]

    def append(step):
        steps.append(step)
        results.append(applied(step, results))

    for _ in range(draw(st.integers(min_steps, max_steps))):
        append(draw(_step(results)))
        last = len(results) - 1
        if np.abs(results[last].data).max(initial=0) > LARGEST:
            append(Step("tanh", (last,)))
        if results[-1].size > MOST_IN_RESULT:
            append(Step("mean", (len(results) - 1,), {"axis": 0}))
    return Program(inputs, tuple(steps))


@st.composite
def _generic(draw, number):
    """A small array of numbers, all different, none of them round."""
    shape = draw(shapes(max_dims=3, min_side=1, max_side=3))
    size = math.prod(shape)
    eighths = np.array(draw(st.lists(st.integers(-12, 12), min_size=size, max_size=size)), float)
    offsets = np.modf((np.arange(size) + 1 + 17 * number) * 0.6180339887)[0]
    return (eighths / 8 + 0.02 + 0.085 * offsets).reshape(shape)


@st.composite
def _step(draw, results):
    """An operation that fits some of the results, late ones rather than early ones."""
    small = [k for k, result in enumerate(results) if result.size <= MOST_IN_RESULT]
    i = small[-1 - draw(st.integers(0, len(small) - 1)) // draw(st.sampled_from([1, 3]))]
    x = results[i]
    partners = [k for k in small if _broadcast(x.shape, results[k].shape)]
    names = ["neg", "scaled", "square", "tanh", "sigmoid", "softplus", "exp_of_tanh", "relu", NO_GRAD, "constant"]
    names += ["add", "sub", "mul", "div", "maximum", "where", "concatenate", "flat", "rows", "transpose", "getitem"]
    if x.ndim:
        names += ["sum", "mean", "max", "logsumexp", "softmax", "pad"]
    matching = [k for k, other in enumerate(results) if x.ndim and other.ndim == 2 and other.shape[0] == x.shape[-1]]
    if matching:
        names.append("matmul")
    name = draw(st.sampled_from([n for n in names if not (n == "rows" and x.ndim > 3)]))
    if name == "constant":
        return Step(name, (), {"value": draw(_generic(99))})
    if name == "matmul":
        return Step(name, (i, draw(st.sampled_from(matching))))
    if name in ("add", "sub", "mul", "div", "maximum", "concatenate"):
        return Step(name, (i, draw(st.sampled_from(partners))))
    if name == "where":
        condition = np.arange(x.size).reshape(x.shape) % 2 == draw(st.integers(0, 1))
        return Step(name, (i, draw(st.sampled_from(partners))), {"condition": condition})
    return Step(name, (i,), draw(_parameters(name, x.shape)))


def _parameters(name, shape):
    """The parameters of an operation on one result."""
    axes = st.integers(0, max(len(shape) - 1, 0))
    if name in ("sum", "mean", "max", "logsumexp"):
        return st.fixed_dictionaries({"axis": st.one_of(st.none(), axes), "keepdims": st.booleans()})
    if name == "softmax":
        return st.fixed_dictionaries({"axis": axes})
    if name == "scaled":
        return st.fixed_dictionaries({"c": st.sampled_from([2.0, -0.5, 0.25])})
    return st.fixed_dictionaries({"key": _key(shape)} if name == "getitem" else {})


def _key(shape):
    """A key that leaves something: a row, a slice of either direction, rows that repeat, a new axis."""
    if not shape:
        return st.sampled_from([..., None])
    last = shape[0] - 1
    return st.sampled_from([0, -1, slice(None, None, -1), slice(0, None, 2), [0, last, 0], (..., -1), (None, last)])


def _broadcast(a, b):
    try:
        return math.prod(np.broadcast_shapes(a, b)) <= MOST_IN_RESULT
    except ValueError:
        return False
