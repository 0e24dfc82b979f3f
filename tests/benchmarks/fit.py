"""What `training.fit` costs: beside the loop by hand, on 784-128-10, with metrics and progress.

`.venv/bin/python tests/benchmarks/fit.py [--rounds 15]`; the two train an epoch in turn, from the same weights on the
same minibatches. The loop by hand computes no metric, and prints nothing. What counts is the ratio; `spread` is that of
the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data, metrics, nn, optim, training


class Terminal(io.StringIO):
    """What a bar is drawn on."""

    def isatty(self):
        return True


def by_hand(model, optimizer, minibatches):
    for x, t in minibatches:
        loss = F.softmax_cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def by_fit(model, optimizer, minibatches):
    with contextlib.redirect_stderr(Terminal()), contextlib.redirect_stdout(io.StringIO()):
        training.fit(
            model, optimizer, minibatches, loss=F.softmax_cross_entropy, metrics={"accuracy": metrics.Accuracy()}
        )


def seconds(train, images, batch_size):
    mg.seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    start = perf_counter()
    train(model, optimizer, data.batches(images, batch_size))
    return perf_counter() - start, [p.data.tobytes() for p in model.parameters()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--images", type=int, default=30_000, help="of an epoch")
    options = parser.parse_args()
    images = data.mnist()[0].split(options.images)[0]
    print("batch   by hand, ms a step   fit, ms a step   fit / by hand, median   spread")
    for batch_size in (32, 100):
        times = []
        for i in range(options.rounds + 1):
            order = (by_hand, by_fit) if i % 2 else (by_fit, by_hand)
            found = {train: seconds(train, images, batch_size) for train in order}
            assert found[by_hand][1] == found[by_fit][1], "they trained something else"
            times.append([found[train][0] for train in (by_hand, by_fit)])
        times = np.array(times[1:])  # the first round compiles
        ratios = times[:, 1] / times[:, 0]
        hand, fit = np.median(times, 0) / len(data.batches(images, batch_size)) * 1e3
        spread = f"{ratios.min():.3f} to {ratios.max():.3f}"
        print(f"{batch_size:5}   {hand:18.3f}   {fit:14.3f}   {np.median(ratios):21.3f}   {spread}")


if __name__ == "__main__":
    main()
