"""Numbers beside a GPU's arrays, in every operator and function, and in what their backward passes compute."""

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 0.5]], np.float32)

OPERATIONS = {
    "number / x": lambda x: 1 / x,
    "number ** x": lambda x: 2**x,
    "number - x": lambda x: 1 - x,
    "x * np.float32": lambda x: x * np.float32(2),
    "np.float32 * x": lambda x: np.float32(2) * x,
    "np.float64 * x": lambda x: np.float64(2) * x,
    "x ** 0-d array": lambda x: x ** np.array(1.5),
    "0-d array / x": lambda x: np.array(2.0) / x,
    "maximum": lambda x: F.maximum(x, 3),
    "minimum of a number and x": lambda x: F.minimum(3, x),
    "where": lambda x: F.where(x > 2, x, 0),
    "where of two numbers": lambda x: F.where(x > 2, 1.0, x[0, 0]),
    "where True": lambda x: F.where(True, x, 0.0),
    "clip": lambda x: F.clip(x, 1.5, 3),
    "power to a number": lambda x: F.power(x, 1.5),
    "power of a number": lambda x: F.power(1.5, x),
    "max": lambda x: x.max(1),
    "min": lambda x: x.min(0),
    "logsumexp": lambda x: F.logsumexp(x, 1),
    "std": lambda x: F.std(x, 1),
    "NumPy's function": lambda x: np.maximum(x, 2),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_numbers_beside_device_arrays(operation):
    found, expected = [], []
    for to, results in ((cupy.asarray, found), (np.copy, expected)):
        x = mg.Variable(to(X))
        y = operation(x)
        (gx,) = mg.grad((y * y).sum(), [x], create_graph=True)
        results += [y, gx, mg.grad((gx * gx).sum(), x, allow_unused=True)]
    for got, wanted in zip(found, expected, strict=True):
        assert (got.device, got.dtype) == ("cuda:0", np.float32)
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), 1e-4, 1e-5)


def test_where_of_numbers_is_where_its_condition_is():
    y = F.where(mg.Variable(cupy.asarray(X)) > 2, 1.0, 0.0)
    assert y.device == "cuda:0"
    assert y.numpy().tolist() == [[0, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.array(2.0), cupy.array(2.0)], ids=type)
def test_comparisons(number):
    x = mg.Variable(cupy.asarray(X))
    assert (x > number).get().tolist() == (number < x).get().tolist() == (X > 2).tolist()


def test_a_number_as_the_gradient_to_start_from():
    x = mg.Variable(cupy.asarray(X))
    x.sum().backward(2.0)
    assert x.grad.numpy().tolist() == [[2] * 3] * 2


def test_a_number_costs_a_launch_and_no_copy_from_the_host(hosted):
    x = mg.Variable(cupy.asarray(X))
    for operation in (lambda: x * 2, lambda: x + 1, lambda: 1 - x, lambda: x**2):
        operation()
    with hosted.counting() as counts:
        x * 2, x + 1, x / 2, x**2
    assert counts.launches == 4
    with hosted.counting() as counts:
        1 / x
    assert counts.launches == 2
    assert counts.copies_to_device == counts.synchronizations == 0
