"""What `training.fit` costs with a metric and progress: beside loops by hand, on 784-128-10.

`.venv/bin/python tests/benchmarks/fit.py [--rounds 15]`; the loops train an epoch in turn, from the same weights on the
same minibatches. The plain loop by hand keeps no figures and prints nothing; the other one keeps the losses, counts the
accuracy and draws a bar, as `fit` does. What counts are the ratios; `spread` is that of the rounds' middle half.
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
from tqdm import tqdm

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


def by_hand_with_figures(model, optimizer, minibatches):
    accuracy, losses = metrics.Accuracy(), []
    for x, t in tqdm(minibatches, file=Terminal()):
        y = model(x)
        loss = F.softmax_cross_entropy(y, t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        accuracy.update(y, t)
    accuracy.value()


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


QUARTILES = (0.25, 0.5, 0.75)
LOOPS = (by_hand, by_hand_with_figures, by_fit)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--images", type=int, default=60_000, help="of an epoch")
    options = parser.parse_args()
    images = data.mnist()[0].split(options.images)[0]
    print("batch   ms a step: by hand   with figures   fit     fit / by hand (spread)   fit / with figures (spread)")
    for batch_size in (32, 100):
        times = []
        for i in range(options.rounds + 1):
            found = {train: seconds(train, images, batch_size) for train in LOOPS[:: 1 if i % 2 else -1]}
            assert len({str(weights) for _, weights in found.values()}) == 1, "they trained something else"
            times.append([found[train][0] for train in LOOPS])
        times = np.array(times[1:]) / len(data.batches(images, batch_size)) * 1e3  # the first round compiles
        steps = "   ".join(f"{each:.3f}" for each in np.median(times, 0))
        ratios = times[:, 2:] / times[:, :2]
        shown = (f"{median:.3f} ({low:.3f} to {high:.3f})" for low, median, high in np.quantile(ratios, QUARTILES, 0).T)
        print(f"{batch_size:5}   {steps}   {'   '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
