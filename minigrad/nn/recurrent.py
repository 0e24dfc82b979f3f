"""Recurrent layers: cells, which take one step of a sequence, and the layers that run them over all of its steps."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.backend import format_array
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.init import Initializer, Uniform
from minigrad.nn.layers import BIASES, arguments_text, as_floats_of, make_parameter
from minigrad.nn.module import Module

State: TypeAlias = tuple[Variable, ...]
"""What a cell remembers from step to step, each (N, hidden)."""


class Cell(Module):
    """One step of a recurrent layer: a subclass says in `step` how an input and a state make the next state.

    Called with an input (N, in) and a state, or None for zeros, it gives the next state: a tuple, whose first Variable,
    (N, hidden), is the output of the step.

    Args:
        in_features, hidden_features: lengths of the last axis of the input and of the state.
        init: makes the first values of w_x (in, gates · hidden) and w_h (hidden, gates · hidden); by default they are
            uniform within ±1 / √hidden, as in PyTorch. The biases begin at 0.
        rng: the generator that they draw from; by default the context's (`minigrad.seed`).
    """

    gates = 1
    """How many (N, hidden) the step computes with the weights."""

    states = 1
    """How many (N, hidden) the state consists of."""

    in_features = Checked(checks.integer, fixed=True)
    hidden_features = Checked(checks.integer, fixed=True)

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features, self.hidden_features = in_features, hidden_features
        limit = 1 / math.sqrt(self.hidden_features)
        init = Uniform(-limit, limit) if init is None else init
        width = self.gates * self.hidden_features
        self.w_x = make_parameter(self, "init", init, (self.in_features, width), rng)
        self.w_h = make_parameter(self, "init", init, (self.hidden_features, width), rng)
        self.b = make_parameter(self, "init", BIASES, (width,), rng)

    def step(self, x: Variable, *state: Variable) -> State:
        """The next state, from an input (N, in) and the state before."""
        raise NotImplementedError

    def forward(self, x: Operand, state: State | None = None) -> State:
        x = as_floats_of(self.w_x, x)
        name = type(self).__name__
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"{name}: x must be (N, {self.in_features}), not {format_array(x)}")
        wanted = (x.shape[0], self.hidden_features)
        if state is None:
            state = (Variable(x.xp.zeros(wanted, x.dtype), requires_grad=False),) * self.states
        shapes = [getattr(h, "shape", type(h).__name__) for h in state] if isinstance(state, tuple) else None
        if shapes != [wanted] * self.states:
            found = shapes or type(state).__name__
            raise ValueError(f"{name}: state must be a tuple of {self.states} × {wanted}, not {found}")
        return self.step(x, *state)

    def extra_repr(self) -> str:
        return arguments_text(self.in_features, self.hidden_features)


class RNNCell(Cell):
    """h ← tanh(x·w_x + h·w_h + b). Source: Elman 1990, "Finding structure in time"."""

    def step(self, x: Variable, *state: Variable) -> State:
        (h,) = state
        return (F.tanh(F.linear(x, self.w_x, self.b) + h @ self.w_h),)


class LSTMCell(Cell):
    """c ← σ(f)·c + σ(i)·tanh(g), h ← σ(o)·tanh(c), where [i, f, g, o] = x·w_x + h·w_h + b; the state is (h, c).

    The bias of the forget gate f begins at 1: at first the cell remembers.

    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory"; Jozefowicz et al. 2015, "An empirical exploration
    of recurrent network architectures" (the bias).
    """

    gates, states = 4, 2

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(in_features, hidden_features, init=init, rng=rng)
        self.b.data[self.hidden_features : 2 * self.hidden_features] = 1  # f

    def step(self, x: Variable, *state: Variable) -> State:
        h, c = state
        i, f, g, o = F.split(
            F.linear(x, self.w_x, self.b) + h @ self.w_h, 4, axis=1
        )  # (N, 4 · hidden) -> 4 × (N, hidden)
        c = F.sigmoid(f) * c + F.sigmoid(i) * F.tanh(g)
        return F.sigmoid(o) * F.tanh(c), c


class GRUCell(Cell):
    """h ← z·h + (1 − z)·n, with the update gate z, and new values n in which the reset gate r weighs h.

    [r, z] = σ(x·w_x + h·w_h + b), n = tanh(x·w_x + b + r·(h·w_h + b_n)), each with its part of the weights, as in
    PyTorch and cuDNN: there r weighs h·w_h, in the paper h itself.

    Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder".
    """

    gates = 3

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(in_features, hidden_features, init=init, rng=rng)
        self.b_n = make_parameter(self, "init", BIASES, (self.hidden_features,), None)

    def step(self, x: Variable, *state: Variable) -> State:
        (h,) = state
        r_x, z_x, n_x = F.split(F.linear(x, self.w_x, self.b), 3, axis=1)  # (N, 3 · hidden) -> 3 × (N, hidden)
        r_h, z_h, n_h = F.split(h @ self.w_h, 3, axis=1)
        r, z = F.sigmoid(r_x + r_h), F.sigmoid(z_x + z_h)
        n = F.tanh(n_x + r * (n_h + self.b_n))
        return (n + z * (h - n),)


class _Recurrent(Module):
    """Runs a stack of cells over sequences."""

    cell: type[Cell]

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        layers: int = 1,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        count = checks.integer(type(self).__name__, "layers", layers)
        widths = [in_features] + [hidden_features] * (count - 1)
        self.cells = [self.cell(width, hidden_features, init=init, rng=rng) for width in widths]

    def forward(self, x: Operand, state: list[State] | None = None) -> tuple[Variable, list[State]]:
        first = self.cells[0]
        x = as_floats_of(first.w_x, x)
        name = type(self).__name__
        if x.ndim != 3 or x.shape[1] == 0 or x.shape[2] != first.in_features:
            raise ValueError(f"{name}: x must be (N, steps, {first.in_features}), not {format_array(x)}")
        layers = len(self.cells)
        if state is not None and not (isinstance(state, (list, tuple)) and len(state) == layers):
            raise ValueError(f"{name}: state must be a list with one for each of {layers} layers")
        states: list[State | None] = [None] * layers if state is None else list(state)
        outputs = []
        for t in range(x.shape[1]):
            y = x[:, t]  # (N, in)
            for i, cell in enumerate(self.cells):
                now: State = cell(y, states[i])
                states[i], y = now, now[0]
            outputs.append(y)
        return F.stack(outputs, axis=1), [now for now in states if now is not None]  # (N, steps, hidden)


class RNN(_Recurrent):
    """Sequences (N, steps, in) through a stack of `RNNCell`s, step by step: see `LSTM`."""

    cell = RNNCell


class GRU(_Recurrent):
    """Sequences (N, steps, in) through a stack of `GRUCell`s, step by step: see `LSTM`."""

    cell = GRUCell


class LSTM(_Recurrent):
    """Sequences (N, steps, in) through a stack of `LSTMCell`s, step by step.

    Called with sequences and a state, or None for zeros, it gives the outputs of the last layer, (N, steps, hidden),
    and the state to go on from: a list with the state of each layer's cell. `detached(state)` cuts the graph there, for
    truncated backpropagation through time.

    Args:
        in_features, hidden_features: lengths of the last axis of the inputs and of the outputs.
        layers: how many cells stand upon each other.
        init, rng: as of the cells.

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> lstm = nn.LSTM(3, 8)
    >>> state = None
    >>> for part in np.split(np.ones((2, 20, 3), np.float32), 4, axis=1):
    ...     y, state = lstm(part, state)
    ...     (y * y).mean().backward()  # through the 5 steps of this part alone
    ...     state = nn.detached(state)
    >>> y.shape
    (2, 5, 8)
    """

    cell = LSTMCell


def detached(state: list[State]) -> list[State]:
    """The state of a recurrent layer without the graph behind it: the next steps are differentiated by themselves."""
    return [tuple(h.detach() for h in cell) for cell in state]
