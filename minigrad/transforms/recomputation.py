"""Recomputation: what a function computed is forgotten, and computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.backend import Array, format_array
from minigrad.core.config import default_dtype, float_type, generator, is_training, train_mode
from minigrad.core.function import Function, Gradients, Producer
from minigrad.core.hooks import Forward, Hook, hooked
from minigrad.core.traversal import backward_pass
from minigrad.core.variable import Variable, apply, producer_of, variable_of
from minigrad.settings import settings
from minigrad.spelling import advised
from minigrad.switches import Switch, in_mode

State = tuple[np.random.Generator, Any]
"""A random generator, and the state it was in."""


@advised
def checkpoint(f: Callable[..., Variable], *inputs: Any) -> Variable:
    """f(*inputs), of which the graph keeps the inputs alone: the backward pass computes all between once more.

    A model of n layers in √n pieces takes the memory of some 2√n layers, for the time of another forward pass. Value
    and gradients have the bits that they have without; a sum of gradients may be added up in another order where an
    input is used in f several times and elsewhere too. Derivatives of every order exist, those beyond the first
    recorded as usual. The Variables in f's closure, a layer's parameters, are found and get their gradients.

    When it runs again, f meets the random state, the training mode and the default dtype of its first run. Batch
    normalization changes its running statistics once. What else f changes, a list or a count, it changes twice, unless
    it asks `is_recomputing()`.

    Args:
        f: gives one Variable; a module or any other function of the inputs.
        inputs: what f is called with, Variables or anything else.
    Returns:
        f(*inputs).
    Raises:
        TypeError: f gives no Variable.
        ValueError: in the backward pass, f gave another shape or dtype than before.
    Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".

    >>> import minigrad as mg
    >>> x = mg.Variable(2.0)
    >>> y = checkpoint(lambda x: (x * x + 1) ** 2, x)
    >>> y, y.creator.name, mg.grad(y, x)
    (Variable(25.), 'Checkpoint', Variable(40.))
    """
    if not settings.get().grad_mode.enabled:
        return f(*inputs)
    segment = Segment(f, inputs)
    y, used = segment.first_run()
    if not y.requires_grad:
        return y
    return apply(Checkpoint(segment, y.data), *used)


@dataclass(eq=False)
class Checkpoint(Function):
    """A function's value, of which nothing is kept but what it was computed from."""

    segment: Segment = field(repr=False)
    value: Array | None = field(repr=False)
    family = "other"

    def forward(self, *arrays: Array) -> Array:
        value, self.value = self.value, None
        self.save(*arrays)
        return value

    def backward(self, gy: Variable) -> Gradients:
        mode = settings.get().grad_mode
        # The recomputation belongs to the order of differentiation that f itself was computed in.
        recorded = mode._replace(enabled=True, order=self.derivative_order)
        y, starts = in_mode(recorded, self.segment.run_again, self.saved)
        if y.output != self.output:
            before = f"{self.output[0]} {self.output[1]}"
            raise ValueError(f"checkpoint: f gave {before}, and {format_array(y.data)} when it was computed again")
        found = backward_pass(producer_of(y), gy, targets=[start.creator for start in starts])
        return tuple([found.get(start.creator) for start in starts])

    def flops(self) -> int | None:
        """Not known: what f computed is forgotten."""
        return None


class Segment:
    """A function with its inputs, which can be run twice and computes the same.

    It finds the Variables from outside that f uses, as an operation in f's run whose operand was made by none of f's
    operations has it from outside.
    """

    def __init__(self, f: Callable[..., Variable], inputs: tuple[Any, ...]) -> None:
        self.f, self.inputs = f, inputs
        self.training, self.dtype = is_training(), float_type()
        self.state = generator().bit_generator.state
        self.states: list[State] = []
        self.outside: list[Producer] = []

    def first_run(self) -> tuple[Variable, list[Variable]]:
        """f's value, and the Variables that it was computed from."""
        finder = Finder(self.states)
        with hooked(finder):
            y = self.f(*self.inputs)
        if not isinstance(y, Variable):
            raise TypeError(f"checkpoint: f must give one Variable, not {type(y).__name__}")
        if producer_of(y) not in finder.inside:  # f gave what it got
            finder.note(producer_of(y), y.data)
        self.outside = list(finder.outside)
        return y, list(finder.outside.values())

    def run_again(self, used: list[Variable]) -> tuple[Variable, list[Variable]]:
        """f's value, computed from `used` anew, and the copies of these at which its graph begins."""
        starts = [x.reshape(x.shape) for x in used]  # operations: the way to what they were made from stays open
        replaced = dict(zip(self.outside, starts, strict=True))
        states = [(generator(), self.state), *self.states]  # the generator that f finds: `seed` makes another one
        now = [(rng, rng.bit_generator.state) for rng, _ in states]
        try:
            for rng, state in states:
                rng.bit_generator.state = state
            again = Switch(recomputing=lambda _: True)
            with again, train_mode(self.training), default_dtype(self.dtype), hooked(Replacer(replaced)):
                y = self.f(*self.inputs)
        finally:
            for rng, state in now:
                rng.bit_generator.state = state
        return replaced.get(producer_of(y), y), starts


class Finder(Hook):
    """Notes what operations take from outside, and the first state of each generator of theirs but the context's."""

    def __init__(self, states: list[State]) -> None:
        self.inside: set[Producer] = {None}
        self.outside: dict[Producer, Variable] = {}
        self.states = states

    def note(self, producer: Producer, array: Array) -> None:
        """Take an operand's producer for one from outside, unless it is known."""
        if producer not in self.inside and producer not in self.outside:
            self.outside[producer] = variable_of(array, producer)

    def forward(self, run: Forward, function: Function, arrays: list[Array]) -> Variable:
        for producer, array in zip(function.inputs, arrays, strict=True):
            self.note(producer, array)
        rng = getattr(function, "rng", None)
        known = [generator(), *(each for each, _ in self.states)]
        if isinstance(rng, np.random.Generator) and all(rng is not each for each in known):
            self.states.append((rng, rng.bit_generator.state))
        y = run(function, arrays)
        self.inside.add(y.creator)
        return y


class Replacer(Hook):
    """Puts other Variables in the place of operands from outside."""

    def __init__(self, replaced: dict[Producer, Variable]) -> None:
        self.replaced = replaced

    def forward(self, run: Forward, function: Function, arrays: list[Array]) -> Variable:
        inputs = list(function.inputs)
        for i, producer in enumerate(function.inputs):
            if producer in self.replaced:
                inputs[i], arrays[i] = self.replaced[producer].creator, self.replaced[producer].data
        function.inputs = tuple(inputs)
        return run(function, arrays)
