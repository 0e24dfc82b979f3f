"""The workers' side: what they all compute on, and how they answer run.py.

A worker reads one JSON object a line, {"workload": "deep_mnist", "steps": 10}, and answers each with one line. Between
requests it is blocked on standard input and uses no processor. Runs on Python 3.11 with NumPy 1.23 and later.
"""

from __future__ import annotations

import gzip
import json
import platform
import resource
import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Step = Callable[[], float | None]  # one training step, or one whole chain; returns the loss, or the chain's sum
    Build = Callable[[], Step]
    BuildChain = Callable[[int], Step]


def serve(framework: str, version: str, *, chain: BuildChain, **models: Build):
    """Answer requests until run.py closes the pipe; a workload's model is built at its first request, untimed."""
    build = {
        **models,
        "chain_1000": partial(chain, 1_000),
        "chain_100000": partial(chain, 100_000),
        "chain_of_constants": partial(chain, 1_000, constants=True),
    }
    replies, sys.stdout = sys.stdout, sys.stderr  # what a framework prints must not reach run.py
    versions = {framework: version, "NumPy": np.__version__, "Python": platform.python_version()}
    steps: dict[str, Step] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["workload"]
        if name not in steps:
            steps[name] = build[name]()
        seconds, loss = timed(steps[name], request["steps"])
        reply = {"seconds_per_step": seconds, "loss": loss, "peak_mib": peak_mib(), "version": versions}
        print(json.dumps(reply), file=replies, flush=True)


def timed(step: Step, count: int) -> tuple[list[float], float | None]:
    seconds, loss = [], None
    for _ in range(count):
        start = perf_counter()
        loss = step()
        seconds.append(perf_counter() - start)
    return seconds, loss


def peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB on Linux


def batches(size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Eight batches of MNIST's shape: float32 images (size, 1, 28, 28) in [0, 1], int64 labels (size,)."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (8, size, 1, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, (8, size))
    return list(zip(pixels.astype(np.float32) / 255, labels, strict=True))


def real_batches(size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """MNIST's own training images and labels in the same form, shuffled, without end."""
    folder, rng = Path(__file__).parents[2] / "minigrad" / "data" / "files", np.random.default_rng(0)
    names = ("train-images-idx3-ubyte.gz", 16), ("train-labels-idx1-ubyte.gz", 8)
    pixels, labels = (
        np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=header) for name, header in names
    )
    pixels = pixels.reshape(-1, 1, 28, 28)
    while True:
        order = rng.permutation(len(labels))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            yield pixels[chosen].astype(np.float32) / 255, labels[chosen].astype(np.int64)


def chain_leaves() -> list[np.ndarray]:
    """The y, a, b of y·a + b: 8x8, float32; so near to 1, 1, 0 that 100,000 operations stay far from overflow and 0."""
    rng = np.random.default_rng(0)
    deviations = rng.uniform(-1, 1, (3, 8, 8))
    return [
        (1 + deviations[0] / 2).astype("f"),
        (1 + deviations[1] / 1e6).astype("f"),
        (deviations[2] / 1e5).astype("f"),
    ]
