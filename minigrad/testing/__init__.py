"""Property-based proofs of gradients, of minigrad's functions and of yours.

`check_grad` needs NumPy alone; what draws examples needs Hypothesis (the extra `testing`), imported when it is used.
"""

from importlib import import_module as _import_module

from minigrad.testing.example import Example, case
from minigrad.testing.findings import ContractViolation, Finding, GradientMismatch, Inconclusive
from minigrad.testing.gradient_check import GradReport, check_grad
from minigrad.testing.proof import Report, gradtest, profile, prove
from minigrad.testing.spec import Call, OpSpec, collect

__all__ = [
    "Call",
    "ContractViolation",
    "Example",
    "Finding",
    "GradReport",
    "GradientMismatch",
    "Inconclusive",
    "OpSpec",
    "Report",
    "case",
    "check_grad",
    "collect",
    "gradtest",
    "profile",
    "prove",
    "strategies",
]


def __getattr__(name: str) -> object:
    if name == "strategies":
        return _import_module("minigrad.testing.strategies")
    raise AttributeError(f"module 'minigrad.testing' has no attribute {name!r}")
