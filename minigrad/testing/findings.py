"""Findings: the errors that name what is wrong with a function, also those made of errors that it raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigrad.core.axes import broadcasts
from minigrad.testing.example import Floats
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

    @property
    def hint(self) -> str:
        """The likely mistake, or ""; guessed when it is asked for."""
        if not isinstance(self._hint, str):
            self._hint = self._hint()
        return self._hint

    @property
    def kind(self) -> tuple[type, str]:
        """The kind of mistake, wherever it is."""
        return type(self), re.sub(r" at \[.*?\]", "", self.headline)

    def copied(self, *, hint: str) -> Finding:
        """The same with another hint, and without the history of how it was raised."""
        return type(self)(self.headline, *self.details, hint=hint, weight=self.weight)

    def with_details(self, subject: str, *details: str) -> Finding:
        """The same, of a subject, with more lines below."""
        headline = f"{subject}, {self.headline}"
        finding = type(self)(headline, *self.details, *details, hint=self._hint, weight=self.weight)
        finding.stage = self.stage
        return finding

    def __str__(self) -> str:
        likely = [f"likely: {self.hint}"] if self.hint else []
        return "\n  ".join([self.headline, *self.details[:1], *likely, *self.details[1:]])


class GradientMismatch(Finding):
    """An analytic derivative differs from the numeric one."""


class ContractViolation(Finding):
    """A function does something that no differentiable function may: it raises, edits its input, ..."""


class Inconclusive(Finding):
    """Too few of the derivatives could be compared: the function has none, or isn't finite, where it was asked."""


@dataclass(frozen=True)
class Mismatch:
    """Where the gradient towards one input is wrong.

    Attributes:
        order: of the derivative.
        i: the input's number, among inputs and then cotangents of lower orders.
        analytic, numeric: the gradients, whole arrays; numeric is NaN where it isn't known.
        tolerance: how far apart they may be.
        wrong: where they are further apart.
        low, high: at a kink, the bounds that the gradient is not between; NaN elsewhere.
        compared: how many elements could be compared.
    """

    order: int
    i: int
    analytic: Floats
    numeric: Floats
    tolerance: Floats
    wrong: Floats
    low: Floats
    high: Floats
    compared: int

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the largest error."""
        error = np.abs(self.analytic - self.numeric)
        error = np.where(self.wrong, np.where(np.isnan(error), np.inf, error), -1.0)
        return tuple(int(n) for n in np.unravel_index(int(np.argmax(error)), error.shape))

    def finding(self, names: list[str], hint: Callable[[], str], x: Floats) -> GradientMismatch:
        """In words; `names` are those of the inputs, `x` is the one whose gradient it is."""
        worst = self.worst
        where = f" at {list(worst)}" if worst else ""
        if self.i < len(names):
            what = f"input {self.i} ({names[self.i]})"
        else:
            what = "the gradient" if self.order == 2 else f"a gradient of order {self.order - 1}"
            what = f"{what} towards its own gy"
        numeric = f"{self.numeric[worst]:.7f} ± {self.tolerance[worst]:.0e}"
        if not np.isnan(self.low[worst]):
            numeric = f"a kink, from {self.low[worst]:.7f} to {self.high[worst]:.7f}"
        finding = GradientMismatch(
            f"{what}{where}, order {self.order}",
            f"analytic {self.analytic[worst]:.7f}   numeric {numeric}   "
            f"(worst of {self.compared}; {np.count_nonzero(self.wrong)} of {self.compared} wrong)",
            hint=hint,
            weight=len(np.unique(x[self.wrong])),
        )
        finding.stage = self.order
        return finding


@contextmanager
def errors_as_findings(order: int) -> Generator[None, None, None]:
    """Make a ContractViolation of any error while derivatives of `order` are computed (0: values)."""
    with np.errstate(all="ignore"):  # the comparisons notice what isn't finite
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever the function raises
            raise _raised(error, order) from None


def _raised(error: Exception, order: int) -> ContractViolation:
    message = message_of(error)
    what = "forward" if order == 0 else "backward" if order == 1 else f"the derivative of order {order}"
    return ContractViolation(f"{what} raised {type(error).__name__}", message, *_place(error), hint=_hint(message))


def _place(error: Exception) -> list[str]:
    """The last line of the user's that was running."""
    frame = users_line(error)
    return [f"at {Path(frame.filename).name}:{frame.lineno}, in {frame.name}: {frame.line}"] if frame else []


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
