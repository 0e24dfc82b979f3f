"""The contracts of minigrad's own functions: one at least for every public differentiable function and operator.

Each file holds a list of them; a new one is found by itself. `python -m minigrad.testing tests/contracts` proves all.
"""

from pathlib import Path

from minigrad.testing import collect

CONTRACTS = collect(Path(__file__).parent)
