"""Where a training step's time goes, operation by operation, from `viz.record`: see docs/speed.md.

    .venv/bin/python tests/benchmarks/profile_step.py [deep_mnist | simple_conv_net | dense]

Forward and backward of each operation, median of 15 steps; FLOPs of both by the formula, and what these would take at
the speed of NumPy's fastest matrix product here, the floor. What the optimizer takes is measured around it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from protocol import batches

import minigrad as mg
import minigrad.functions as F
from minigrad import optim, viz
from models.deep_mnist import DeepMNIST
from models.dense import Dense
from models.simple_conv_net import SimpleConvNet

STEPS, WARM = 15, 10
WORKLOADS = {
    "deep_mnist": (DeepMNIST, optim.Adam, 1e-4, 50),
    "simple_conv_net": (SimpleConvNet, optim.Adagrad, 0.01, 100),
    "dense": (lambda: Dense(128), optim.Adam, 1e-3, 32),
}


def main() -> None:
    """Print the table."""
    name = sys.argv[1] if len(sys.argv) > 1 else "deep_mnist"
    make, optimizer_class, lr, batch = WORKLOADS[name]
    mg.seed(0)
    model = make()
    optimizer = optimizer_class(model.parameters(), lr=lr)
    data = batches(batch)
    rows, update, whole, recorders = {}, [], [], []
    for i in range(STEPS + WARM):
        x, t = data[i % len(data)]
        start = perf_counter()
        optimizer.zero_grad()
        with viz.record(model, memory=False, stats=False) as recorded:
            loss = F.softmax_cross_entropy(model(x), t)
            loss.backward()
        before = perf_counter()
        optimizer.step()
        end = perf_counter()
        if i < WARM:
            continue
        update.append(end - before)
        whole.append(end - start)
        recorders.append((recorded, loss))
    for recorded, loss in recorders:  # later: drawing takes the caches from the next step
        for node in recorded.draw(loss, fold="never").graph.nodes:
            if node.seconds is not None:
                label = f"{node.layer or '-'}: {node.name}"
                row = rows.setdefault(node.id, (label, node.kind, node.flops, []))
                row[3].append(node.seconds)
    table(rows, update, whole)


def table(rows, update, whole) -> None:
    """Operations in execution order, forward and backward side by side."""
    peak = fastest_product()
    found = {}
    for label, kind, flops, seconds in rows.values():
        times, work = found.setdefault(label, ({}, []))
        times[kind] = times.get(kind, 0) + median(seconds)
        work.append(flops or 0)
    print(f"floor: {peak / 1e9:.0f} GFLOP/s, NumPy's fastest matrix product of 2048 x 2048 here, just now\n")
    print(f"{'operation':34}{'forward ms':>11}{'backward ms':>12}{'MFLOP':>8}{'floor ms':>10}")
    total = [0.0, 0.0, 0.0]
    for label, (times, work) in found.items():
        forward, backward, flops = times.get("operation", 0), times.get("derivative", 0), sum(work)
        total = [a + b for a, b in zip(total, (forward, backward, flops), strict=True)]
        print(f"{label:34}{forward * 1e3:11.2f}{backward * 1e3:12.2f}{flops / 1e6:8.0f}{flops / peak * 1e3:10.2f}")
    forward, backward, flops = total
    print(f"{'all':34}{forward * 1e3:11.2f}{backward * 1e3:12.2f}{flops / 1e6:8.0f}{flops / peak * 1e3:10.2f}")
    print(f"optimizer: {median(update) * 1e3:.2f} ms; the whole step: {median(whole) * 1e3:.2f} ms")


def fastest_product() -> float:
    """Floating-point operations a second."""
    a = np.random.default_rng(0).random((2048, 2048), np.float32)
    out = np.empty_like(a)
    taken = []
    for _ in range(5):
        start = perf_counter()
        np.matmul(a, a, out=out)
        taken.append(perf_counter() - start)
    return 2 * 2048**3 / min(taken)


if __name__ == "__main__":
    main()
