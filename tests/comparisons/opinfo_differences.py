"""Where minigrad and PyTorch are known to differ: rules with their reasons, each for some ops and some findings."""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Rule:
    """A finding of these ops, at this stage, whose numbers (and the input) meet the condition, is no error."""

    ops: frozenset[str]
    reason: str
    stage: str
    condition: Callable

    def holds(self, name, found, sample):
        if name not in self.ops or found.stage != self.stage or not found.of_numbers:
            return False
        return bool(self.condition(found.here, found.there, sample.input))


KNOWN = (
    Rule(
        frozenset({"linalg.norm", "linalg.norm.subgradients_at_zero", "linalg.vector_norm", "norm", "norm.fro"}),
        "second derivative of the norm of zeros: chosen to be 0 (docs/numbers.md), NaN in PyTorch",
        "second derivative",
        lambda here, there, x: here == 0 and np.isnan(there) and not x.any(),
    ),
    Rule(
        frozenset({"nn.functional.hardsigmoid"}),
        "PyTorch's hardsigmoid has 1/6 rounded to float32 in its derivative of float64",
        "gradient",
        lambda here, there, _: abs(here - there) < 1e-7 * abs(there),
    ),
)
