"""What diagrams cost: `python tests/benchmarks/diagrams.py`. Medians and ranges, in one run, on an idle machine."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import optim, viz
from models.deep_mnist import DeepMNIST

STEPS = 60
ROUNDS = 5


def main() -> None:
    """Print the figures."""
    overhead()
    drawing()


def overhead() -> None:
    """A training step with and without a recorder, in turn."""
    mg.seed(0)
    model = DeepMNIST()
    optimizer = optim.Adam(model.parameters(), lr=1e-4)
    x = np.random.default_rng(0).random((50, 1, 28, 28)).astype(np.float32)
    t = np.arange(50) % 10

    def step(context: AbstractContextManager[Any]) -> float:
        start = time.perf_counter()
        optimizer.zero_grad()
        with context:
            loss = F.softmax_cross_entropy(model(x), t)
            loss.backward()
        optimizer.step()
        return time.perf_counter() - start

    contexts: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "no recorder": nullcontext,
        "record(model)": lambda: viz.record(model),
        "… time alone": lambda: viz.record(model, memory=False, stats=False),
        "… stats alone": lambda: viz.record(model, time=False, memory=False),
        "… memory alone": lambda: viz.record(model, time=False, stats=False),
    }
    taken: dict[str, list[float]] = {name: [] for name in contexts}
    for i in range(STEPS + 3):
        for name, context in contexts.items():
            seconds = step(context())
            if i >= 3:  # warm
                taken[name].append(seconds)
    print(f"Deep MNIST, training step, batch 50, Adam: median and middle half of {STEPS} steps, in turn")
    alone = statistics.median(taken["no recorder"])
    for name, all_seconds in taken.items():
        low, middle, high = statistics.quantiles(all_seconds, n=4)
        print(f"  {name:16} {middle * 1e3:6.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f}), × {middle / alone:.3f}")


def drawing() -> None:
    """Seconds from Variables to text and pictures."""
    model = DeepMNIST()
    x = np.zeros((50, 1, 28, 28), np.float32)
    with viz.record(model) as recorded:
        loss = F.softmax_cross_entropy(model(x), np.arange(50) % 10)
        loss.backward()
    _timed("Deep MNIST's training step to SVG", lambda: recorded.draw(loss).svg())
    y: Any = mg.Variable(np.ones(3, np.float32))
    for i in range(9_998):
        y = y * 1.5 if i % 3 else y - y
    _timed("10,000 nodes to DOT, not folded", lambda: viz.draw(y, fold="never").dot)
    _timed("10,000 nodes to SVG, folded", lambda: viz.draw(y).svg())
    _timed("10,000 nodes to JSON", lambda: viz.draw(y).json())
    for i in range(90_000):
        y = y * 1.5 if i % 3 else y - y
    _timed("100,000 nodes deep to SVG, folded", lambda: viz.draw(y).svg())


def _timed(name: str, run: Callable[[], object]) -> None:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    print(f"{name:36} {statistics.median(taken):6.3f} s ({min(taken):.3f} to {max(taken):.3f})")


if __name__ == "__main__":
    main()
