"""The command line that the programs share: python examples/programs/NAME.py [--steps N] [--out FILE.png]."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # a clone needs no installation

import minigrad as mg


def command(train: Callable[[int], Any], draw: Callable[[Any, Any], None], *, steps: int) -> Any:
    """Train for --steps, draw the result on a matplotlib figure, and save it in --out; returns the result."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--steps", type=int, default=steps, help=f"training steps (default {steps:,})")
    parser.add_argument("--out", type=Path, help="where to save the figure (default: nowhere)")
    options = parser.parse_args()
    mg.seed(0)
    result = train(options.steps)
    if options.out:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot as plt

        figure = plt.figure(figsize=(8, 4), layout="constrained")
        draw(figure, result)
        figure.savefig(options.out, dpi=100)
    return result
