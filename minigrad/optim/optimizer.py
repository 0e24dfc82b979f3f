"""Optimizer: what all optimizers do; a subclass says how one parameter changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from minigrad.backend import Array, accumulation_dtype, device_of, format_array, is_writable, to_device, to_numpy, xp_of
from minigrad.backend.kernels import Formula, kernels_of
from minigrad.core.variable import Variable
from minigrad.nn.arguments import positive
from minigrad.nn.module import Module
from minigrad.nn.state import validated_state


class Optimizer:
    """Changes parameters in place against their gradients.

    A subclass gives one step of one number as a `formula`, names in `slot_names` the numbers that are kept beside it
    from step to step, and gives the formula's last arguments in `numbers`. Or it changes whole arrays in `update`.

    Args:
        parameters: `model.parameters()`, or any leaf Variables; one that occurs twice is one.
        lr: the learning rate; it may be changed between steps.

    Attributes:
        parameters: the parameters.
        lr: the learning rate.

    Raises:
        TypeError: parameters are not parameters, or a number is no number.
        ValueError: there are none, one was computed by an operation, or a number is out of range.
    """

    def __init__(self, parameters: Iterable[Variable], *, lr: float) -> None:
        self.parameters = _distinct(type(self).__name__, parameters)
        self.lr = positive(type(self).__name__, "lr", lr)
        self._steps = [0] * len(self.parameters)
        self._slots: list[dict[str, Array]] = [{} for _ in self.parameters]

    formula: Formula | None = None
    """The new number and the new slots, of the number, its gradient, its slots, and `numbers`."""

    slot_names: tuple[str, ...] = ()
    """Arrays of each parameter's shape, float32 at least, zeros at first."""

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        """The last arguments of `formula` in a parameter's step number `step` (from 1)."""
        return (self.lr,)

    def update(self, p: Array, g: Array, slots: Mapping[str, Array], step: int) -> None:
        """Change the array `p` and its `slots` in place, by the gradient `g`, in p's step number `step` (from 1)."""
        if self.formula is None:
            raise TypeError(f"{type(self).__name__} has no update: an Optimizer says there how a parameter changes")
        kernels_of(p).update(
            self.formula, p, g, [slots[name] for name in self.slot_names], tuple(map(float, self.numbers(step)))
        )

    def step(self) -> None:
        """Update each parameter that has a gradient.

        Raises:
            ValueError: a gradient is not of its parameter's shape, dtype and device, or a parameter's array is
                read-only or has got another shape or dtype; nothing was changed.
        """
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                self._check(i, p, p.grad)
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                self._steps[i] += 1
                self.update(p.data, p.grad.data, self._slots_for(i, p.data), self._steps[i])

    def _check(self, i: int, p: Variable, grad: Variable) -> None:
        what = f"{type(self).__name__}.step: parameter {i}"
        if grad.output != p.output or grad.device != p.device:
            raise ValueError(
                f"{what} is {format_array(p)} on {p.device}, but its gradient {format_array(grad)} on {grad.device}"
            )
        if not is_writable(p.data):
            raise ValueError(f"{what}, {format_array(p)}, can't be changed: its array is read-only")
        wanted = p.shape, accumulation_dtype(p.dtype)
        for name, slot in self._slots[i].items():
            if (slot.shape, slot.dtype) != wanted:
                raise ValueError(
                    f"{what} is {format_array(p)} now, but its {name} is {format_array(slot)}; make a new optimizer"
                )

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.zero_grad()

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """What the next steps depend on besides the parameters and the numbers given to the constructor.

        Returns:
            copies: under "steps" how often each parameter was updated, int64 (number of parameters,); under "m.0" the
            slot called m of the first parameter, and so on, for those that were ever updated.
        """
        slots = {
            f"{name}.{i}": np.array(to_numpy(array))
            for i, arrays in enumerate(self._slots)
            for name, array in arrays.items()
        }
        return {"steps": np.array(self._steps, np.int64), **slots}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another optimizer of this class gave its `state_dict`.

        Raises:
            TypeError: state is no mapping.
            ValueError: it is from another class or for other parameters. The error says why; nothing was changed.
        """
        what = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state, Mapping):
            raise TypeError(f"{what}: state must be a dict, not {type(state).__name__}")
        steps, shape = state.get("steps"), (len(self.parameters),)
        if not isinstance(steps, np.ndarray) or steps.dtype.kind not in "iu" or steps.shape != shape or steps.min() < 0:
            raise ValueError(f"{what}: steps must be an array of ints {shape}, none negative, not {steps!r}")
        slots = {name: array for name, array in state.items() if name != "steps"}
        fresh: list[dict[str, Array]] = [
            {name: _slot(p.data) for name in self.slot_names} if count > 0 else {}
            for p, count in zip(self.parameters, steps, strict=True)
        ]
        like = {f"{name}.{i}": slot for i, arrays in enumerate(fresh) for name, slot in arrays.items()}
        for key, array in validated_state(what, slots, like).items():
            like[key][...] = array
        self._steps, self._slots = steps.tolist(), fresh

    def _slots_for(self, i: int, p: Array) -> dict[str, Array]:
        """The slots of parameter i, made at its first step, and wherever it was moved since."""
        slots = self._slots[i]
        for name in self.slot_names:
            if name not in slots:
                slots[name] = _slot(p)
            elif device_of(slots[name]) != device_of(p):
                slots[name] = to_device(slots[name], device_of(p))
        return slots


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
