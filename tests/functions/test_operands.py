"""What an operator's operands may be, and what dtype and shape come of them."""

import operator
from functools import partial

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]

FLOATS = [np.float16, np.float32, np.float64]


@pytest.mark.parametrize("op", OPERATORS)
def test_an_array_takes_the_float_type_of_the_variable(op):
    for first in FLOATS:
        for second in (*FLOATS, np.int8, np.int64, np.uint8):
            x, b = mg.Variable(np.ones(2, first)), np.ones(2, second)
            assert op(x, b).dtype == op(b, x).dtype == op(x, b.tolist()[0]).dtype == first


@pytest.mark.parametrize("op", OPERATORS)
def test_variables_are_promoted_as_numpy_does(op):
    for first in FLOATS:
        for second in FLOATS:
            a, b = np.ones(2, first), np.ones(2, second)
            assert op(mg.Variable(a), mg.Variable(b)).dtype == op(a, b).dtype


IMAGE, FILTER = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("f", "arrays"),
    [
        (F.matmul, (np.ones((2, 3)), np.ones((3, 2)))),
        (F.linear, (np.ones((2, 3)), np.ones((3, 2)), np.ones(2))),
        (F.conv2d, (IMAGE, FILTER, np.ones(1))),
        (F.conv_relu_pool, (IMAGE, FILTER, np.ones(1))),
        (F.maximum, (np.ones(2), np.zeros(2))),
        (F.minimum, (np.ones(2), np.zeros(2))),
        (F.power, (np.ones(2), np.ones(2))),
        (F.mean_squared_error, (np.ones(2), np.zeros(2))),
        (partial(F.where, np.array([True, False])), (np.ones(2), np.zeros(2))),
        (lambda *xs: F.concatenate(xs), (np.ones(2), np.zeros(2))),
        (lambda *xs: F.stack(xs), (np.ones(2), np.zeros(2))),
    ],
)
def test_arrays_beside_a_variable_take_its_float_type(f, arrays, dtype):
    for i in range(len(arrays)):
        operands = [x.astype(np.float64 if dtype != np.float64 else np.float32) for x in arrays]
        operands[i] = mg.Variable(arrays[i].astype(dtype))
        assert f(*operands).dtype == dtype, i


def test_a_division_by_a_number_is_rounded_once():
    x = np.random.default_rng(0).uniform(1, 2, 100)
    assert (mg.Variable(x) / 3).data.tobytes() == (x / 3).tobytes()


def test_functions_take_arrays_and_numbers_as_constants():
    assert F.exp(0.0).item() == 1
    assert not F.exp(np.ones(2)).requires_grad


# Numbers beside a Variable


@pytest.mark.parametrize("function", ["maximum", "minimum"])
def test_a_number_beside_an_integer_variable_keeps_its_fraction(function):
    i = mg.Variable(np.array([-2, 0, 3]), requires_grad=False)
    np.testing.assert_array_equal(getattr(F, function)(i, 0.5).data, getattr(np, function)(i.data, 0.5))
    np.testing.assert_array_equal(getattr(F, function)(0.5, i).data, getattr(np, function)(i.data, 0.5))


def test_where_chooses_between_an_integer_variable_and_a_fraction():
    i = mg.Variable(np.array([-2, 0, 3]), requires_grad=False)
    np.testing.assert_array_equal(F.where([1, 0, 1], i, 0.5).data, [-2, 0.5, 3])


def test_where_does_not_wrap_a_negative_number():
    i = mg.Variable(np.array([1, 2], np.uint8), requires_grad=False)
    np.testing.assert_array_equal(F.where([True, False], i, -1).data, [1, -1])


@pytest.mark.parametrize("function", [F.power, F.maximum, F.minimum])
def test_lists_are_operands_on_both_sides(function):
    v = mg.Variable([2.0, 3.0])
    np.testing.assert_array_equal(function([1.0, 4.0], v).data, function(np.array([1, 4], "f"), v.data).data)
    np.testing.assert_array_equal(function(v, [1.0, 4.0]).data, function(v.data, np.array([1, 4], "f")).data)


# Integers where a layer computes


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
@pytest.mark.parametrize(
    "layer",
    [
        lambda x: F.conv2d(x, np.ones((2, 1, 2, 2), np.float32)),
        lambda x: F.linear(x, np.ones((4, 2), np.float32)),
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 2),
    ],
)
def test_integer_inputs_become_floats(layer, dtype):
    x = np.arange(16).reshape(1, 1, 4, 4).astype(dtype)
    y = layer(x)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.data, layer(x.astype(np.float32)).data)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("number", [0, 1.5])
@pytest.mark.parametrize("constant", [np.asarray, partial(mg.Variable, requires_grad=False)])
def test_a_number_beside_an_array_is_what_it_is_to_numpy(dtype, number, constant):
    x = np.array([1, 2], dtype)
    y = F.maximum(constant(x), number)
    np.testing.assert_array_equal(y.data, np.maximum(x, number), strict=True)


def test_numbers_that_a_mask_chooses_between_are_of_the_default_float_type():
    assert F.where(np.array([True, False]), 1, 0.5).dtype == np.float32
