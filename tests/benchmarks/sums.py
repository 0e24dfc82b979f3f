"""The errors of sums of many float32 numbers: minigrad with each kernel set, an earlier commit, and PyTorch.

`.venv/bin/python tests/benchmarks/sums.py [--before DIR]`; each column comes from a process of its own, and DIR is a
worktree of the earlier commit. All terms are the float32 nearest to 0.1, whose rounding errors all have one sign.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from environments import ROOT, interpreter

TERM = float(np.float32(0.1))
MANY = 10**6


def cases(of):
    """Of each operation its name, its number of terms, its result, and what is right; `of` is the framework's part."""
    rows, flat, narrow, digits = (of.array(constant(*n)) for n in ((MANY, 3), (10 * MANY,), (MANY, 8), (60_000, 10)))
    images = of.array(constant(2, 1000, 1000, 4).transpose(0, 3, 1, 2))
    none, first, firsts = of.array(np.zeros((MANY, 3), np.float32)), of.array([0]), of.array(np.zeros(MANY, int))
    yield "sum(x)", 10 * MANY, of.sum(flat, 0), TERM * 10 * MANY
    yield "sum(x, 0)", MANY, of.sum(rows, 0), TERM * MANY
    yield "mean(x, 0)", MANY, of.mean(rows, 0), TERM
    yield "mean(x, (2, 3)), NHWC memory", MANY, of.mean(images, (2, 3)), TERM
    yield "gradient of b in x + b", MANY, of.gradient(lambda b: b + rows, constant(3), rows), TERM * MANY
    gb = of.gradient(lambda b: of.linear(digits[:, :1], of.array(constant(1, 10)), b), constant(10), digits)
    yield "gradient of linear's bias", 60_000, gb, TERM * 60_000
    gw = of.gradient(lambda w: of.linear(narrow, w, None), constant(8, 8), narrow)
    yield "gradient of linear's weights", MANY, gw, TERM**2 * MANY
    yield "a @ b, (8, K) and (K, 8)", MANY, of.matmul(narrow.T, narrow), TERM**2 * MANY
    yield "a @ b, (1, K) and (K, 1)", 10 * MANY, of.matmul(flat[None], flat[:, None]), TERM**2 * 10 * MANY
    gw = of.gradient(lambda w: of.conv2d(images, w), constant(4, 4, 1, 1), images)
    yield "gradient of conv2d's filters", 2 * MANY, gw, TERM**2 * 2 * MANY
    yield "avg_pool2d, 500×500", 250_000, of.avg_pool2d(images, 500), TERM
    yield "logsumexp", 10 * MANY, of.logsumexp(flat, 0), TERM + np.log(10 * MANY)
    yield "cross-entropy, classes", 10 * MANY, of.cross_entropy(flat[None], first), np.log(10 * MANY)
    yield "cross-entropy, rows", MANY, of.cross_entropy(rows, firsts), np.log(3)
    yield "mean_squared_error", 3 * MANY, of.mean_squared_error(rows, none), TERM**2
    gx = of.gradient(lambda x: x[firsts], constant(1), flat[:MANY])
    yield "gradient of x[indices]", MANY, gx, TERM * MANY


def constant(*shape):
    return np.full(shape, TERM, np.float32)


def minigrad_part():
    import minigrad as mg  # noqa: PLC0415 - PyTorch's environment has none
    import minigrad.functions as F  # noqa: PLC0415

    def gradient(function, x, gy):
        x = mg.Variable(x)
        return mg.grad(function(x), x, gy)

    names = ["sum", "mean", "linear", "matmul", "conv2d", "avg_pool2d", "logsumexp", "mean_squared_error"]
    own = {"gradient": gradient, "array": np.asarray, "cross_entropy": F.softmax_cross_entropy}
    return SimpleNamespace(**{name: getattr(F, name) for name in names}, **own)


def torch_part():
    import torch  # noqa: PLC0415 - it has an environment of its own
    from torch.nn import functional as F  # noqa: PLC0415

    def gradient(function, x, gy):
        x = torch.from_numpy(x).requires_grad_()
        return torch.autograd.grad(function(x), x, gy)[0]

    def linear(x, w, b):
        return F.linear(x, w.T, b)

    names = ["sum", "mean", "matmul", "conv2d", "logsumexp"]
    own = {"linear": linear, "gradient": gradient, "array": torch.tensor, "cross_entropy": F.cross_entropy}
    return SimpleNamespace(
        **{name: getattr(torch, name) for name in names},
        **own,
        avg_pool2d=F.avg_pool2d,
        mean_squared_error=F.mse_loss,
    )


def worker(framework):
    """Print the largest relative error of each operation."""
    for name, terms, y, right in cases(torch_part() if framework == "torch" else minigrad_part()):
        error = np.abs(y.numpy().astype(np.float64) / right - 1).max()
        print(json.dumps([name, terms, float(error)]), flush=True)


def column(framework, kernels, tree):
    """Run a worker: the rows that it printed."""
    environment = {**os.environ, "MINIGRAD_KERNELS": kernels, "PYTHONPATH": str(tree)}
    command = [interpreter(framework), __file__, "--worker", framework]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{framework} {kernels}: {done.stderr.splitlines()[-1]}", file=sys.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a worktree of an earlier commit")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker)
        return
    wanted = {"NumPy's set": ("minigrad", "numpy", ROOT), "compiled set": ("minigrad", "numba", ROOT)}
    if arguments.before:
        before = arguments.before.resolve()
        wanted |= {f"{name}, before": (*how[:2], before) for name, how in wanted.items()}
    if interpreter("torch").exists():
        wanted["PyTorch"] = ("torch", "", ROOT)
    columns = {name: {row[0]: row[1:] for row in column(*how)} for name, how in wanted.items()}
    print("| operation | terms | " + " | ".join(columns) + " |\n|---|---" + "|---" * len(columns) + "|")
    for name, (terms, _) in columns["NumPy's set"].items():
        errors = [f"{found[name][1]:.0e}" if name in found else "" for found in columns.values()]
        print(f"| {name} | {terms:,} | " + " | ".join(errors) + " |")


if __name__ == "__main__":
    main()
