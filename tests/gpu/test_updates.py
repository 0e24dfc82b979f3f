"""An optimizer's step on a GPU: its formula, a Python function, for all parameters in one launch."""

import math
from functools import partial

import cupy
import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.backend.cuda import updates
from minigrad.backend.cuda.formulas import cuda_source
from minigrad.optim.adam import adam
from minigrad.optim.sgd import sgd
from tests.optim.formulas import every_case


def of_users(formula, *, slots=(), numbers=()):
    """An optimizer with a formula of a user's."""

    class Own(optim.Optimizer):
        slot_names = slots

        def numbers(self, step):
            return self.lr, *numbers, step

    Own.formula = staticmethod(formula)
    return lambda parameters: Own(parameters, lr=0.1)


def trained(kind, arrays, device, steps=3):
    """The parameters after some steps of an optimizer, and its state."""
    rng = np.random.default_rng(0)
    parameters = [mg.Variable(array.copy(), requires_grad=True) for array in arrays]
    for p in parameters:
        p.data = cupy.asarray(p.data) if device == "cuda" else p.data
    optimizer = kind(parameters)
    for _ in range(steps):
        for p in parameters:
            g = rng.standard_normal(p.shape).astype(p.dtype)
            p.grad = mg.Variable(cupy.asarray(g) if device == "cuda" else g)
        optimizer.step()
    return [cupy.asnumpy(p.data) for p in parameters] + [*optimizer.state_dict().values()]


def assert_as_on_the_cpu(kind, arrays):
    for found, expected in zip(trained(kind, arrays, "cuda"), trained(kind, arrays, "cpu"), strict=True):
        assert found.dtype == expected.dtype
        half = any(array.dtype == np.float16 for array in arrays)
        np.testing.assert_allclose(found, expected, rtol=2e-3 if half else 2e-5, atol=1e-3 if half else 1e-6)


ARRAYS = [np.ones((3, 700), np.float32), np.zeros(0, np.float32), np.full((2, 2), 2, np.float32)]


@every_case
def test_steps_are_those_of_the_cpu(kind, formula, settings, thread_order):
    assert_as_on_the_cpu(partial(kind, **{"lr": 0.1} | settings), ARRAYS)


def test_dtypes_may_be_mixed():
    assert_as_on_the_cpu(
        partial(optim.Adam, lr=0.1), [np.ones(5, dtype) for dtype in ("float16", "float32", "float32", "float64")]
    )


def test_parameters_in_any_memory_order():
    assert_as_on_the_cpu(partial(optim.Adam, lr=0.1), [np.asfortranarray(np.ones((3, 4), np.float32))])
    p = cupy.zeros((3, 4), np.float32)
    parameter = mg.Variable(p.T, requires_grad=True)
    parameter.grad = mg.Variable(cupy.ones((4, 3), np.float32))
    optim.SGD([parameter], lr=1).step()
    assert (p.get() == -1).all()


def test_one_launch_for_all_parameters(hosted):
    parameters = [mg.Variable(cupy.ones(3, np.float32), requires_grad=True) for _ in range(8)]
    optimizer = optim.Adam(parameters, lr=0.1)
    for _ in range(2):
        for p in parameters:
            p.grad = mg.Variable(cupy.ones(3, np.float32))
        with hosted.counting() as counts:
            optimizer.step()
    assert counts.kernels == ["update"]
    assert counts.copies_to_device == counts.synchronizations == 0


def test_more_parameters_than_a_launch_has_room_for(hosted):
    arrays = [np.full(n, n, np.float32) for n in range(1, 2 * updates.MOST)]
    assert_as_on_the_cpu(partial(optim.SGD, lr=0.1), arrays)


def soft_sign(p, g, m, lr, decay, step):
    """One of everything that a formula may be made of."""
    m = np.where(g > 0, m * decay, -np.abs(m)) + np.clip(g, -1, 1) ** 2
    root = np.sqrt(np.maximum(m, 1e-3)) + np.exp(-m) + np.abs(m) ** 0.5 + np.power(np.abs(m), 1.5)
    return p - lr * np.sign(g) * np.minimum(root, 3.0) / step, m


def test_formulas_of_users(hosted):
    kind = of_users(soft_sign, slots=("m",), numbers=(0.5,))
    with hosted.counting() as counts:
        trained(kind, ARRAYS[:1], "cuda", steps=1)
    assert counts.kernels[-1] == "update"
    assert_as_on_the_cpu(kind, ARRAYS)


def halves(p, g, lr, step):
    return p - lr * np.floor_divide(g, 0.5)  # floor_divide is not among what is written in CUDA C


def test_a_formula_that_is_not_traced_is_done_with_whole_arrays():
    assert cuda_source(halves, 0, 2) is None
    assert_as_on_the_cpu(of_users(halves), ARRAYS)


@pytest.mark.parametrize(
    "formula",
    [
        lambda p, g, lr: p - lr * g if g > 0 else p,
        lambda p, g, lr: p - lr * max(g, 0),
        lambda p, g, lr: p - lr * math.sqrt(g),
        lambda p, g, lr: p - lr * np.array([1.0, 2.0]) * g,
        lambda p, g, lr: p - math.inf * g,
        lambda p, g, lr: p - ((g > 0) + (g < 1)) * lr,
        lambda p, g, lr: p - np.add.reduce(g),
        lambda p, g, lr: p - np.sum(g),
        lambda p, g, lr: None,
    ],
)
def test_what_is_no_formula_of_numbers_is_not_traced(formula):
    assert cuda_source(formula, 0, 1) is None


def test_what_is_computed_once_is_written_once():
    assert cuda_source(adam, 2, 7).count("sqrt") == 1
    assert cuda_source(sgd, 0, 2).splitlines()[1:-1] == [
        "    const wide x0 = numbers[1] * p;",
        "    const wide x1 = g + x0;",
        "    const wide x2 = numbers[0] * x1;",
        "    const wide x3 = p - x2;",
        "    results[0] = x3;",
    ]


def test_a_formula_with_too_few_results_is_an_error():
    with pytest.raises(ValueError, match="sgd must give the new number and 1 slots, not 1 numbers"):
        cuda_source(sgd, 1, 1)


def test_an_update_of_whole_arrays_works_too():
    class Sign(optim.Optimizer):
        def update(self, p, g, slots, step):
            p -= self.lr * cupy.sign(g)

    class Clipped(optim.Adam):
        def update(self, p, g, slots, step):
            super().update(p, g.clip(-1, 1), slots, step)

    p = mg.Variable(cupy.ones(3, np.float32), requires_grad=True)
    for kind in (Sign, Clipped):
        p.grad = mg.Variable(cupy.full(3, 5, np.float32))
        kind([p], lr=0.25).step()
    np.testing.assert_allclose(p.data.get(), 0.5, rtol=1e-6)
