"""What holds for every function in minigrad's modes; what each promises by itself is in its contract."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from minigrad.testing.contracts import CONTRACTS

import minigrad as mg
from minigrad.testing.derivatives import outputs
from minigrad.testing.strategies import examples


def in_examples_of(spec, check, count=8):
    @seeded(0)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(examples(spec))
    def run(example):
        check(lambda *xs: outputs(spec.op(*xs, **example.kwargs)), example.arrays)

    run()


def every(specs):
    return pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in specs])


every_function = every(CONTRACTS)


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
