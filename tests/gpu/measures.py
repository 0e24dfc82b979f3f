"""One run on a GPU: whether minigrad is right there, and how fast, beside PyTorch and JAX, as one Markdown table.

    python tests/gpu/measures.py              with CuPy, on a machine with a GPU: some 10 minutes
    python tests/gpu/measures.py --rehearse   with CuPy, without a GPU: the same code on tiny sizes, and no clocks

What fails is a row of the table, and the rest goes on. PyTorch and JAX are timed by others.py, each in its own
environment (.venv-torch, .venv-jax) where that is there, else by this Python.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "gpu")]

options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
options.add_argument("--rehearse", action="store_true", help="tiny sizes on the hosted device")
options.add_argument("--only", metavar="PART", help="measure one part")
options.add_argument("--budget", type=float, default=500, help="seconds; what would begin later is left out")
options.add_argument("--out", metavar="FILE", help="write the table there as well")
options = options.parse_args()
SMALL = options.rehearse
if SMALL:
    import hosted  # noqa: F401 - before CuPy

import cupy
import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim
from minigrad.backend import kernels
from minigrad.backend.cuda.capture import Capture
from minigrad.backend.windows import Window
from models import RECIPES
from tests.backend.kernel_sets import compare_kernels

SIZES = (2,) if SMALL else (50, 512)
START = time.perf_counter()
ROWS = []


def row(part, what, value, unit=""):
    """Add a row to the table, and show it at once."""
    ROWS.append((part, what, value if isinstance(value, (int, str)) else f"{value:.4g}", unit))
    print(f"{time.perf_counter() - START:6.1f} s  {' | '.join(map(str, ROWS[-1]))}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- is it right?
def machine():
    properties = cupy.cuda.runtime.getDeviceProperties(0)
    row("machine", "device", properties["name"].decode() + (" (nothing was run on a GPU)" if SMALL else ""))
    versions = cupy.cuda.runtime.driverGetVersion(), cupy.cuda.runtime.runtimeGetVersion()
    row("machine", "CUDA of the driver, of the runtime", ", ".join(map(str, versions)))
    row("machine", "Python, NumPy, CuPy", f"{platform.python_version()}, {np.__version__}, {cupy.__version__}")


def kernels_against_numpy():
    examples = 1 if SMALL else 120
    served = kernels.kernels_of(cupy.empty(1, np.float32))
    compared = compare_kernels(served, examples=examples, to_array=cupy.asarray)
    row("right", f"kernels = NumPy's set, {examples} geometries each", len(compared), "kernels")


def same_bits_again():
    runs = []
    for _ in range(2):
        step, _, parameters = training(SIZES[0])
        for _ in range(1 if SMALL else 5):
            loss = step()
        runs.append([array.tobytes() for array in (loss.get(), *(p.numpy() for p in parameters))])
    row("right", "two runs give the same bits", str(runs[0] == runs[1]))


def a_graph_gives_the_same_bits():
    """A step that waits for the device could not be captured: this shows as well that none does."""
    eager, _, parameters = training(SIZES[0])
    for _ in range(4):
        eager()
    replay, others = captured(SIZES[0])
    for _ in range(3):
        replay()
    same = all(bool((p.data == q.data).all()) for p, q in zip(parameters, others, strict=True))
    row("right", "a captured step gives eager's bits", str(same))


def aside(*command, seconds=240, **env):
    """The lines that another program prints, and its exit status; it is ended after some seconds."""
    with subprocess.Popen(
        [*map(str, command)],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the processes that it started itself
            output, _ = process.communicate()
    return output.strip().splitlines() or [f"exit status {process.returncode}"], process.returncode


def tests():
    """The tests of this folder, those that need no hosted device's counters."""
    chosen = "tests/gpu/test_device.py" if SMALL else "tests/gpu"
    command = sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", chosen
    lines, _ = aside(*command, MINIGRAD_DEVICE="hosted" if SMALL else "real")
    row("right", "tests on the device", lines[-1])
    for line in lines:
        if line.startswith(("FAILED", "ERROR")):
            row("right", "of them", line[:150])


def sanitizer():
    tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if SMALL or not Path(tool).exists():
        row("sanitizer", "compute-sanitizer", "not there")
        return
    code = (
        "import sys; sys.path[:0] = ['.']\n"
        "import cupy\n"
        "cupy.cuda.set_allocator(None)\n"  # in a pool's memory nobody notices who reaches beyond an array
        "from minigrad.backend.kernels import kernels_of\n"
        "from tests.backend.kernel_sets import compare_kernels\n"
        "compare_kernels(kernels_of(cupy.empty(1, 'f4')), examples=2, to_array=cupy.asarray)\n"
    )
    for check in ("memcheck", "racecheck", "initcheck"):
        lines, status = aside(tool, "--tool", check, sys.executable, "-c", code, seconds=120)
        found = [line.strip("= ") for line in lines if "SUMMARY" in line]
        row("sanitizer", check, found[-1] if found else f"exit status {status}: {lines[-1][:150]}")


# ---------------------------------------------------------------- how fast?
def timed(f):
    """The median and the spread (p90 − p10) of the microseconds that a call takes on the device."""
    for _ in range(1 if SMALL else 20):
        f()
    spans = []
    for _ in range(3 if SMALL else 200):
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record()
        f()
        end.record()
        end.synchronize()
        spans.append(1000 * cupy.cuda.get_elapsed_time(begin, end))
    tenths = statistics.quantiles(spans, n=10)
    return statistics.median(spans), tenths[8] - tenths[0]


def throughput(f):
    """The microseconds a call takes where one follows the other, as in a training loop."""
    repeats = 2 if SMALL else 300
    for _ in range(1 if SMALL else 20):
        f()
    cupy.cuda.Device().synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        f()
    cupy.cuda.Device().synchronize()
    return 0.0 if SMALL else (time.perf_counter() - start) / repeats * 1e6


def random(*shape):
    return cupy.asarray(np.random.default_rng(0).standard_normal(shape, np.float32))


def images(*shape):
    """Images as layers hand them on: NHWC in memory."""
    return random(*(shape[i] for i in (0, 2, 3, 1))).transpose(0, 3, 1, 2)


def bandwidth():
    """The kernels of Deep MNIST's second convolution at batch 50, and what they must move at least."""
    N, big = SIZES[0], random(64 if SMALL else 2**26)
    K = kernels.kernels_of(big)
    same, pool = Window((5, 5), pad=((2, 2), (2, 2))), Window((2, 2), (2, 2))
    x, w, b, y = images(N, 32, 14, 14), random(64, 32, 5, 5), random(64), images(N, 64, 14, 14)
    maxima, argmax = K.max_pool2d(y, pool)
    p = nn.Parameter(random(64 if SMALL else 3136 * 1024))
    p.grad, adam, copy = mg.Variable(random(p.size)), optim.Adam([p], lr=1e-4), cupy.empty_like(big)
    convolution = x.nbytes + w.nbytes + y.nbytes
    pooled = y.nbytes + maxima.nbytes + argmax.nbytes
    for name, f, moved in (
        ("a copy, the most that can be had", lambda: cupy.copyto(copy, big), 2 * big.nbytes),
        ("conv2d", lambda: K.conv2d(x, w, b, same, 1), convolution),
        ("conv_relu_pool", lambda: K.conv_relu_pool(x, w, b, same, 1, pool), convolution - y.nbytes * 3 // 4),
        ("conv_transpose2d", lambda: K.conv_transpose2d(y, w, (14, 14), same, 1), convolution),
        ("filter_correlation", lambda: K.filter_correlation(x, y, same, 1), convolution),
        ("max_pool2d", lambda: K.max_pool2d(y, pool), pooled),
        ("pool_scatter", lambda: K.pool_scatter(maxima, argmax, (14, 14), pool), pooled),
        ("relu", lambda: K.relu(y), 2 * y.nbytes + y.size),
        ("channel_sum", lambda: K.channel_sum(y), y.nbytes),
        ("Adam, 3.2 million parameters", adam.step, 7 * p.data.nbytes),
    ):
        us, spread = timed(f)
        rate = "" if SMALL else f", {moved / us / 1e3:.0f} GB/s"
        row("kernel", name, us, f"± {spread:.1f} µs{rate}")


def training(n):
    """A training step of Deep MNIST on a batch of n, the function that it is made of, and the parameters."""
    mg.seed(0)
    recipe = RECIPES["deep_mnist"]["paper"]
    model = recipe.build().to("cuda")
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    rng = np.random.default_rng(0)
    x, t = cupy.asarray(rng.random((n, 1, 28, 28), np.float32)), cupy.asarray(rng.integers(0, 10, n))

    def step(x=x, t=t):
        optimizer.zero_grad()
        loss = F.softmax_cross_entropy(model(x), t, reduction=recipe.reduction)
        loss.backward()
        optimizer.step()
        return loss.data

    return step, model, list(model.parameters())


def captured(n):
    """The same step as a CUDA graph, after it ran once, and the parameters."""
    step, _, parameters = training(n)
    capture = Capture()
    with capture.stream:
        step()
    with capture:
        step()
    return capture.replay, parameters


def steps():
    for n in SIZES:
        for tf32, name in ((False, "IEEE"), (True, "TF32")):
            with mg.allow_tf32(tf32):
                row("step", f"minigrad eager, batch {n}, {name}", throughput(training(n)[0]), "µs")


def captured_steps():
    for n in SIZES:
        for tf32, name in ((False, "IEEE"), (True, "TF32")):
            with mg.allow_tf32(tf32):
                row("step", f"minigrad's step in a CUDA graph, batch {n}, {name}", throughput(captured(n)[0]), "µs")


def accuracy():
    """The paper preset: its steps, from a data set on the device."""
    recipe, (train, test) = RECIPES["deep_mnist"]["paper"], data.mnist()
    train, test = train.to("cuda"), test.to("cuda")
    step, model, _ = training(SIZES[0])
    left, start = 2 if SMALL else recipe.steps, time.perf_counter()
    while left:
        for x, t in data.batches(train, SIZES[0], drop_last=True):
            step(x, t)
            left -= 1
            if not left:
                break
    cupy.cuda.Device().synchronize()
    row("accuracy", "paper preset, 20,000 steps of batch 50", 0 if SMALL else time.perf_counter() - start, "s")
    with mg.inference():
        tests = islice(data.batches(test, SIZES[-1], shuffle=False), 2 if SMALL else None)
        right = [(model(x).data.argmax(1) == t).sum() for x, t in tests]
    row("accuracy", "on the 10,000 test images", 0 if SMALL else int(sum(right)) / len(test))


def others(framework):
    python = ROOT / f".venv-{framework}" / "bin" / "python"
    command = python if python.exists() else sys.executable, "tests/gpu/others.py", framework
    lines, status = aside(*command, *(["--rehearse"] if SMALL else []))
    for line in lines:
        if line.startswith('["'):
            row(*json.loads(line))
    if status:
        row("step", framework, "ended early", lines[-1][:150])


def torch():
    others("torch")


def jax():
    others("jax")


PARTS = (machine, kernels_against_numpy, same_bits_again, a_graph_gives_the_same_bits, steps, captured_steps)
PARTS += (bandwidth, accuracy, tests, torch, jax, sanitizer)
if __name__ == "__main__":
    for part in PARTS:
        if options.only not in {None, part.__name__}:
            continue
        if time.perf_counter() - START > options.budget:
            row(part.__name__, "left out", "no time")
            continue
        try:
            part()
        except Exception as error:  # noqa: BLE001 - a row, and the others go on
            row(part.__name__, "failed", type(error).__name__, " ".join(str(error).split())[:150])
    table = [
        "| part | what | value | |",
        "|---|---|---|---|",
        *(f"| {' | '.join(map(str, cells))} |" for cells in ROWS),
    ]
    print("\n".join(table))
    if options.out:
        Path(options.out).write_text("\n".join(table) + "\n", "utf-8")
