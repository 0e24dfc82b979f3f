"""The rows of a whole run: from the start of a process to the accuracy on MNIST's test images."""

from __future__ import annotations

import time
from statistics import mean, median

from worker import Worker

TITLES = {
    "whole_run": "Whole run: 784-128-10 on MNIST, 5 epochs of batch 32, Adam",
    "whole_run_deep_mnist": "Whole run: Deep MNIST by its quick preset, 2 epochs of batch 50, Adam",
}
STAGES = ("import", "data", "training", "evaluation")


def measure_whole_runs(name, frameworks, rounds, pause):
    """Each framework's runs in turn, a process for each; the first, which fills the caches, does not count."""
    results = {framework: [] for framework in frameworks}
    for seed in range(1 + rounds):
        for framework, runs in results.items():
            if not (runs and "skipped" in runs[-1]):
                time.sleep(pause)
                runs.append(whole_run(framework, name, seed))
    return {framework: summarize(runs) for framework, runs in results.items()}


def whole_run(framework, name, seed):
    worker = Worker(framework, name)
    start = time.perf_counter()
    try:
        worker.run(seed=seed)
        seconds = time.perf_counter() - start
    finally:
        worker.close()
    return {"skipped": worker.skipped} if worker.skipped else {"seconds": seconds, **worker.replies[0]}


def summarize(runs):
    if "skipped" in runs[-1]:
        return runs[-1]
    counted = runs[1:]
    seconds = [run["seconds"] for run in counted]
    return {
        "seconds": median(seconds),
        "spread": [min(seconds), max(seconds)],
        "first": runs[0]["seconds"],
        "accuracy": mean(run["accuracy"] for run in counted),
        **{stage: median(run[stage] for run in counted) for stage in STAGES},
        "peak_mib": max(run["peak_mib"] for run in counted),
        "version": counted[0]["version"],
        "rounds": counted,
    }


def print_whole_runs(name, results):
    print(f"\n{TITLES[name]}")
    columns = "".join(f"{stage:>12}" for stage in STAGES)
    print(f"{'':16}{'s':>8}{'spread':>18}{'/ minigrad':>12}{columns}{'accuracy':>10}{'peak MiB':>10}{'first s':>9}")
    reference = results.get("minigrad", {}).get("seconds")
    for framework, result in results.items():
        if "skipped" in result:
            print(f"{framework:16}skipped: {result['skipped']}")
            continue
        low, high = (f"{seconds:.2f}" for seconds in result["spread"])
        ratio = f"{result['seconds'] / reference:.2f}" if reference else "-"
        print(
            f"{framework:16}{result['seconds']:8.2f}{low + ' .. ' + high:>18}{ratio:>12}"
            + "".join(f"{result[stage]:12.2f}" for stage in STAGES)
            + f"{result['accuracy']:10.2%}{result['peak_mib']:10.0f}{result['first']:9.2f}"
        )
