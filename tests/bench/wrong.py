"""wrong: registers a function with one mistake, and the contract that should notice it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minigrad.core.function import Function
from minigrad.core.variable import apply
from minigrad.testing import OpSpec

BENCH: list["Wrong"] = []
"""All entries, in the order in which their files are read."""


@dataclass(frozen=True, eq=False)
class Wrong:
    """A function with one mistake.

    Attributes:
        name: the mistake in words: the first sentence of the entry's docstring.
        spec: the contract, as one would write it for the right function.
        family: the kind of function.
        source: the report of a mistake like it, "owner/repository#number"; "" for none.
        hint: a regular expression that the hint given with the finding should match; "" where none is expected.
        right: the function without the mistake, where it is cheap to have: the same contract holds for it.
    """

    name: str
    spec: OpSpec
    family: str
    source: str = ""
    hint: str = ""
    right: Callable[..., Any] | None = None


def applied(kind):
    """A function that applies a new Function each time; its keywords are the Function's parameters."""

    def op(*xs, **parameters):
        return apply(kind(**parameters), *xs)

    op.__name__ = kind.__name__
    op.__signature__ = inspect.Signature(list(inspect.signature(kind.forward).parameters.values())[1:])
    return op


def wrong(family, reference=None, *, of=None, forward=None, op=applied, right=None, hint="", source="", **contract):
    """Register what is decorated: a Function, a function of Variables, or the `backward` of a Function.

    Args:
        family: the kind of function.
        reference, contract: the contract's, as in OpSpec.
        of: the decorated function is the `backward(self, gy, *saved)` of this Function, which is right otherwise.
        forward: the decorated function is the `backward(self, gy, *inputs)` of a Function that computes this of arrays.
        op: makes a function of Variables of a Function.
        right: the function without the mistake; by default made of the Function that the wrong one is derived from.
        hint, source: as in Wrong.
    """

    def register(entry):
        kind = entry
        if forward is not None:
            kind = type(entry.__name__, (Function,), {"forward": _saving(forward), "backward": _unpacking(entry)})
        elif of is not None:
            kind = type(entry.__name__, (of,), {"backward": _unpacking(entry)})
        if isinstance(kind, type) and "backward" in vars(kind) and "backward_arrays" not in vars(kind):
            kind.backward_arrays = None  # the right one of the Function that it is derived from
        base = kind.__base__ if isinstance(kind, type) else None
        is_right = base not in (None, Function) and base not in _KINDS
        _KINDS.add(kind)
        spec = OpSpec(op(kind) if isinstance(kind, type) else kind, reference, **contract)
        name = entry.__doc__.split(".\n")[0].split(". ")[0].rstrip(".")
        BENCH.append(Wrong(name, spec, family, source, hint, right or (op(base) if is_right else None)))
        return entry

    return register


_KINDS: set[Any] = set()
"""The wrong Functions: what is derived from one has no right twin there."""


def _saving(forward):
    """A `forward` that saves its inputs."""

    def saving(self, *xs):
        self.save(*xs)
        return forward(*xs)

    saving.__signature__ = inspect.signature(lambda self: None).replace(
        parameters=[
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *inspect.signature(forward).parameters.values(),
        ]
    )
    return saving


def _unpacking(backward):
    """A `backward` that gets what was saved as further arguments, where it has any."""
    if len(inspect.signature(backward).parameters) == 2:
        return backward
    return lambda self, gy: backward(self, gy, *self.saved)
