"""What data cost: steps of Deep MNIST on minibatches that are made before, in the loop, or by `prefetch` in a thread.

`.venv/bin/python tests/benchmarks/prefetch.py [--rounds 60]`: one training, whose minibatches come from each source in
turn, ten steps at a time, in an order drawn anew in each round. "Awaited" ones come from something slow, a disk or a
network, that takes 5 ms; two augmentations make the "augmented" ones. With OMP_NUM_THREADS=1 there is a core that the
kernels leave free. What counts are the ratios; made before stands twice, as a measure of the noise.
"""

from __future__ import annotations

import argparse
import sys
from itertools import cycle
from pathlib import Path
from time import perf_counter, sleep

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data, training
from models import RECIPES

STEPS = 10
WAIT = 0.005


def awaited(batch):
    """The minibatch, after a while."""
    sleep(WAIT)
    return batch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    recipe = RECIPES["deep_mnist"]["quick"]
    mg.seed(0)
    model = recipe.build()
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    images = data.mnist()[0].split(10_000)[0]
    passes = 1 + (options.rounds + 1) * STEPS * 50 // len(images)
    plain = data.batches(images, 50).repeat(passes)
    slow, augmented = plain.map(awaited), plain.augment(data.RandomRotation(10), data.RandomShift(2))
    before = [batch for batch, _ in zip(augmented, range(50), strict=False)]
    sources = {
        "made before": cycle(before),
        "made before, once more": cycle(before),
        "made in the loop, as they are": iter(plain),
        "as they are, by prefetch": iter(plain.prefetch()),
        "awaited in the loop": iter(slow),
        "awaited by prefetch": iter(slow.prefetch()),
        "augmented in the loop": iter(augmented),
        "augmented by prefetch": iter(augmented.prefetch()),
    }

    def seconds_a_step(minibatches):
        start = perf_counter()
        for _ in range(STEPS):
            training.train_step(model, optimizer, *next(minibatches), loss=F.softmax_cross_entropy)
        return (perf_counter() - start) / STEPS

    rng, times = np.random.default_rng(0), []
    for _ in range(options.rounds + 1):
        found = {name: seconds_a_step(sources[name]) for name in rng.permutation(list(sources))}
        times.append([found[name] for name in sources])
    times = np.array(times[1:])  # the first round compiles
    print("minibatches                      ms a step   / made before: median, quartiles")
    for name, ms, ratios in zip(sources, times.T * 1e3, (times / times[:, :1]).T, strict=True):
        low, median, high = np.percentile(ratios, [25, 50, 75])
        print(f"{name:30}   {np.median(ms):9.2f}   {median:20.3f}, {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
