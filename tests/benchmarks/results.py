"""The table of README's "Results": every recipe, trained with several seeds, one training after the other.

`.venv/bin/python tests/benchmarks/results.py --fashion DIR [--seeds 3] [--only resnet lenet5]`; DIR has the four IDX
files of Fashion-MNIST. Each training is a process of its own, `minigrad train` as a user calls it; its time is that of
the whole process. With two free cores all of them take some hours.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parents[2]
RUNS = (
    ("softmax_regression", "paper"),
    ("dense", "paper"),
    ("lenet5", "paper"),
    ("simple_conv_net", "paper"),
    ("codelab_cnn", "paper"),
    ("deep_mnist", "quick"),
    ("deep_mnist", "paper"),
    ("resnet", "paper"),
)
"""Models and presets, the fastest first; `dense` is trained on Fashion-MNIST."""


def trained(model, preset, seed, fashion):
    """The percentage of the test images that a model has right after its training, and the seconds that it took."""
    options = ["--data", str(fashion)] if model == "dense" else []
    with tempfile.TemporaryDirectory() as out:
        command = [f"models/{model}.py", "--preset", preset, "--seed", str(seed), "--out", out, *options]
        start = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "minigrad.cli", "train", *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = perf_counter() - start
    return float(re.search(r"test images: ([\d.]+)%", done.stdout)[1]), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="train with the seeds from 0 on")
    parser.add_argument("--fashion", type=Path, help="a directory with Fashion-MNIST; without it dense is left out")
    parser.add_argument("--only", nargs="+", help="the models to train")
    options = parser.parse_args()
    rows = []
    for model, preset in RUNS:
        if (options.only and model not in options.only) or (model == "dense" and options.fashion is None):
            continue
        runs = []
        for seed in range(options.seeds):
            runs.append(trained(model, preset, seed, options.fashion))
            print(f"{model} {preset}, seed {seed}: {runs[-1][0]:.2f} % in {runs[-1][1]:.0f} s", flush=True)
        accuracies, times = zip(*runs, strict=True)
        spread = f"{min(accuracies):.2f} to {max(accuracies):.2f}"
        rows.append(
            f"| `{model}.py --preset {preset}` | {median(accuracies):.2f} % | {spread} | {median(times):.0f} s |"
        )
    print("", "| `minigrad train models/` | median | range | time |", "|---|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
