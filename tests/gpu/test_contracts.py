"""Each contract's function gives on a GPU's arrays what it gives on the host's: values and gradients, of two orders.

Here few examples are drawn, in float32. MINIGRAD_CONTRACTS=long draws more, in all dtypes that the contract names.
"""

import os

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.testing.proof import _search
from tests.contracts import CONTRACTS

REAL = os.environ.get("MINIGRAD_DEVICE", "hosted") == "real"
LONG = os.environ.get("MINIGRAD_CONTRACTS", "") == "long"
DRAWN = 10 if LONG else 2
TOLERANCES = {"float64": 1e-10, "float32": 1e-4, "float16": 4e-2}
RANDOM = {"dropout"}
SORTED = {"sort", "topk"}
"""What CuPy leaves to Thrust, machine code in its wheel, which a hosted device can't run."""

STAY = {"to"}
"""Functions whose results are on the CPU, as their parameter says."""


def moved(value):
    """A parameter with its arrays on the device."""
    if isinstance(value, tuple):
        return tuple(map(moved, value))
    return cupy.asarray(value) if isinstance(value, np.ndarray) else value


def results(spec, example, arrays, kwargs, to):
    """Values, gradients, their gradients, and the gradients that are not recorded, each with a name."""
    rng = np.random.default_rng(example.seed)
    xs = [mg.Variable(to(x)) for x in arrays]

    def outputs():
        mg.seed(example.seed)
        operands = [xs[0], *xs] if example.repeated else xs
        ys = spec.op(*operands, **kwargs)
        return list(ys) if isinstance(ys, (list, tuple)) else [ys]

    def like(y):
        cotangent = rng.uniform(-1, 1, y.shape).astype(y.dtype)
        return cotangent if y.device == "cpu" else to(cotangent)

    ys = outputs()
    found = [("a value", y) for y in ys]
    gradients = [g for y in ys if y.requires_grad for g in mg.grad(y, xs, like(y), create_graph=True)]
    found += [("a gradient", g) for g in gradients]
    sums = [(g * like(g)).sum() for g in gradients if g.requires_grad]
    if sums and 2 in spec.orders:
        found += [("a second derivative", g) for g in mg.grad(sum(sums[1:], sums[0]), xs, allow_unused=True)]
    for y in outputs():
        if y.requires_grad:
            y.backward(like(y))
    return found + [("an unrecorded gradient", x.grad) for x in xs if x.grad is not None]


def compare(spec, example, dtype, *, keys_there):
    arrays = [x.astype(dtype) for x in example.arrays]
    arrays = [arrays[0], *arrays[2:]] if example.repeated else arrays
    kwargs = {name: moved(value) if keys_there else value for name, value in example.kwargs.items()}
    with np.errstate(all="ignore"):
        expected = results(spec, example, arrays, example.kwargs, np.copy)
        found = results(spec, example, arrays, kwargs, cupy.asarray)
    assert len(found) == len(expected)
    for (what, got), (_, wanted) in zip(found, expected, strict=True):
        said = f"{what} of {spec.name} in {dtype}: {arrays}, {example.kwargs}"
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype), said
        assert got.device == "cuda:0" or spec.name in STAY, said
        if spec.name.split()[0] not in RANDOM:
            largest = np.abs(wanted.data[np.isfinite(wanted.data)]).max(initial=1.0)
            tolerance = TOLERANCES[dtype]
            np.testing.assert_allclose(got.numpy(), wanted.data, tolerance, tolerance * largest, err_msg=said)


@pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in CONTRACTS])
def test_a_gpu_gives_what_the_host_gives(spec):
    if spec.name.split()[0] in SORTED and not REAL:
        pytest.skip("sorts, which needs a GPU")
    dtypes = spec.dtypes if LONG else ["float32" if "float32" in spec.dtypes else spec.dtypes[0]]
    drawn = list(spec.cases)
    _search(spec, lambda example: drawn.append(example), DRAWN, seed=0)  # noqa: PLW0108 - of what Python is written in
    for k, example in enumerate(drawn):
        for dtype in dtypes:
            compare(spec, example, dtype, keys_there=k % 2 == 1)


def dropped(seed, p=0.3):
    mg.seed(seed)
    return F.dropout(mg.Variable(cupy.ones((100, 400), np.float32)), p)


def test_dropout_drops_with_its_probability_and_scales_the_others():
    y = dropped(0).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.7)}
    assert abs((y == 0).mean() - 0.3) < 0.015  # some 6 standard deviations
    rows, columns = (y == 0).mean(0), (y == 0).mean(1)
    assert abs(rows.std() - np.sqrt(0.21 / 100)) < 0.01
    assert abs(columns.std() - np.sqrt(0.21 / 400)) < 0.01


def test_dropout_is_repeated_by_its_seed():
    first, again, other = (dropped(seed).numpy() for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).mean() > 0.3
