"""The workers' side: what they all compute on, and how they answer run.py.

A worker reads one JSON object a line, {"workload": "deep_mnist", "steps": 10}, and answers each with one line. Between
requests it is blocked on standard input and uses no processor. Runs on Python 3.11 with NumPy 1.23 and later.
"""

from __future__ import annotations

import json
import platform
import resource
import sys
from functools import partial
from gzip import GzipFile
from pathlib import Path
from time import perf_counter, time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Step = Callable[[], float | None]  # one training step, or one whole chain; returns the loss, or the chain's sum
    Build = Callable[[], Step]
    BuildChain = Callable[[int], Step]
    Batch = tuple[np.ndarray, np.ndarray]
    Train = Callable[["Recipe", int, Iterator[tuple[float, Batch]]], Callable[[np.ndarray], np.ndarray]]


class Recipe(NamedTuple):
    """A training from start to end, of a model that all workers have, by Adam."""

    model: str
    batch: int
    epochs: int
    lr: float
    quick: bool = False  # He's initial weights, and a learning rate that falls linearly to 0


RECIPES = {
    "whole_run": Recipe("dense", batch=32, epochs=5, lr=1e-3),
    "whole_run_deep_mnist": Recipe("deep_mnist", batch=50, epochs=2, lr=1e-3, quick=True),
}
MNIST = Path(__file__).resolve().parents[2] / "minigrad" / "data" / "files"
TESTED = 500  # images at a time


def serve(framework: str, version: str, *, chain: BuildChain, train: Train | None = None, **models: Build):
    """Answer requests until run.py closes the pipe; a workload's model is built at its first request, untimed."""
    imported = time()
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
        if name in RECIPES:
            reply = {"import": imported - request["started"], **whole_run(RECIPES[name], train, request["seed"])}
        else:
            if name not in steps:
                steps[name] = build[name]()
            seconds, loss = timed(steps[name], request["steps"])
            reply = {"seconds_per_step": seconds, "loss": loss}
        print(json.dumps({**reply, "peak_mib": peak_mib(), "version": versions}), file=replies, flush=True)


def whole_run(recipe: Recipe, train: Train | None, seed: int) -> dict[str, float]:
    """Read MNIST, train by the recipe, test: the seconds of each, and the accuracy."""
    if train is None:
        raise SystemExit("no whole run")
    begin = perf_counter()
    (images, labels), (test_images, test_labels) = mnist("train"), mnist("t10k")
    read = perf_counter()
    predict = train(recipe, seed, minibatches(images, labels, recipe, seed))
    trained = perf_counter()
    hits = 0
    for start in range(0, len(test_labels), TESTED):
        part = slice(start, start + TESTED)
        hits += int((predict(scaled(test_images[part])) == test_labels[part]).sum())
    tested = perf_counter()
    seconds = {"data": read - begin, "training": trained - read, "evaluation": tested - trained}
    return {**seconds, "accuracy": hits / len(test_labels)}


def mnist(part: str) -> Batch:
    """The images, uint8 (N, 1, 28, 28), and the labels, int64 (N,), of "train" or "t10k"."""
    images, labels = (
        np.frombuffer(GzipFile(MNIST / f"{part}-{file}-ubyte.gz").read(), np.uint8, offset=offset)
        for file, offset in (("images-idx3", 16), ("labels-idx1", 8))
    )
    return images.reshape(-1, 1, 28, 28), labels.astype(np.int64)


def minibatches(images: np.ndarray, labels: np.ndarray, recipe: Recipe, seed: int) -> Iterator[tuple[float, Batch]]:
    """The learning rate of each step, and its shuffled images and labels, as all frameworks get them."""
    rng, step = np.random.default_rng(seed), 0
    steps = recipe.epochs * -(-len(labels) // recipe.batch)
    for _ in range(recipe.epochs):
        order = rng.permutation(len(labels))
        for start in range(0, len(labels), recipe.batch):
            chosen = order[start : start + recipe.batch]
            yield recipe.lr * (1 - step / steps if recipe.quick else 1), (scaled(images[chosen]), labels[chosen])
            step += 1


def scaled(images: np.ndarray) -> np.ndarray:
    """Pixels as float32 in [0, 1]."""
    return np.divide(images, np.float32(255), dtype=np.float32)


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
    (pixels, labels), rng = mnist("train"), np.random.default_rng(0)
    while True:
        order = rng.permutation(len(labels))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            yield scaled(pixels[chosen]), labels[chosen]


def chain_leaves() -> list[np.ndarray]:
    """The y, a, b of y·a + b: 8x8, float32; so near to 1, 1, 0 that 100,000 operations stay far from overflow and 0."""
    rng = np.random.default_rng(0)
    deviations = rng.uniform(-1, 1, (3, 8, 8))
    return [
        (1 + deviations[0] / 2).astype("f"),
        (1 + deviations[1] / 1e6).astype("f"),
        (deviations[2] / 1e5).astype("f"),
    ]
