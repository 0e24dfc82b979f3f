"""Compare minigrad with PyTorch, Keras, JAX and Chainer on this machine: see README.md beside this file.

Imports the standard library only: on Linux a new process takes over its parent's peak memory as its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from environments import PACKAGES, ROOT, set_up
from whole_run import TITLES as WHOLE_RUNS
from whole_run import measure_whole_runs, print_whole_runs
from worker import THREADS, TREES, Worker

FRAMEWORKS = ["minigrad", "minigrad-numpy", "torch", "torch-fused", "torch-compile", "keras", "jax", "chainer"]
FLOOR = "numpy"
BEFORE = "minigrad-before"
PAUSE = 0.2  # seconds before each share: the threads of the worker before spin for a while after their last task


@dataclass(frozen=True)
class Workload:
    """What is measured, what NumPy alone does of it, how many steps make a share, and the table's unit."""

    title: str
    floor: str
    steps: int
    unit: str = "ms"
    units_per_second: float = 1e3
    only: str = ""  # these frameworks; all by default


PRODUCTS = "its matrix products"
FORWARD = "its forward arithmetic"
WORKLOADS = {
    "deep_mnist": Workload("Deep MNIST, a training step, batch 50, Adam", PRODUCTS, 10),
    "simple_conv_net": Workload("SimpleConvNet, a training step, batch 100, AdaGrad", PRODUCTS, 20),
    "dense": Workload("784-128-10, a training step, batch 32, Adam", PRODUCTS, 200),
    "chain_1000": Workload("1,000 operations on 8x8 arrays, forward and backward", FORWARD, 20, "µs", 1e6 / 1_000),
    "chain_100000": Workload("100,000 operations likewise", FORWARD, 1, "µs", 1e6 / 100_000),
    "chain_of_constants": Workload(
        "1,000 operations likewise, with constant arrays",
        FORWARD,
        20,
        "µs",
        1e6 / 1_000,
        "minigrad minigrad-before torch",
    ),
}
LATE = "late_step"
LATE_FRAMEWORKS = [BEFORE, "minigrad", "minigrad-numpy", "torch", "torch-fused"]
OTHERS = "torch torch-fused torch-compile keras jax"
S = "seconds"
MARKS = [  # what is measured, the ratio allowed, and the two figures: workload, the least of these frameworks', which
    ("Deep MNIST: minigrad / fastest other", 0.75, ("deep_mnist", "minigrad", S), ("deep_mnist", OTHERS, S)),
    ("SimpleConvNet likewise", 0.8, ("simple_conv_net", "minigrad", S), ("simple_conv_net", OTHERS, S)),
    ("784-128-10 likewise", 0.9, ("dense", "minigrad", S), ("dense", OTHERS, S)),
    ("Deep MNIST: minigrad / its bare matrix products", 1.2, ("deep_mnist", "minigrad", S), ("deep_mnist", "numpy", S)),
    (
        "Deep MNIST without Numba: minigrad / PyTorch, eager, default Adam",
        1.5,
        ("deep_mnist", "minigrad-numpy", S),
        ("deep_mnist", "torch", S),
    ),
    ("… minigrad / Chainer", 0.5, ("deep_mnist", "minigrad-numpy", S), ("deep_mnist", "chainer", S)),
    ("bookkeeping, 1,000: minigrad / PyTorch", 1.3, ("chain_1000", "minigrad", S), ("chain_1000", "torch", S)),
    (
        "bookkeeping, an operation of 100,000 / of 1,000",
        1.8,
        ("chain_100000", "minigrad", S),
        ("chain_1000", "minigrad", S),
    ),
    (
        "Deep MNIST, peak memory: minigrad / PyTorch",
        0.6,
        ("deep_mnist", "minigrad", "peak_mib"),
        ("deep_mnist", "torch", "peak_mib"),
    ),
    ("import minigrad / import numpy", 1.5, ("import", "minigrad", S), ("import", "numpy", S)),
    ("all kernels for a dtype compiled, once: seconds", 20, ("compiling", "minigrad", S), None),
]
BOOKKEEPING = ["chain_1000", "chain_100000", "chain_of_constants"]


def main():
    options = parse()
    if options.setup:
        for framework in PACKAGES:
            if any(name.partition("-")[0] == framework for name in options.frameworks):
                set_up(framework)
    machine = describe_machine()
    print(*(f"{key}: {value}" for key, value in machine.items()), sep="\n")
    measured = {}
    if options.workload == LATE:
        measured[LATE] = measure_late([name for name in options.frameworks if name in LATE_FRAMEWORKS], options.short)
        others = [name for name in options.frameworks if name not in LATE_FRAMEWORKS]
        measured[LATE] |= {name: {"skipped": "its worker does not train on MNIST"} for name in others}
        print_late(measured[LATE])
    for name in options.workloads:
        if name in WHOLE_RUNS:
            measured[name] = measure_whole_runs(name, options.frameworks, options.rounds, PAUSE)
            print_whole_runs(name, measured[name])
            continue
        only = WORKLOADS[name].only.split() or options.frameworks
        frameworks = [framework for framework in options.frameworks if framework in only]
        measured[name] = measure(name, [*frameworks, FLOOR], options.rounds)
        print_table(WORKLOADS[name], measured[name])
        print_pairs(measured[name])
    if options.workloads == list(WORKLOADS):
        measured["import"] = imports()
        measured["compiling"] = compiling()
    print_marks(measured)
    print_versions(measured)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "workloads": measured}, indent=1) + "\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", default="all", choices=[*WORKLOADS, *WHOLE_RUNS, "bookkeeping", LATE, "all"])
    parser.add_argument(
        "--frameworks", default=",".join(FRAMEWORKS), help="a comma between names; default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=7, help="shares that each framework runs; default: %(default)s")
    parser.add_argument("--short", action="store_true", help=f"of {LATE}: 100 steps, after 1,000")
    parser.add_argument("--before", type=Path, metavar="DIR", help="compare with the minigrad in another tree as well")
    parser.add_argument("--setup", action="store_true", help="first make the other frameworks' environments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measured step here")
    options = parser.parse_args()
    options.frameworks = options.frameworks.split(",")
    if unknown := set(options.frameworks) - set(FRAMEWORKS):
        parser.error(f"--frameworks: {', '.join(sorted(unknown))} is none of {', '.join(FRAMEWORKS)}")
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    if options.before:
        TREES[BEFORE] = options.before.resolve()
        options.frameworks.insert(1, BEFORE)
    options.workloads = {"all": list(WORKLOADS), "bookkeeping": BOOKKEEPING, LATE: []}.get(
        options.workload, [options.workload]
    )
    return options


def describe_machine():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "threads": THREADS,
        "load": os.getloadavg()[0],
        "system": platform.platform(),
    }


def run_in_turn(name, frameworks, shares):
    """The closed workers of the frameworks, after each has run each share of steps."""
    workers = [Worker(framework, name) for framework in frameworks]
    try:
        for steps in shares:
            for worker in workers:
                time.sleep(PAUSE)
                worker.run(steps)
    finally:
        for worker in workers:
            worker.close()
    return workers


def measure(name, frameworks, rounds):
    """Let every framework run its share in turn: the first step, some to warm up, then the rounds that count."""
    share = WORKLOADS[name].steps
    workers = run_in_turn(name, frameworks, [1, max(2, share // 4), *[share] * rounds])
    return {worker.framework: summarize(worker) for worker in workers}


def measure_late(frameworks, short):
    """Deep MNIST trained on MNIST itself: the steps from 1,500 to 2,000, and those from 100 to 600, in shares of 50."""
    early, late, count = (100, 1_000, 100) if short else (100, 1_500, 500)
    shares = [50] * (count // 50)
    workers = run_in_turn(LATE, frameworks, [early, *shares, late - early - count, *shares])
    results = {}
    for worker in workers:
        medians = [median(reply["seconds_per_step"]) for reply in worker.replies]
        halves = {"early": medians[1 : 1 + len(shares)], "late": medians[2 + len(shares) :]}
        results[worker.framework] = (
            {"skipped": worker.skipped}
            if worker.skipped
            else {
                **{
                    half: {"seconds": median(rounds), "spread": [min(rounds), max(rounds)]}
                    for half, rounds in halves.items()
                },
                **{key: worker.replies[-1][key] for key in ("loss", "version")},
            }
        )
    return results


def print_late(results):
    """How long a step takes late in a training, by how long it takes early."""
    print(f"\nDeep MNIST, a training step on MNIST itself, late and early\n{'':30}", end="")
    print(f"{'early ms':>10}{'spread':>20}{'late ms':>10}{'spread':>20}{'late / early':>14}{'loss':>9}")
    for framework, result in results.items():
        if "skipped" in result:
            print(f"{framework:30}skipped: {result['skipped']}")
            continue
        print(f"{framework:30}", end="")
        for half in ("early", "late"):
            low, high = (f"{seconds * 1e3:.2f}" for seconds in result[half]["spread"])
            print(f"{result[half]['seconds'] * 1e3:10.2f}{low + ' .. ' + high:>20}", end="")
        print(f"{result['late']['seconds'] / result['early']['seconds']:14.2f}{result['loss']:9.3f}")


def summarize(worker):
    if worker.skipped:
        return {"skipped": worker.skipped}
    first, _, *rounds = worker.replies
    medians = [median(reply["seconds_per_step"]) for reply in rounds]
    return {
        "seconds": median(medians),
        "spread": [min(medians), max(medians)],
        "first_step": first["seconds_per_step"][0],
        "rounds": [reply["seconds_per_step"] for reply in rounds],
        **{key: rounds[-1][key] for key in ("loss", "peak_mib", "version")},
    }


def print_table(workload, results):
    unit, scale = workload.unit, workload.units_per_second
    print(f"\n{workload.title}")
    print(f"{'':30}{unit:>10}{'spread':>18}{'/ minigrad':>12}{'peak MiB':>10}{'first ' + unit:>10}{'loss':>9}")
    reference = results.get("minigrad", {}).get("seconds")
    for framework, result in results.items():
        label = f"NumPy, {workload.floor}" if framework == FLOOR else framework
        if "skipped" in result:
            print(f"{label:30}skipped: {result['skipped']}")
            continue
        low, high = (f"{seconds * scale:.2f}" for seconds in result["spread"])
        ratio = f"{result['seconds'] / reference:.2f}" if reference else "-"
        loss = "-" if result["loss"] is None else f"{result['loss']:.3f}"
        print(
            f"{label:30}{result['seconds'] * scale:10.2f}{low + ' .. ' + high:>18}{ratio:>12}"
            f"{result['peak_mib']:10.0f}{result['first_step'] * scale:10.2f}{loss:>9}"
        )


def print_pairs(results):
    """Round by round, how long a step takes now and before."""
    if BEFORE in results:
        now, before = ([median(seconds) for seconds in results[name]["rounds"]] for name in ("minigrad", BEFORE))
        ratios = sorted(a / b for a, b in zip(now, before, strict=True))
        print(f"now / before, {len(ratios)} pairs: {median(ratios):.3f} ({ratios[0]:.3f} .. {ratios[-1]:.3f})")


def imports():
    """Seconds that `import numpy` and `import minigrad` take in a new process, in turn; both from their bytecode."""
    taken = {"numpy": [], "minigrad": []}
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(1 + 25):  # the first one compiles
            for module, seconds in taken.items():
                code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
                command = [sys.executable, "-c", code]
                output = subprocess.run(command, env=environment, check=True, capture_output=True)
                seconds.append(float(output.stdout))
    return {module: {"seconds": median(seconds[1:]), "rounds": seconds[1:]} for module, seconds in taken.items()}


def compiling():
    """Seconds that the first kernel takes in a new process without a cache: importing Numba, compiling all kernels."""
    code = """
import time
import numpy as np
from minigrad.functions import relu
x = np.zeros(1, np.float32)
start = time.perf_counter()
relu(x)
print(time.perf_counter() - start)
"""
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as cache:
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "MINIGRAD_KERNELS": "numba", "NUMBA_CACHE_DIR": cache}
            output = subprocess.run([sys.executable, "-c", code], env=environment, check=False, capture_output=True)
        if output.returncode:  # Numba is not there
            return {}
        seconds.append(float(output.stdout))
    return {"minigrad": {"seconds": median(seconds), "rounds": seconds}}


def print_marks(measured):
    """The ratios that minigrad is held to, those of them that this run has figures for."""
    if measured.keys() == {LATE}:
        return
    print(f"\n{'mark':66}{'ratio':>8}{'mark':>8}")
    for title, mark, top, bottom in MARKS:
        above, below = figure(measured, top), figure(measured, bottom) if bottom else 1
        if above and below:
            print(f"{title:66}{above / below:8.2f}{'≤ ' + str(mark):>8}{'' if above / below <= mark else '  missed'}")


def figure(measured, place):
    """A figure of the run: of a workload, the least of some frameworks'; None where there is none."""
    workload, frameworks, key = place
    results = measured.get(workload, {})
    scale = WORKLOADS[workload].units_per_second if workload in WORKLOADS and key == S else 1
    figures = [results[name][key] * scale for name in frameworks.split() if key in results.get(name, {})]
    return min(figures, default=None)


def print_versions(measured):
    versions = {
        framework: r["version"] for results in measured.values() for framework, r in results.items() if "version" in r
    }
    print()
    for framework, version in versions.items():
        print(f"{framework}: " + ", ".join(f"{key} {value}" for key, value in version.items()))


if __name__ == "__main__":
    main()
