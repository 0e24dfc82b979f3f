"""check_grad: the derivatives of a function, proved at one place. Needs NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.core.variable import Variable
from minigrad.testing import properties
from minigrad.testing.arrays import Floats
from minigrad.testing.comparison import Counts
from minigrad.testing.findings import Finding, Inconclusive
from minigrad.testing.orders import check_orders, require_enough
from minigrad.testing.precision import check_precision
from minigrad.testing.properties import Subject
from minigrad.testing.wording import described, name_of, names_of


@dataclass
class GradReport:
    """What was compared.

    Attributes:
        orders: the orders of derivatives that were proved.
        counts: how many derivatives of the first order were compared, and how.
    """

    orders: tuple[int, ...]
    counts: Counts = field(default_factory=Counts)

    def __str__(self) -> str:
        orders = " and ".join(filter(None, [", ".join(map(str, self.orders[:-1])), str(self.orders[-1])]))
        return (
            f"order{'s' * (len(self.orders) > 1)} {orders} right: {self.counts}; "
            f"largest error {self.counts.closest:.2f} of the tolerance"
        )


def check_grad(
    f: Callable[..., Any],
    inputs: Any,
    *,
    order: int = 2,
    kinks: str = "bracket",
    seed: int = 0,
) -> GradReport:
    """Compare the derivatives of `f` at `inputs`, of every order up to `order`, with numeric ones.

    Args:
        f: takes one Variable for each input and gives a Variable, or several in a list; the same ones each time.
        inputs: an array, or several in a list or tuple. Integers become float64. Derivatives at float32 and float16
            arrays are compared in float64, and then the gradients in their own dtype with those in float64. f is asked
            for values some 1 % beyond the inputs; where it raises an error there, nearer.
        order: 1 for gradients alone, 2 for gradients of gradients too, and so on.
        kinks: "bracket" to compare with the derivatives of the two sides where f has a kink, "skip" to say nothing
            there, "fail" to allow none.
        seed: draws the cotangents.
    Returns:
        what was compared.
    Raises:
        GradientMismatch: a derivative is wrong; it says which, how much, and what mistake is likely.
        Inconclusive: more than 30 % of the derivatives could not be compared, or a kink was met with kinks="fail".
        ContractViolation: f or its gradient raises an error.
        ValueError, TypeError: an argument makes no sense.
    Source: Richardson 1911 for the extrapolation of the differences.

    >>> import minigrad.functions as F
    >>> print(check_grad(lambda x, w: F.tanh(x @ w), [np.ones((2, 3)), np.ones((3, 2))]))
    orders 1 and 2 right: 12 derivatives, 0 at kinks, 0 without comparison; largest error ... of the tolerance
    """
    __tracebackhide__ = True
    arrays = _arrays(inputs)
    if not isinstance(order, (int, np.integer)) or isinstance(order, bool) or order < 1:
        raise ValueError(f"check_grad: order must be an integer from 1 on, not {order!r}")
    if kinks not in ("bracket", "skip", "fail"):
        raise ValueError(f'check_grad: kinks must be "bracket", "skip" or "fail", not {kinks!r}')
    wide = [array.astype(np.float64) for array in arrays]
    name, names = name_of(f), names_of(f, len(arrays))
    rng = np.random.default_rng(seed)
    try:
        properties.forward_edits_nothing(Subject(f, wide, names, rng))
        counts, higher = check_orders(f, wide, order, rng, names=names, bracket=kinks == "bracket")
        if kinks == "fail" and counts.bracketed + counts.skipped:
            raise Inconclusive("there is a kink", f"{counts.bracketed + counts.skipped} derivatives do not exist")
        require_enough(counts, higher)
        for dtype in sorted({array.dtype for array in arrays} - {np.dtype(np.float64)}, key=str):
            check_precision(f, wide, dtype, rng, names=names)
    except Finding as finding:
        raise finding.with_details(name, described(names, arrays)) from None
    return GradReport(tuple(range(1, order + 1)), counts)


def _arrays(inputs: Any) -> list[Floats]:
    """One or several inputs as arrays of floats."""
    several = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    arrays = []
    for i, x in enumerate(several):
        array = np.asarray(x.data if isinstance(x, Variable) else x)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"check_grad: inputs[{i}] must be an array of real numbers, not {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"check_grad: inputs[{i}] holds infinities or NaN")
        native = array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.float64
        arrays.append(array.astype(native, copy=False))
    if not arrays:
        raise ValueError("check_grad: inputs is empty")
    return arrays
