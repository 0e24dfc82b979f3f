"""Every public differentiable function keeps its contract, and behaves in minigrad's modes."""

from functools import cache, partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded

import minigrad as mg
import minigrad.functions as F
from minigrad.backend import kernels
from minigrad.backend.kernels import KernelSet
from minigrad.core.operators import Operators
from minigrad.testing import prove
from minigrad.testing.derivatives import gradients, outputs, random_like, values
from minigrad.testing.strategies import examples
from tests.contracts import CONTRACTS

NOT_DIFFERENTIABLE = {
    "__contains__",
    "__hash__",
    "__len__",
    "to",
    "_reduce",
    "__module__",
    "__doc__",
    "__annotations__",
}
NOT_DIFFERENTIABLE |= {"__eq__", "__ne__", "__ge__", "__gt__", "__le__", "__lt__"}
PLAIN = {"argmax", "argmin", "argsort"}  # these give plain arrays
REFLECTED = {"__radd__", "__rsub__", "__rmul__", "__rtruediv__", "__rpow__"}  # in the contracts "operators" and "power"


@cache
def drawn(spec):
    """A few examples of a contract, drawn once for all tests."""
    found = []

    @seeded(0)
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(examples(spec))
    def collect(example):
        found.append(example)

    collect()
    return found


def in_examples_of(spec, check):
    for example in drawn(spec):
        check(lambda *xs, kwargs=example.kwargs: outputs(spec.op(*xs, **kwargs)), [x.copy() for x in example.arrays])


def every(specs):
    return pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in specs])


every_function = every(CONTRACTS)


class Recording:
    """A kernel set that notes which kernels are asked for."""

    def __init__(self, kernels, used):
        self._kernels, self._used = kernels, used

    def __getattr__(self, name):
        if name in vars(KernelSet):  # made of kernels
            return partial(getattr(KernelSet, name), self)
        self._used.add(name)
        return getattr(self._kernels, name)


@every_function
def test_contract(spec, monkeypatch):
    used = set()
    cpu_kernels = kernels.cpu_kernels
    monkeypatch.setattr(kernels, "cpu_kernels", lambda dtype: Recording(cpu_kernels(dtype), used))
    report = prove(spec)
    assert report.finding is None, str(report)
    assert report.counts.compared > 0
    assert report.higher.compared > 0
    assert set(spec.kernels) <= used <= {*spec.kernels, "contiguous"}  # which reshapes images that lie NHWC in memory


def test_every_function_operator_and_method_has_a_contract():
    methods = set(vars(Operators)) - NOT_DIFFERENTIABLE - REFLECTED
    both = methods & set(F.__all__)
    public = {*(set(F.__all__) - PLAIN), *(methods - both), *(f"{name} as a method" for name in both)}
    contracted = {spec.name for spec in CONTRACTS}
    contracted |= {name.split()[0] for name in contracted if not name.endswith("as a method")}
    assert public - contracted == set(), "these have no contract in tests/contracts"


def test_contracts_say_all_that_the_documentation_shows():
    names = [spec.name for spec in CONTRACTS]
    assert len(set(names)) == len(names)
    assert [spec.name for spec in CONTRACTS if not spec.formula] == []
    assert [spec.name for spec in CONTRACTS if spec.reference is None] == []
    assert {spec.orders for spec in CONTRACTS} == {(1, 2, 3)}
    assert {spec.dtypes for spec in CONTRACTS} == {("float64", "float32", "float16")}


@every_function
def test_gradients_have_the_same_bits_with_and_without_recording(spec):
    def check(f, arrays):
        for dtype in (np.float64, np.float32):
            xs = [x.astype(dtype) for x in arrays]
            gys = [gy.astype(dtype) for gy in random_like(values(f, xs), np.random.default_rng(0))]
            for plain, recorded in zip(gradients(f, xs, gys), gradients(f, xs, gys, record=True), strict=True):
                np.testing.assert_array_equal(plain, recorded)

    in_examples_of(spec, check)


@every(spec for spec in CONTRACTS if spec.name != "dropout")
def test_inference_gives_the_same_bits(spec):
    def check(f, arrays):
        recorded = f(*map(mg.Variable, arrays))
        with mg.inference():
            for y, z in zip(recorded, f(*map(mg.Variable, arrays)), strict=True):
                assert y.data.tobytes() == z.data.tobytes()
                assert z.creator is None

    in_examples_of(spec, check)


@every_function
def test_constants_give_a_constant(spec):
    def check(f, arrays):
        for y in f(*[mg.Variable(x, requires_grad=False) for x in arrays]):
            assert not y.requires_grad

    in_examples_of(spec, check)


@every_function
def test_anomaly_detection_finds_nothing(spec):
    def check(f, arrays):
        with mg.detect_anomaly():
            xs = [mg.Variable(x) for x in arrays]
            for y in f(*xs):
                if y.requires_grad:
                    mg.grad(y, xs, np.ones(y.shape))

    in_examples_of(spec, check)


@every_function
def test_backward_accumulates_what_grad_gives_in_memory_of_its_own(spec):
    def check(f, arrays):
        xs = [mg.Variable(x) for x in arrays]
        y = f(*xs)[0]
        if not y.requires_grad:
            return
        gy = np.full(y.shape, 0.75)
        y.backward(gy)
        y.backward(gy)
        gradients = [x.grad for x in xs]
        for x, gx in zip(xs, mg.grad(y, xs, gy), strict=True):
            np.testing.assert_array_equal(gx.data * 2, 0 if x.grad is None else x.grad.data)
        others = [gy, y.data, *(x.data for x in xs)]
        for i, gx in enumerate(gradients):
            if gx is not None:
                assert gx.data.flags.writeable
                assert not any(np.shares_memory(gx.data, other) for other in others)
                assert not any(np.shares_memory(gx.data, h.data) for h in gradients[:i] if h is not None)

    in_examples_of(spec, check)
