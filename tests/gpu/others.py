"""Training steps of Deep MNIST's network in PyTorch or JAX on a GPU, for measures.py: `python others.py torch|jax`.

Each row is a line of JSON. With --rehearse tiny sizes run on the CPU, without what needs a GPU.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
SMALL = "--rehearse" in sys.argv
WARM, REPEATS, SIZES = (1, 2, (2,)) if SMALL else (20, 300, (50, 512))


def row(what, microseconds):
    print(json.dumps(["step", what, "ran" if SMALL else round(microseconds, 1), "µs"]), flush=True)


def timed(what, make, wait):
    """A row: the time of a step where one follows the other; make() gives the step."""
    try:
        step = make()
        for _ in range(WARM):
            step()
        wait()
        start = time.perf_counter()
        for _ in range(REPEATS):
            step()
        wait()
        row(what, (time.perf_counter() - start) / REPEATS * 1e6)
    except Exception as error:  # noqa: BLE001 - a row, and the others go on
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
        print(json.dumps(["step", what, "failed", text]), flush=True)


# ---------------------------------------------------------------- PyTorch
def torch_rows():
    import torch  # noqa: PLC0415

    device, wait = ("cpu", lambda: None) if SMALL else ("cuda", torch.cuda.synchronize)
    print(json.dumps(["machine", "PyTorch", torch.__version__, ""]), flush=True)
    if not SMALL and not torch.cuda.is_available():
        raise SystemExit("this PyTorch has no GPU")
    ways = {
        "eager": torch_eager,
        "eager, fused Adam": partial(torch_eager, fused=True),
        "compiled (reduce-overhead), fused Adam": torch_compiled,
        "whole step in a CUDA graph": torch_graph,
    }
    for n in SIZES:
        for tf32 in (False, True):
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
            for name, way in ways.items():
                if not SMALL or way is not torch_graph:
                    timed(f"PyTorch {name}, batch {n}, {'TF32' if tf32 else 'IEEE'}", partial(way, n, device), wait)


def torch_parts(n, device, **adam):
    """The optimizer, and a function that gives the loss of a batch of n."""
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10)),
    ).to(device)
    x, t = torch.rand(n, 1, 28, 28, device=device), torch.randint(0, 10, (n,), device=device)
    loss = partial(nn.functional.cross_entropy, target=t, reduction="sum")
    return torch.optim.Adam(model.parameters(), lr=1e-4, **adam), lambda: loss(model(x))


def torch_step(optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss().backward()
    optimizer.step()


def torch_eager(n, device, *, fused=False):
    return partial(torch_step, *torch_parts(n, device, fused=fused))


def torch_compiled(n, device):
    import torch  # noqa: PLC0415

    optimizer, loss = torch_parts(n, device, fused=True)
    return partial(torch_step, optimizer, torch.compile(loss, mode="reduce-overhead"))


def torch_graph(n, device):
    import torch  # noqa: PLC0415

    step = partial(torch_step, *torch_parts(n, device, fused=True, capturable=True))
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


# ---------------------------------------------------------------- JAX
def jax_rows():
    import jax  # noqa: PLC0415

    print(json.dumps(["machine", "JAX, its device", f"{jax.__version__}, {jax.devices()[0]}", ""]), flush=True)
    if not SMALL and jax.default_backend() != "gpu":
        raise SystemExit("this JAX has no GPU: pip install 'jax[cuda13]'")
    for n in SIZES:
        for precision, name in (("highest", "IEEE"), ("default", "default precision")):
            with jax.default_matmul_precision(precision):
                step, state = jax_step(n)
                timed(
                    f"JAX compiled, batch {n}, {name}", lambda step=step: step, lambda s=state: jax.block_until_ready(s)
                )


def jax_step(n):
    """A training step, and a list with its state."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415
    from jax import lax  # noqa: PLC0415

    shapes = [(5, 5, 1, 32), (32,), (5, 5, 32, 64), (64,), (3136, 1024), (1024,), (1024, 10), (10,)]
    x, t = jax.random.uniform(jax.random.key(2), (n, 28, 28, 1)), jax.random.randint(jax.random.key(3), (n,), 0, 10)

    def pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def conv(x, w):
        return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def loss(weights, key):
        w1, b1, w2, b2, w3, b3, w4, b4 = weights
        h = pool(jax.nn.relu(conv(x, w1) + b1))
        h = pool(jax.nn.relu(conv(h, w2) + b2))
        h = jax.nn.relu(h.reshape(n, -1) @ w3 + b3)
        logits = jnp.where(jax.random.bernoulli(key, 0.5, h.shape), 2 * h, 0) @ w4 + b4
        return -jax.nn.log_softmax(logits)[jnp.arange(n), t].sum()

    @partial(jax.jit, donate_argnums=0)
    def one(state):
        key, count, weights, means, squares = state
        key, dropout = jax.random.split(key)
        gradients, count = jax.grad(loss)(weights, dropout), count + 1
        means = [0.9 * m + 0.1 * g for m, g in zip(means, gradients, strict=True)]
        squares = [0.999 * v + 0.001 * g * g for v, g in zip(squares, gradients, strict=True)]
        rates = [
            1e-4 * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
            for m, v in zip(means, squares, strict=True)
        ]
        return key, count, [w - r for w, r in zip(weights, rates, strict=True)], means, squares

    keys = jax.random.split(jax.random.key(0), len(shapes))
    weights = [0.1 * jax.random.truncated_normal(key, -2, 2, shape) for key, shape in zip(keys, shapes, strict=True)]
    zeros = [[jnp.zeros(shape) for shape in shapes] for _ in range(2)]
    state = [(jax.random.key(1), jnp.zeros(()), weights, *zeros)]

    def step():
        state[0] = one(state[0])

    return step, state


{"torch": torch_rows, "jax": jax_rows}[sys.argv[1]]()
