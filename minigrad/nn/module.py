"""Module: a layer or a model, which finds its Parameters, Variables to train, by the attributes that hold them."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from minigrad.backend import Array, device_of, format_array, is_array, is_writable, to_device
from minigrad.core.config import grad_mode
from minigrad.core.function import Spec
from minigrad.core.hooks import wrap
from minigrad.core.variable import Variable
from minigrad.nn.summary import summarize
from minigrad.spelling import Advised


class Parameter(Variable):
    """A Variable that a Module finds among its attributes, for an optimizer to change.

    Args:
        data: an array of floats, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: its name in messages and diagrams.
    """

    _trained = True

    def __init__(self, data: Any, *, name: str | None = None) -> None:
        super().__init__(data, name=name)


class Module(Advised):
    """A layer or a model: a subclass keeps Parameters and Modules as attributes and defines `forward`.

    They are found in the order of assignment, also in lists, tuples and dicts. A parameter's name is the path to it;
    one that stands in two places is one parameter, under its first name.

    >>> import minigrad.functions as F
    >>> from minigrad import nn
    >>> class Classifier(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = [nn.Linear(784, 128), nn.Linear(128, 64)]
    ...         self.out = nn.Linear(64, 10)
    ...     def forward(self, x):
    ...         for layer in self.hidden:
    ...             x = F.relu(layer(x))
    ...         return self.out(x)
    >>> [name for name, parameter in Classifier().named_parameters()]
    ['hidden.0.w', 'hidden.0.b', 'hidden.1.w', 'hidden.1.b', 'out.w', 'out.b']
    """

    def __init__(self) -> None:
        pass  # a subclass need not call it

    def forward(self, *inputs: Any, **options: Any) -> Any:  # noqa: ARG002
        """Compute the output; calling the module calls this."""
        name = type(self).__name__
        raise TypeError(f"{name} has no forward: a Module says in forward(self, x) what it computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        hooks = grad_mode.get().hooks
        if not hooks:
            return self.forward(*inputs, **options)  # no frame more: modules may be nested deep
        return wrap(_run, hooks, "call")(self, inputs, options)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter with its name; that two have the same, as the keys 1 and "1" give them, is a ValueError.

        Raises:
            ValueError: two parameters have the same name, as the keys 1 and "1" of a dict give them.
        """
        names = set()
        for name, member in self._walk():
            if isinstance(member, Parameter):
                if name in names:
                    raise ValueError(f"{type(self).__name__}: two parameters are called {name!r}; rename a dict's key")
                names.add(name)
                yield name, member

    def parameters(self) -> list[Parameter]:
        """Each parameter."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, whose name is empty, and each one in it with its name."""
        return ((name, member) for name, member in self._walk() if isinstance(member, Module))

    def named_children(self) -> list[tuple[str, Module]]:
        """The modules that are attributes of this one, or stand in its lists, tuples and dicts, with their names."""
        return [(name, member) for name, member in _members(vars(self).items()) if isinstance(member, Module)]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def to(self, device: str) -> Self:
        """Move the parameters to `device` ("cpu", "cuda", "cuda:1") and forget their gradients; returns this module."""
        parameters = self.parameters()
        moved = [to_device(parameter.data, device) for parameter in parameters]
        for parameter, data in zip(parameters, moved, strict=True):
            parameter.data = data
            parameter.zero_grad()
        return self

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """A copy of each parameter's array by name, in the computer's own memory."""
        return {name: np.array(parameter.numpy()) for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy arrays by name into the parameters, which keep their dtype and device.

        A state that does not fit is a ValueError that lists all that is wrong, and the parameters are as before.

        Raises:
            TypeError: state is no mapping.
            ValueError: the names are not those of the parameters, an array has another shape or holds no floats, or a
                parameter's array is read-only. The error lists all that is wrong, and the parameters are as before.
        """
        self._load(f"load_state_dict of {type(self).__name__}", state)

    def summary(self, x: Any) -> str:
        """A table of the layers with their output shapes and parameter counts, from running the model once.

        There is a row for each call of a module that has no modules in it; a parameter is counted once.

        Args:
            x: an input, (N, ...); or its shape without the batch axis, such as (1, 28, 28).
        """
        return summarize(self, x)

    def extra_repr(self) -> str:
        """The text between the brackets of this module's repr."""
        return ""

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        children = [f"({name}): {child!r}" for name, child in self.named_children()]
        if not children:
            return f"{type(self).__name__}({self.extra_repr()})"
        lines = "\n".join([f"{type(self).__name__}({self.extra_repr()}", *children])
        return lines.replace("\n", "\n  ") + "\n)"

    def _load(self, what: str, state: Mapping[str, Array]) -> None:
        parameters = dict(self.named_parameters())
        arrays = validated_state(what, state, {name: parameter.data for name, parameter in parameters.items()})
        for name, parameter in parameters.items():
            parameter.data[...] = arrays[name]

    def _walk(self) -> Iterator[tuple[str, Module | Parameter]]:
        """This module and all that is in it, depth first, each once and with its first name."""
        stack: list[tuple[str, Module | Parameter]] = [("", self)]
        seen: set[int] = set()
        while stack:
            path, member = stack.pop()
            if id(member) in seen:
                continue
            seen.add(id(member))
            yield path, member
            if isinstance(member, Module):
                prefix = f"{path}." if path else ""
                stack.extend(reversed([(prefix + name, inner) for name, inner in _members(vars(member).items())]))


def _run(module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    return module.forward(*inputs, **options)


def _members(items: Iterable[tuple[Any, Any]], prefix: str = "") -> Iterator[tuple[str, Module | Parameter]]:
    """The Modules and Parameters among `items`, also in lists, tuples and dicts, each with the path to it."""
    for key, value in items:
        if isinstance(value, (Module, Parameter)):
            yield f"{prefix}{key}", value
        elif isinstance(value, dict):
            yield from _members(value.items(), f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            yield from _members(enumerate(value), f"{prefix}{key}.")


def validated_state(what: str, state: Any, like: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of the arrays in `state`, each with the dtype and on the device of its namesake in `like`.

    The ValueError that begins with `what` lists all that is wrong: other names or shapes, no floats, numbers too large
    for the dtype, or an array in `like` that is read-only.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{what}: state must be a dict of arrays, not {type(state).__name__}")
    found = {name: (x.shape, x.dtype) if is_array(x) else f"a {type(x).__name__}" for name, x in state.items()}
    problems = differences(found, {name: (x.shape, x.dtype) for name, x in like.items()})
    problems += [f"{name}: its array is read-only" for name, x in like.items() if not is_writable(x)]
    copies = {}
    for name, old in like.items() if not problems else ():
        try:
            with np.errstate(over="raise", invalid="ignore"):  # a NaN may be cast, but no number become infinite
                copies[name] = to_device(state[name].astype(old.dtype), device_of(old))
        except FloatingPointError:
            problems.append(f"{name}: {format_array(state[name])} overflows {old.dtype}")
    if problems:
        raise ValueError("\n  ".join([f"{what}: the state does not fit", *problems]))
    return copies


def differences(found: Mapping[str, Spec | str], wanted: Mapping[str, Spec]) -> list[str]:
    """The reasons why `found` cannot be `wanted`, a line for each name; a text tells what stands for an array there."""
    problems = []
    for name, (shape, dtype) in wanted.items():
        there = found.get(name, "missing")
        if isinstance(there, str):
            problems.append(f"{name}: {there}, expected an array {shape} {dtype}")
        elif there[0] != shape:
            problems.append(f"{name}: shape {there[0]}, expected {shape}")
        elif there[1].kind != "f":
            problems.append(f"{name}: {there[0]} {there[1]}, expected floats {shape} {dtype}")
    # A surplus name comes from a stranger: repr keeps it on its line.
    return problems + [f"{name!r}: not expected" for name in found if name not in wanted]
