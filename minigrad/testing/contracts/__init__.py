"""The contracts of minigrad's own functions, by family."""

from minigrad.testing.contracts.registry import CONTRACTS, named

__all__ = ["CONTRACTS", "named"]
