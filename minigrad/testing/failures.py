"""An error that the function under test raised, as a finding in words."""

from __future__ import annotations

import re
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from minigrad.core.axes import broadcasts
from minigrad.testing.findings import ContractViolation

_PACKAGE = Path(__file__).parent.parent
_OWN = (str(_PACKAGE), str(Path(np.__file__).parent))
_BENCH = str(_PACKAGE / "testing" / "bench")


@contextmanager
def errors_as_findings(order: int) -> Generator[None, None, None]:
    """Around the function under test, while derivatives of `order` are computed (0: values).

    What isn't finite is noticed by whoever looks at it: NumPy need not warn.

    Raises:
        ContractViolation: in place of whatever the function raised.
    """
    with np.errstate(all="ignore"):
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever the function raises
            raise _raised(error, order) from None


def _raised(error: Exception, order: int) -> ContractViolation:
    message = " ".join(str(error).split())
    what = "forward" if order == 0 else "backward" if order == 1 else f"the derivative of order {order}"
    return ContractViolation(f"{what} raised {type(error).__name__}", message, *_place(error), hint=_hint(message))


def _place(error: Exception) -> list[str]:
    """The last line of the user's that was running."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(_BENCH) or not frame.filename.startswith(_OWN):
            return [f"at {Path(frame.filename).name}:{frame.lineno}, in {frame.name}: {frame.line}"]
    return []


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
