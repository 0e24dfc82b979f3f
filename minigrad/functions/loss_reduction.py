"""The two ends of a loss: a prediction and a target of one shape, and the mean or sum of what they give."""

from __future__ import annotations

from minigrad import checks
from minigrad.backend import format_array
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variables

REDUCTIONS = ("mean", "sum", "none")


def comparable(
    function: str, prediction: Operand, target: Operand, *, argument: str = "prediction", rows: bool = False
) -> tuple[Variable, Variable]:
    """Prediction and target as Variables of floats, if their shapes are equal; nothing broadcasts.

    Args:
        function: the loss, which an error names.
        prediction: floats.
        target: numbers of any type; integers become floats of the prediction's.
        argument: the name of the prediction in errors.
        rows: the last axis is one that the loss is added up over.
    """
    x, t = as_variables(prediction, target)
    given = f"{argument} {format_array(x)}, target {format_array(t)}"
    if x.shape != t.shape:
        raise ValueError(f"{function}: shapes must be equal; {given}")
    if x.dtype.kind != "f":
        raise TypeError(f"{function}: {argument} must be floats; {given}")
    if rows and (x.ndim == 0 or x.shape[-1] == 0):
        raise ValueError(f"{function}: the last axis must have elements; {given}")
    return x, t if t.dtype.kind == "f" else t.astype(x.dtype)


def reduced(function: str, losses: Variable, reduction: str) -> Variable:
    """The losses as they are for "none", their sum, or their mean, which is 0 if there are none."""
    checks.choice(function, "reduction", reduction, REDUCTIONS)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" and losses.size else losses.sum()
