"""What data cost: steps of Deep MNIST on minibatches that are made before, in the loop, or by `prefetch` in a thread.

`.venv/bin/python tests/benchmarks/prefetch.py [--rounds 11]`; the ways train in turn, from the same weights. Two
augmentations make a minibatch as dear as one mostly is. What counts are the ratios; `spread` is that of the rounds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data
from models import RECIPES


def seconds_a_step(minibatches):
    """The time of a step on each minibatch, made in the loop or before."""
    recipe = RECIPES["deep_mnist"]["quick"]
    mg.seed(0)
    model = recipe.build()
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    start = perf_counter()
    for x, t in minibatches:
        loss = F.softmax_cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (perf_counter() - start) / len(minibatches)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--steps", type=int, default=60, help="of a round")
    options = parser.parse_args()
    images = data.mnist()[0].split(50 * options.steps)[0]
    plain = data.batches(images, 50)
    augmented = plain.augment(data.RandomRotation(10), data.RandomShift(2))
    ways = {
        "made before": lambda: list(augmented),
        "made in the loop, as they are": lambda: plain,
        "as they are, by prefetch": plain.prefetch,
        "augmented in the loop": lambda: augmented,
        "augmented by prefetch": augmented.prefetch,
    }
    times = []
    for i in range(options.rounds + 1):
        order = list(ways) if i % 2 else list(reversed(ways))
        found = {way: seconds_a_step(ways[way]()) for way in order}
        times.append([found[way] for way in ways])
    times = np.array(times[1:])  # the first round compiles
    ratios = times / times[:, :1]
    print("minibatches                      ms a step   / made before, median   spread")
    for way, ms, some in zip(ways, np.median(times, 0) * 1e3, ratios.T, strict=True):
        print(f"{way:30}   {ms:9.2f}   {np.median(some):21.3f}   {some.min():.3f} to {some.max():.3f}")


if __name__ == "__main__":
    main()
