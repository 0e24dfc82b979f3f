"""The table of the functions, for the documentation, made of their contracts."""

from __future__ import annotations

from minigrad.backend.kernels import SETS
from minigrad.testing.contracts import CONTRACTS
from minigrad.testing.spec import OpSpec

HEADER = """\
# Functions and their derivatives

Made by `python -m minigrad.testing --table` from the contracts in `minigrad/testing/contracts/`, which the tests prove:
derivatives of each order listed in float64 against numeric ones, gradients in the other dtypes against float64. `x` and
the other names are the functions' arguments. Where no kernel set is named, a function is made of array functions alone.

| function | computes | orders | where it has no derivative | kernel sets | dtypes |
|---|---|---|---|---|---|
"""


def table() -> str:
    """One line for each contract, in Markdown."""
    return HEADER + "\n".join(_line(spec) for spec in CONTRACTS)


def _line(spec: OpSpec) -> str:
    formula = spec.formula.replace("|", "\\|")
    orders = ", ".join(map(str, spec.orders))
    dtypes = ", ".join(sorted(spec.dtypes, key=lambda name: int(name.removeprefix("float"))))
    kernels = f"{', '.join(SETS)}: {', '.join(f'`{name}`' for name in spec.kernels)}" if spec.kernels else "–"
    return f"| `{spec.name}` | {formula} | {orders} | {spec.kinks or '–'} | {kernels} | {dtypes} |"
