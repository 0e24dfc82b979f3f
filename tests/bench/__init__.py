"""The bench: functions with one mistake each, to measure how many of them a proof notices. See README.md.

A tester is worth what it finds. Each entry is a mistake that was made somewhere, or might be: modelled in a few lines,
and held against the contract that one would write for the right function.
"""

from importlib import import_module
from pkgutil import iter_modules

from tests.bench.wrong import BENCH, Wrong

__all__ = ["BENCH", "Wrong"]

for _module in iter_modules(__path__):
    if not _module.name.startswith(("_", "test_")):
        import_module(f"{__name__}.{_module.name}")
