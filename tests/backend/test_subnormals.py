"""Subnormal numbers end as zero in kernels and optimizers, and what computes beside them keeps its own."""

import ctypes
import platform
from contextvars import copy_context

import numba
import numpy as np
import pytest
from numba import types

import minigrad as mg
import minigrad.functions as F
from minigrad import optim
from minigrad.backend import numpy_kernels
from minigrad.backend.compiled.launching import launch
from minigrad.backend.compiled.shared import layer
from minigrad.backend.kernels import KernelSet, Update, cpu_kernels
from minigrad.backend.windows import Window
from minigrad.optim.lion import lion
from minigrad.optim.sgd import sgd
from tests.backend.kernel_sets import UPDATES

FLOATS = (np.float32, np.float64)
REFERENCE = KernelSet(lambda _: None, numpy_kernels, serves=lambda *_: False)
SETS = {"compiled": cpu_kernels, "numpy": lambda dtype: REFERENCE}
flushes = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64", "aarch64", "arm64"), reason="nothing is flushed there"
)


def subnormals(x):
    return int(np.count_nonzero((x != 0) & (np.abs(x) < np.finfo(x.dtype).smallest_normal)))


def keeps_subnormals():
    """Whether arithmetic in this thread takes subnormals and gives them."""
    return [bool(dtype(np.finfo(dtype).smallest_normal) * dtype(0.5) != 0) for dtype in FLOATS] == [True, True]


@numba.cfunc(types.void(types.CPointer(types.float64), types.intp, types.intp))
def halve(numbers, s, shares):
    """A share of a kernel that leaves the mode as it finds it: a number becomes half of itself."""
    numbers[s] = numbers[s] * 0.5


def halves_in_threads(count):
    """Half the smallest normal number, computed in `count` threads of those that do the kernels' work."""
    numbers = np.full(count, np.finfo(np.float64).smallest_normal)
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    ctypes.CFUNCTYPE(None, *[ctypes.c_ssize_t] * 3)(launch().address)(halve.address, numbers.ctypes.data, count)
    return numbers


def in_threads(threads, call):
    def run():
        mg.set_num_threads(threads)
        return call()

    return copy_context().run(run)


@flushes
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", FLOATS)
def test_kernels_produce_no_subnormals_and_leave_those_of_the_caller_and_the_threads(dtype, threads):
    kernels, tiny = cpu_kernels(np.dtype(dtype)), np.finfo(dtype).smallest_normal
    small, half = np.full((40, 32, 32, 40), np.sqrt(tiny), dtype).transpose(0, 3, 1, 2), dtype(0.001)
    w, window, pool = np.full((40, 40, 1, 1), np.sqrt(tiny) * half, dtype), Window((1, 1)), Window((2, 2), (2, 2))
    logits = np.tile(np.array([[0, np.log(tiny) - 2]], dtype), (20_000, 1))
    results = {
        "conv2d": lambda: kernels.conv2d(small, w, None, window, 1),
        "conv_relu_pool": lambda: kernels.conv_relu_pool(small, w, None, window, 1, pool)[0],
        "conv_transpose2d": lambda: kernels.conv_transpose2d(small, w, (32, 32), window, 1),
        "filter_correlation": lambda: kernels.filter_correlation(small * dtype(1e-9), small * dtype(1e-9), window, 1),
        "matmul": lambda: kernels.matmul(small[0, 0], w[:32, :32, 0, 0]),
        "low matmul": lambda: kernels.matmul(small[0, 0], np.full((32, 9000), np.sqrt(tiny) * half, dtype)),
        "channel_sum": lambda: kernels.channel_sum(np.full((2**16, 2), tiny / 2**18, dtype)),
        "cross_entropy": lambda: kernels.cross_entropy(logits, np.ones_like(logits))[1],
        "window_sum": lambda: kernels.window_sum(np.full_like(small, tiny / 16), pool),
    }
    for name, call in results.items():
        result = in_threads(threads, call)
        assert subnormals(result) == 0, name
        assert keeps_subnormals(), name
    if layer() is not None:
        assert (halves_in_threads(2) > 0).all()


@flushes
@pytest.mark.parametrize("threads", [1, 2])
def test_a_kernel_that_fails_leaves_subnormals_too(threads):
    x, w, far = np.ones((2, 64, 1, 1), np.float32), np.ones((64, 64, 1, 1), np.float32), 4_000_000
    with pytest.raises(MemoryError):
        in_threads(threads, lambda: F.conv2d(x, w, stride=far, pad=far))
    assert keeps_subnormals()
    if layer() is not None:
        assert (halves_in_threads(2) > 0).all()


@flushes
@pytest.mark.parametrize("kernels", SETS)
@pytest.mark.parametrize("shape", [(3, 5), (300, 200)])
@pytest.mark.parametrize("optimizer", [optim.Adam, lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9)])
def test_what_optimizers_keep_decays_to_zero(monkeypatch, kernels, shape, optimizer):
    monkeypatch.setattr("minigrad.optim.optimizer.kernels_of", lambda array: SETS[kernels](array.dtype))
    p = mg.Variable(np.ones(shape, np.float32))
    optimizer = optimizer([p], lr=1e-3)
    p.grad = mg.Variable(np.full(shape, 1e-16, np.float32))  # v decays slowly: it begins near its end
    optimizer.step()
    p.grad = mg.Variable(np.zeros(shape, np.float32))
    with np.errstate(all="raise"):
        for _ in range(2_000):
            optimizer.step()
    slots = {name: slot for name, slot in optimizer.state_dict().items() if slot.shape == shape}
    assert [subnormals(slot) for slot in slots.values()] == [0] * len(slots)
    assert not any(slot.any() for name, slot in slots.items() if name.startswith(("m", "velocity")))
    assert slots


@flushes
@pytest.mark.parametrize(
    "formula", [(formula, len(slots), len(numbers)) for formula, slots, numbers in UPDATES if formula is not lion]
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_updates_of_both_sets_agree_where_numbers_are_subnormal(formula, dtype):
    """But Lion's: the sign of a number that one set takes for 0 is another."""
    formula, slots, numbers = formula
    given = [np.logspace(-320 if dtype == np.float64 else -44, -30, 50, dtype=dtype) for _ in range(2 + slots)]
    results = []
    for kernels in (cpu_kernels(np.dtype(dtype)), REFERENCE):
        p, g, *others = (array.copy() for array in given)
        with np.errstate(all="raise"):
            kernels.update(formula, [Update(p, g, others, lambda: (0.5,) * numbers, lambda: None)])
        assert [subnormals(array) for array in (p, *others)] == [0] * (1 + slots)
        results.append((p, *others))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=8 * np.finfo(dtype).smallest_normal)


def test_half_precision_keeps_its_own_small_numbers():
    p, g = np.full(3, 1e-6, np.float16), np.zeros(3, np.float16)
    REFERENCE.update(sgd, [Update(p, g, [], lambda: (0.1, 0.0), lambda: None)])
    assert p[0] == np.float16(1e-6)
