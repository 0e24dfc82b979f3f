"""Where minigrad and PyTorch are known to differ: rules with their reasons, each for some ops and some findings."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Rule:
    """A finding of these ops for which the condition holds (of the difference and of the input) is no error."""

    ops: frozenset[str]
    reason: str
    condition: Callable

    def holds(self, name, found, sample):
        return name in self.ops and bool(self.condition(found, sample.input))


KNOWN = (
    Rule(
        frozenset({"linalg.norm", "linalg.norm.subgradients_at_zero", "linalg.vector_norm", "norm", "norm.fro"}),
        "second derivative of the norm of zeros: chosen to be 0 (docs/numbers.md), NaN in PyTorch",
        lambda found, x: found.stage == "second derivative" and found.there != found.there and not x.any(),
    ),
    Rule(
        frozenset({"nn.functional.hardsigmoid"}),
        "PyTorch's hardsigmoid has 1/6 rounded to float32 in its derivative of float64",
        lambda found, _: found.stage == "gradient" and abs(found.here - found.there) < 1e-7 * abs(found.there),
    ),
)
