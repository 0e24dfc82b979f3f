"""Optimizer: changes parameters by a formula; state by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import Array, accumulation_dtype, device_of, format_array, is_writable, to_device, to_numpy, xp_of
from minigrad.backend.kernels import Formula, kernels_of
from minigrad.core.variable import Variable
from minigrad.nn.module import Module, validated_state
from minigrad.spelling import Advised


class Optimizer(Advised):
    """Changes parameters in place against their gradients.

    A subclass gives one step of one number as a `formula`, names in `slot_names` the numbers that are kept beside it
    from step to step, and gives the formula's last arguments in `numbers`. Or it changes whole arrays in `update`.

    Args:
        parameters: `model.parameters()`, or any leaf Variables; one that occurs twice is one.
        lr: the learning rate; it may be changed between steps.
    """

    formula: Formula | None = None
    """The new number and the new slots, of the number, its gradient, its slots, and `numbers`."""

    slot_names: tuple[str, ...] = ()
    """Arrays of each parameter's shape, float32 at least, zeros at first."""

    def __init__(self, parameters: Iterable[Variable], *, lr: float) -> None:
        self.parameters = _distinct(type(self).__name__, parameters)
        self.lr = checks.positive(type(self).__name__, "lr", lr)
        self._steps = [0] * len(self.parameters)
        self._slots: list[dict[str, Array]] = [{} for _ in self.parameters]  # by name, from the first step on

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        """The last arguments of `formula` in a parameter's step number `step` (from 1)."""
        return (self.lr,)

    def update(self, p: Array, g: Array, slots: Sequence[Array], step: int) -> None:
        """Change the array `p` and its `slots` in place, by the gradient `g`, in p's step number `step` (from 1)."""
        if self.formula is None:
            raise TypeError(f"{type(self).__name__} has no update: an Optimizer says there how a parameter changes")
        kernels_of(p).update(self.formula, p, g, slots, tuple(map(float, self.numbers(step))))

    def step(self) -> None:
        """Update each parameter that has a gradient, or none if one of them can't be: a ValueError says why."""
        updated = [(i, p, p.grad) for i, p in enumerate(self.parameters) if p.grad is not None]
        for i, p, grad in updated:
            self._check(i, p.data, grad.data)
        for i, p, grad in updated:
            self._steps[i] += 1
            slots, device = self._slots[i], device_of(p.data)
            for name in self.slot_names:
                slots[name] = to_device(slots[name], device) if name in slots else _slot(p.data)
            self.update(p.data, grad.data, [slots[name] for name in self.slot_names], self._steps[i])

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.zero_grad()

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of all that the next steps depend on besides the parameters and the constructor's numbers.

        "steps" counts the updates of each parameter; "m.0" is the slot called m of the first one, if it has had any.
        """
        state = {"steps": np.array(self._steps, np.int64)}
        for i, slots in enumerate(self._slots):
            state |= {f"{name}.{i}": np.array(to_numpy(slot)) for name, slot in slots.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another optimizer of this class gave its `state_dict`.

        A state of another class or for other parameters is a ValueError that says why, and nothing was changed.
        """
        what = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state, Mapping):
            raise TypeError(f"{what}: state must be a dict, not {type(state).__name__}")
        steps, shape = state.get("steps"), (len(self.parameters),)
        if not isinstance(steps, np.ndarray) or steps.dtype.kind not in "iu" or steps.shape != shape or steps.min() < 0:
            raise ValueError(f"{what}: steps must be an array of ints {shape}, none negative, not {steps!r}")
        updated = [i for i, count in enumerate(steps) if count]
        like = {f"{name}.{i}": _slot(self.parameters[i].data) for i in updated for name in self.slot_names}
        loaded = validated_state(what, {name: array for name, array in state.items() if name != "steps"}, like)
        self._slots = [{} for _ in self.parameters]
        for i in updated:
            self._slots[i] = {name: loaded[f"{name}.{i}"] for name in self.slot_names}
        self._steps = steps.tolist()

    def _check(self, i: int, p: Array, grad: Array) -> None:
        problem = ""
        if (grad.shape, grad.dtype, device_of(grad)) != (p.shape, p.dtype, device_of(p)):
            its_gradient = f"{format_array(grad)} on {device_of(grad)}"
            problem = f" is {format_array(p)} on {device_of(p)}, but its gradient {its_gradient}"
        elif not is_writable(p):
            problem = f", {format_array(p)}, can't be changed: its array is read-only"
        else:
            wanted = p.shape, accumulation_dtype(p.dtype)
            for name, slot in self._slots[i].items():
                if (slot.shape, slot.dtype) != wanted and name in self.slot_names:
                    problem = f" is {format_array(p)} now, but its {name} is {format_array(slot)}; make a new optimizer"
        if problem:
            raise ValueError(f"{type(self).__name__}.step: parameter {i}{problem}")


def _slot(p: Array) -> Array:
    """Zeros like the parameter `p`, in float32 at least: squares of small gradients are nothing in float16."""
    return xp_of(p).zeros_like(p, accumulation_dtype(p.dtype))


def _distinct(name: str, parameters: Any) -> list[Variable]:
    if isinstance(parameters, Module):
        raise TypeError(f"{name}: parameters is a {type(parameters).__name__}; pass model.parameters()")
    if isinstance(parameters, Variable) or not isinstance(parameters, Iterable):
        raise TypeError(f"{name}: parameters must be a list of parameters, not one {type(parameters).__name__}")
    distinct = {}
    for i, p in enumerate(parameters):
        if not isinstance(p, Variable):
            raise TypeError(f"{name}: parameters[{i}] must be a Parameter, not {type(p).__name__}")
        if p.creator is not None:
            raise ValueError(f"{name}: parameters[{i}] was computed by {p.creator.name}; only leaves can be trained")
        distinct[id(p)] = p
    if not distinct:
        raise ValueError(f"{name}: there are no parameters; does the model keep its layers as attributes?")
    return list(distinct.values())
