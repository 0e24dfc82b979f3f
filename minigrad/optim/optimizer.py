"""Optimizer: changes parameters by a formula; state by name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, Self, TypeAlias
from weakref import ReferenceType, ref

import numpy as np

from minigrad import checks
from minigrad.backend import Array, accumulation_dtype, device_of, format_array, is_writable, to_device, to_numpy, xp_of
from minigrad.backend.kernels import Formula, Update, kernels_of
from minigrad.checks import Checked
from minigrad.core.variable import Variable
from minigrad.nn.module import Module, Parameters
from minigrad.nn.state import validated_state
from minigrad.optim.trainable import Trainable, named_leaves
from minigrad.spelling import Advised, missing


@dataclass(eq=False)
class Progress:
    """A parameter in training: its name, the number of its updates, and the arrays that are kept beside it."""

    name: str
    parameter: Variable
    group: dict[str, Any] = field(default_factory=dict)
    """Settings that are other ones than the optimizer's."""
    steps: int = 0
    slots: dict[str, Array] = field(default_factory=dict)
    """By name, from the first step on."""
    applied: ReferenceType[Variable] | None = None
    """The gradient of the last update, if it is still there."""

    def advance(self, gradient: Variable) -> None:
        """Note that the parameter is updated."""
        self.applied = ref(gradient)
        self.steps += 1

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"applied": None}  # a weak reference can't be pickled


class Optimizer(Advised):
    """Changes parameters in place against their gradients.

    A subclass gives one step of one number as a `formula`, names in `slot_names` the numbers that are kept beside it
    from step to step, and gives the formula's last arguments in `numbers`. Or it changes whole arrays in `update`.

    Args:
        parameters: `model.parameters()`, which brings names and lets `step` notice parameters that the model got later;
            pairs of a name and a Variable, of `model.named_parameters()` for example; or any leaf Variables, which are
            called "0", "1", ... One that occurs twice is one. Or a list of groups: dicts of their "parameters" and of
            settings that are other ones there, {"parameters": model.head.parameters(), "lr": 0.1} for example. What
            a group does not say it has from the optimizer, also when that changes.
        lr: the learning rate; it may be changed between steps, also to 0.
    """

    formula: Formula | None = None
    """The new number and the new slots, of the number, its gradient, its slots, and `numbers`."""

    slot_names: tuple[str, ...] = ()
    """Arrays of each parameter's shape, float32 at least, zeros at first."""

    lr = Checked(checks.not_negative)

    def __init__(self, parameters: Trainable, *, lr: float) -> None:
        name = type(self).__name__
        self._model = None
        self._groups, self._progress = self._grouped(parameters)
        if isinstance(parameters, Parameters) and not self._unknown(parameters.module):
            self._model = parameters.module
        self.lr = checks.positive(name, "lr", lr)

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(self, name) and sys._getframe(1).f_locals.get("self") is not self:  # not set by its own methods
            raise missing(type(self), name, dir(self))
        super().__setattr__(name, value)

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """The parameters, each once."""
        return tuple(progress.parameter for progress in self._progress)

    @property
    def groups(self) -> tuple[dict[str, Any], ...]:
        """Each group's own settings, which may be changed between steps: `optimizer.groups[0]["lr"] = 0.01`."""
        return self._groups

    def numbers(self, step: int) -> tuple[float, ...]:  # noqa: ARG002
        """The last arguments of `formula` in a parameter's step number `step` (from 1)."""
        return (self.lr,)

    def update(self, p: Array, g: Array, slots: Sequence[Array], step: int) -> None:
        """Change the array `p` and its `slots` in place, by the gradient `g`, in p's step number `step` (from 1)."""
        if self.formula is None:
            raise TypeError(f"{type(self).__name__} has no update: an Optimizer says there how a parameter changes")
        kernels_of(p).update(self.formula, [Update(p, g, slots, partial(self._floats, step), lambda: None)])

    def step(self) -> None:
        """Update each parameter that has a gradient, or none if one of them can't be.

        If it is interrupted on the way, by Ctrl-C for example, the exception has a note of the parameters that are
        updated already.

        Raises:
            ValueError: there is no gradient, or one does not fit its parameter, a parameter's array is read-only, or
                the model has got a parameter since this optimizer was made.
        """
        what = f"{type(self).__name__}.step"
        ready = self._ready(what)
        before = [progress.steps for _, progress, _, _ in ready]
        try:
            if getattr(self.update, "__func__", None) is Optimizer.update and self.formula is not None:
                for (kernels, formula), some in groupby(ready, lambda each: (kernels_of(each[2]), each[0].formula)):
                    kernels.update(formula, self._updates(what, some))
            else:
                for (settings, progress, _, _), each in zip(ready, self._updates(what, ready), strict=True):
                    settings.update(each.p, each.g, each.slots, progress.steps + 1)
                    each.done()
        except BaseException as error:
            done = sum(progress.steps > steps for (_, progress, _, _), steps in zip(ready, before, strict=True))
            names = [progress.name for _, progress, _, _ in ready]
            updated, partly, others = (
                ", ".join(part) or "none" for part in (names[:done], names[done:][:1], names[done:][1:])
            )
            error.add_note(f"{what} was stopped. Updated: {updated}; perhaps in part: {partly}; not updated: {others}.")
            raise

    def _updates(self, what: str, ready: Iterable[Ready]) -> Iterator[Update]:
        """What the step changes, of each parameter when its turn comes."""
        for settings, progress, p, grad in ready:
            slots, device = progress.slots, device_of(p)
            for name in settings.slot_names:
                slots[name] = to_device(slots[name], device) if name in slots else _slot(p)
            progress.parameter.mark_edited(what)
            numbers, done = partial(self._next_numbers, progress), partial(progress.advance, grad)
            yield Update(p, grad.data, [slots[name] for name in settings.slot_names], numbers, done)

    def _next_numbers(self, progress: Progress) -> tuple[float, ...]:
        return self._of(progress)._floats(progress.steps + 1)

    def _of(self, progress: Progress) -> Self:
        """This optimizer as it is for a parameter: with the settings of its group."""
        if not progress.group:
            return self
        settings = copy(self)
        for name, value in progress.group.items():
            setattr(settings, name, value)
        return settings

    def _floats(self, step: int) -> tuple[float, ...]:
        return tuple(map(float, self.numbers(step)))

    def _ready(self, what: str) -> list[Ready]:
        """The parameters that have a gradient; a ValueError if one can't be updated or the model has others."""
        ready: list[Ready] = []
        stale = False
        for progress in self._progress:
            grad, applied = progress.parameter.grad, progress.applied
            # What the model no longer has gets no new gradient. To look through the model in each step would be slow.
            if grad is None:
                stale |= progress.parameter.requires_grad
            elif progress.parameter.requires_grad:
                stale |= applied is None or applied() is grad
                ready.append((self._of(progress), progress, progress.parameter.data, grad))
        if stale and self._model is not None and (unknown := self._unknown(self._model)):
            raise ValueError(
                f"{what}: the model's parameter {unknown[0]} is new to this optimizer; "
                "make the optimizer when the model is complete, and another one after changing it"
            )
        if not ready:
            raise ValueError(f"{what}: no parameter has a gradient; call backward() before, on a loss made of them")
        for settings, progress, p, grad in ready:
            _check(what, progress, p, grad.data, settings.slot_names)
        return ready

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for progress in self._progress:
            progress.parameter.zero_grad()

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of all that the next steps depend on besides the parameters and the constructor's numbers.

        "steps.fc.w" counts the updates of the parameter fc.w, "m.fc.w" is its slot called m, if it has had any.
        """
        state = {f"steps.{progress.name}": np.array(progress.steps) for progress in self._progress}
        for progress in self._progress:
            for name in self._of(progress).slot_names if progress.steps else ():
                slot = progress.slots.get(name, _slot(progress.parameter.data))
                state[f"{name}.{progress.name}"] = np.array(to_numpy(slot))
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another optimizer of this class gave its `state_dict`; the names say what is whose.

        A state of another class or for other parameters is a ValueError that says why, and nothing was changed.
        """
        what = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state, Mapping):
            raise TypeError(f"{what}: state must be a dict, not {type(state).__name__}")
        like = {f"steps.{progress.name}": np.array(0) for progress in self._progress}
        for progress in self._progress:
            if not np.array_equal(state.get(f"steps.{progress.name}", 0), 0):
                like |= {
                    f"{name}.{progress.name}": _slot(progress.parameter.data) for name in self._of(progress).slot_names
                }
        loaded = validated_state(what, state, like)
        new = [Progress(progress.name, progress.parameter, progress.group) for progress in self._progress]
        for progress in new:
            progress.steps = int(loaded[f"steps.{progress.name}"])
            if progress.steps < 0:
                raise ValueError(f"{what}: steps.{progress.name} must not be negative, not {progress.steps}")
            if progress.steps:
                progress.slots = {name: loaded[f"{name}.{progress.name}"] for name in self._of(progress).slot_names}
        self._progress = new

    def _grouped(self, parameters: Any) -> tuple[tuple[dict[str, Any], ...], list[Progress]]:
        """The groups' settings, and all parameters."""
        owner = type(self).__name__
        if not isinstance(parameters, (list, tuple)) or not any(isinstance(each, Mapping) for each in parameters):
            return (), [Progress(name, p) for name, p in named_leaves(owner, parameters).items()]
        groups: list[dict[str, Any]] = []
        found: dict[str, Progress] = {}
        known = set(inspect.signature(type(self)).parameters)
        for i, given in enumerate(parameters):
            if not isinstance(given, Mapping) or "parameters" not in given:
                raise TypeError(f'{owner}: parameters[{i}], a group, must be a dict with "parameters"')
            group = {name: value for name, value in given.items() if name != "parameters"}
            for name, value in group.items():
                if name not in known:
                    raise missing(type(self), name, known)
                if isinstance(check := getattr(type(self), name, None), Checked):
                    check.__set__(object.__new__(type(self)), value)  # an error now, and not in the first step
            for name, p in named_leaves(owner, given["parameters"], prefix=f"{i}.").items():
                if name in found or any(p is progress.parameter for progress in found.values()):
                    raise ValueError(f"{owner}: parameter {name} is in two groups")
                found[name] = Progress(name, p, group)
            groups.append(group)
        return tuple(groups), list(found.values())

    def _unknown(self, model: Module) -> list[str]:
        """The names of the model's trainable parameters that are none of the optimizer's."""
        known = set(map(id, self.parameters))
        return [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in known]


Ready: TypeAlias = tuple[Optimizer, Progress, Array, Variable]
"""A parameter to be updated: the optimizer with its settings, its progress, its array, its gradient."""


def _check(what: str, progress: Progress, p: Array, grad: Array, slot_names: Sequence[str]) -> None:
    problem = ""
    if (grad.shape, grad.dtype, device_of(grad)) != (p.shape, p.dtype, device_of(p)):
        its_gradient = f"{format_array(grad)} on {device_of(grad)}"
        problem = f" is {format_array(p)} on {device_of(p)}, but its gradient {its_gradient}"
    elif not is_writable(p):
        problem = f", {format_array(p)}, can't be changed: its array is read-only"
    else:
        wanted = p.shape, accumulation_dtype(p.dtype)
        for name, slot in progress.slots.items():
            if (slot.shape, slot.dtype) != wanted and name in slot_names:
                problem = f" is {format_array(p)} now, but its {name} is {format_array(slot)}; make a new optimizer"
    if problem:
        raise ValueError(f"{what}: parameter {progress.name}{problem}")


def _slot(p: Array) -> Array:
    """Zeros like the parameter `p`, in float32 at least: squares of small gradients are nothing in float16."""
    return xp_of(p).zeros_like(p, accumulation_dtype(p.dtype))
