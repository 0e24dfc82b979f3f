"""Findings: the errors that name what is wrong with a function, also those made of errors that it raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from minigrad.core.axes import broadcasts
from minigrad.testing.formatting import message_of, users_line


class Finding(AssertionError):  # noqa: N818 - a finding, of the function under test
    """Something is wrong with a function's derivatives.

    Attributes:
        headline: which function, where, and in what way.
        details: further lines: figures, the example, how to reproduce it.
        weight: how many different numbers the hint explains.
        stage: how late in the check of an example it is found; what is wrong earlier may be the cause of the rest.
    """

    stage: int = 0

    def __init__(self, headline: str, *details: str, hint: str | Callable[[], str] = "", weight: int = 0) -> None:
        self.headline = headline
        self.details = details
        self.weight = weight
        self._hint = hint
        super().__init__(headline)

    @cached_property
    def hint(self) -> str:
        """The likely mistake, or ""; guessed when it is asked for."""
        return self._hint if isinstance(self._hint, str) else self._hint()

    @property
    def kind(self) -> tuple[type, str]:
        """The kind of mistake, wherever it is."""
        return type(self), re.sub(r" at \[.*?\]", "", self.headline)

    def about(self, subject: str, *details: str) -> Self:
        """This finding, which says from now on whose it is and more details, without the traceback of how it arose."""
        self.headline = f"{subject}, {self.headline}"
        self.details += details
        return self.with_traceback(None)

    def __str__(self) -> str:
        likely = [f"likely: {self.hint}"] if self.hint else []
        return "\n  ".join([self.headline, *self.details[:1], *likely, *self.details[1:]])


class GradientMismatch(Finding):
    """An analytic derivative differs from the numeric one."""


class ContractViolation(Finding):
    """A function does something that no differentiable function may: it raises, edits its input, ..."""


class Inconclusive(Finding):
    """Too few of the derivatives could be compared: the function has none, or isn't finite, where it was asked."""


@contextmanager
def errors_as_findings(order: int) -> Generator[None, None, None]:
    """Make a ContractViolation of any error while derivatives of `order` are computed (0: values)."""
    with np.errstate(all="ignore"):  # the comparisons notice what isn't finite
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever the function raises
            raise _raised(error, order) from None


def _raised(error: Exception, order: int) -> ContractViolation:
    message, line = message_of(error), users_line(error)
    what = "forward" if order == 0 else "backward" if order == 1 else f"the derivative of order {order}"
    place = [f"at {Path(line.filename).name}:{line.lineno}, in {line.name}: {line.line}"] if line else []
    return ContractViolation(f"{what} raised {type(error).__name__}", message, *place, hint=_hint(message))


def _hint(message: str) -> str:
    returned = re.search(r"returned shape \((.*?)\) for input \d+, whose shape is \((.*?)\)", message)
    if returned is None:
        return ""
    given, expected = (tuple(int(n) for n in shape.split(",") if n.strip()) for shape in returned.groups())
    if broadcasts(expected, given):
        lead = len(given) - len(expected)
        axes = [*range(lead), *(lead + i for i, n in enumerate(expected) if n != given[lead + i])]
        return f"the gradient is not summed over the broadcast axis {', '.join(map(str, axes))}"
    if given != expected and sorted(given) == sorted(expected):
        return "the gradient is transposed"
    return ""
