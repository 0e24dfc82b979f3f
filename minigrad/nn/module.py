"""Module: a layer or a model, which finds its Parameters, Variables to train, by the attributes that hold them."""

from __future__ import annotations

import reprlib
import sys
from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import GeneratorType, MappingProxyType, SimpleNamespace
from typing import Any, Self, TypeAlias

import numpy as np

from minigrad.backend import Array, to_device
from minigrad.core.hooks import wrap
from minigrad.core.variable import Variable
from minigrad.nn.state import quoted, validated_state
from minigrad.nn.summary import summarize
from minigrad.settings import settings
from minigrad.spelling import KEYWORDS, Advised, advised, missing


class Parameter(Variable):
    """A Variable that a Module finds among its attributes, for an optimizer to change.

    Args:
        data: an array of floats, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: its name in messages and diagrams.
    """

    _trained = True

    def __init__(self, data: Any, *, name: str | None = None) -> None:
        super().__init__(data, name=name)


class Buffer(Variable):
    """A constant that a Module finds among its attributes: saved, loaded and moved like a Parameter, but not trained.

    A layer changes its numbers with `self.mean.data = ...`.

    Args:
        data: an array, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: its name in messages and diagrams.
    """

    requires_grad = property(lambda _: False, doc="Always False; what is to be trained is a Parameter.")

    def __init__(self, data: Any, *, name: str | None = None) -> None:
        super().__init__(data, name=name, requires_grad=False)


class Parameters(list[Parameter]):
    """The parameters of a `module`, from which an optimizer takes their names and learns of new ones."""

    def __init__(self, module: Module) -> None:
        super().__init__(parameter for _, parameter in module.named_parameters())
        self.module = module


class Module(Advised):
    """A layer or a model: a subclass keeps Parameters and Modules as attributes and defines `forward`.

    They are found in the order of assignment, also in lists, tuples and dicts. A parameter's name is the path to it;
    one that stands in two places is one parameter, under its first name. To set what would not be found is a TypeError:
    a Variable that requires a gradient and is no Parameter, a layer in a set, or as an attribute of the class.

    Training is a mode of the program and not of a module: `minigrad.train_mode`, `inference`, `is_training`.

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

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for path, _, _ in _members(vars(cls).items()):
            raise TypeError(f"{cls.__name__}.{path}: a class's attribute is not found; set self.{path} in __init__")
        if vars(cls).get("__slots__"):
            raise TypeError(f"{cls.__name__}: what __slots__ holds is not found; remove them")

    def __setattr__(self, name: str, value: Any) -> None:
        where, old = f"{type(self).__name__}.{name}", vars(self).get(name)
        if name in MODES:
            raise missing(type(self), name)
        hides = isinstance(value, (Parameter, Buffer, Module)) and callable(getattr(Module, name, None))
        if hides:
            raise AttributeError(f"{where}: it would hide the method {name}; choose another name")
        if (
            name not in vars(self)
            and KEYWORDS.get(name) in vars(self)
            and type(self).__module__.startswith("minigrad.")
        ):
            raise missing(type(self), name, vars(self))
        if isinstance(old, (Parameter, Buffer)) and not isinstance(value, (Parameter, Buffer, Module, type(None))):
            raise TypeError(
                f"{where}: a {type(value).__name__} can't take the place of the {type(old).__name__}; "
                f"to change its numbers set .{name}.data, and to freeze them .{name}.requires_grad = False"
            )
        if isinstance(value, Variable) and (function := value.creator) is not None:
            if sys._getframe(1).f_code.co_name == "__init__" and any(isinstance(p, Parameter) for p in function.inputs):
                raise TypeError(f"{where}: a Parameter would be lost in {function.name}; nn.Parameter(...) comes last")
        elif lost := [(path, member, advice) for path, member, advice in _members([(name, value)]) if advice]:
            self._refuse(lost, {id(member) for _, member in self._walk()})
        super().__setattr__(name, value)

    def forward(self, *inputs: Any, **options: Any) -> Any:  # noqa: ARG002
        """Compute the output; calling the module calls this."""
        name = type(self).__name__
        raise TypeError(f"{name} has no forward: a Module says in forward(self, x) what it computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        hooks = settings.get().grad_mode.hooks
        if not hooks:
            return self.forward(*inputs, **options)  # no frame more: modules may be nested deep
        return wrap(_run, hooks, "call")(self, inputs, options)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter with its name.

        Raises:
            ValueError: two have the same name, as the keys 1 and "1" of a dict give them.
        """
        return ((name, member) for name, member in self._named_state() if isinstance(member, Parameter))

    def parameters(self) -> Parameters:
        """Each parameter, in a list by which an optimizer knows their names and notices when one is replaced."""
        return Parameters(self)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, whose name is empty, and each one in it with its name."""
        return ((name, member) for name, member in self._walk() if isinstance(member, Module))

    def named_children(self) -> list[tuple[str, Module]]:
        """The modules that are attributes of this one, or stand in its lists, tuples and dicts, with their names."""
        return [
            (name, member)
            for name, member, lost in _members(vars(self).items())
            if isinstance(member, Module) and not lost
        ]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def freeze(self) -> Self:
        """Train none of the parameters from now on: they require no gradient. Returns this module.

        Buffers still change: call a frozen batch normalization inside of `minigrad.inference()` to keep its statistics.
        """
        for parameter in self.parameters():
            parameter.requires_grad = False
        return self

    def unfreeze(self) -> Self:
        """Train all parameters again; returns this module."""
        for parameter in self.parameters():
            parameter.requires_grad = True
        return self

    def to(self, device: str) -> Self:
        """Move parameters and buffers to `device` ("cpu", "cuda", "cuda:1"), forget gradients; returns this module."""
        state = [variable for _, variable in self._named_state()]
        before = [(variable, variable.data, variable.grad) for variable in state]
        _write_all(_place, [(variable, to_device(data, device), None) for variable, data, _ in before], before)
        return self

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """A copy of the array of each parameter and buffer by name, in the computer's own memory."""
        return {name: np.array(variable.numpy()) for name, variable in self._named_state()}

    @advised
    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy arrays by name into the parameters and buffers, which keep their dtype and device.

        Raises:
            TypeError: state is no mapping.
            ValueError: the names are not those of `state_dict`, an array has another shape or another kind of numbers,
                or one to be written is read-only. The error lists all that is wrong, and nothing was changed.
        """
        self._load(f"load_state_dict of {type(self).__name__}", state)

    def summary(self, *inputs: Any, **options: Any) -> str:
        """A table of the layers with their output shapes and parameter counts, from running the model once.

        There is a row for each call of a module that has no modules in it; a parameter is counted once.

        Args:
            inputs: what the model is called with, each an array (N, ...); or the shape of one without the batch axis,
                such as (1, 28, 28).
            options: keywords that the model is called with.
        """
        return summarize(self, inputs, options)

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
        variables = dict(self._named_state())
        new = validated_state(what, state, {name: variable.data for name, variable in variables.items()})
        old = [(variable, variable.data.copy(), what) for variable in variables.values()]
        _write_all(_fill, [(variable, new[name], what) for name, variable in variables.items()], old)

    def _named_state(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """Each parameter and buffer with its name."""
        names = set()
        for name, member in self._walk():
            if not isinstance(member, Module):
                if name in names:
                    raise ValueError(f"{type(self).__name__}: two parameters are called {name!r}; rename a dict's key")
                names.add(name)
                yield name, member

    def _walk(self) -> Iterator[tuple[str, Member]]:
        """This module and all that is in it, depth first, each once and with its first name."""
        stack: list[tuple[str, Member]] = [("", self)]
        seen: set[int] = set()
        lost: list[Found] = []
        while stack:
            path, member = stack.pop()
            if id(member) in seen:
                continue
            seen.add(id(member))
            if not path.isprintable() or len(path) > LONGEST:
                wanted = f"rename a dict's key, to at most {LONGEST:,} characters that can be printed"
                raise ValueError(f"{type(self).__name__}: {quoted(path)} can't be a name; {wanted}")
            yield path, member
            if isinstance(member, Module):
                inner = [*_members(vars(member).items(), f"{path}." if path else "")]
                stack.extend((name, found) for name, found, advice in reversed(inner) if not advice)
                lost += [each for each in inner if each[2]]
        self._refuse(lost, seen)

    def _refuse(self, lost: Iterable[Found], found: set[int]) -> None:
        """Raise a TypeError with the advice about the first of the lost whose id is not among the `found`."""
        for path, member, advice in lost:
            if id(member) not in found:
                raise TypeError(f"{type(self).__name__}.{path}: {advice}")


Member: TypeAlias = Module | Parameter | Buffer
Found: TypeAlias = tuple[str, Any, str]

MODES = ("training", "requires_grad")
"""Attributes by which PyTorch's modules are set into a mode; here they would do nothing."""

LONGEST = 10_000
"""Characters in the name of a parameter; an entry of a .npz file has room for six times as many bytes."""

PLAIN = frozenset({int, float, bool, str, type(None)})
"""Types of most attributes: to pass them over at once takes half as long."""

CONSUMED = (GeneratorType, map, filter, zip, enumerate)
"""What can't be looked through without using it up."""

UNSEARCHED: tuple[Any, ...] = (set, frozenset, deque, UserList, UserDict, MappingProxyType, type({}.values()))
"""Containers in which nothing is found, like namespaces, dataclasses and arrays: some have no order or no names."""


def _run(module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    return module.forward(*inputs, **options)


def _members(items: Iterable[tuple[Any, Any]], prefix: str = "") -> Iterator[Found]:
    """The Modules, Parameters and Buffers among `items`, also in lists, tuples and dicts, each with the path to it.

    The third of each triple is empty, or advice about one that would not be found where it stands.
    """
    for key, value in items:
        if value.__class__ in PLAIN:
            continue
        path = f"{prefix}{key}"
        if isinstance(value, (Module, Parameter, Buffer)):
            yield path, value, ""
        elif isinstance(value, dict):
            yield from _members(value.items(), f"{path}.")
        elif isinstance(value, (list, tuple)):
            yield from _members(enumerate(value), f"{path}.")
        elif isinstance(value, Variable):
            if value.creator is None and value.requires_grad:
                yield path, value, "a Variable would not be trained; make it an nn.Parameter, or a constant by detach()"
        else:
            yield from _lost(path, value)


def _lost(path: str, value: Any) -> Iterator[Found]:
    """What is in a container that is not looked through, each with the advice."""
    kind, advice = type(value).__name__, "would be lost; use a list, tuple or dict"
    if isinstance(value, CONSUMED):
        yield path, value, f"what a {kind} makes {advice}"
    for _, member, _ in _members(enumerate(_contents(value))):
        yield path, member, f"the {type(member).__name__} in a {kind} {advice}"


def _contents(value: Any) -> Iterable[Any]:
    if isinstance(value, np.ndarray):
        return value.ravel() if value.dtype.kind == "O" else ()
    if isinstance(value, SimpleNamespace):
        return vars(value).values()
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name, None) for field in fields(value)]
    if isinstance(value, UNSEARCHED):
        return value.values() if isinstance(value, Mapping) else value
    return ()


def _write_all(write: Callable[..., None], new: list[tuple[Any, ...]], old: list[tuple[Any, ...]]) -> None:
    """Call `write` for all that is new; if that is interrupted, then for all that is old."""
    try:
        for arguments in new:
            write(*arguments)
    except BaseException:
        for arguments in old:
            write(*arguments)
        raise


def _place(variable: Variable, data: Array, grad: Variable | None) -> None:
    variable.zero_grad()
    if data is not variable.data:
        variable.data = data
    variable.grad = grad


def _fill(variable: Variable, data: Array, what: str) -> None:
    if not variable.requires_grad:
        variable.data = data  # what was computed with a constant may still need its old array
        return
    variable.mark_edited(what)
    variable.data[...] = data
