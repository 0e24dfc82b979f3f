"""Elementwise functions at the points and with the operands that are easily got wrong."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F


def gradient(f, *values):
    """The gradient of the sum of f's outputs, towards each of the float64 values."""
    xs = [mg.Variable(np.array(value, np.float64)) for value in values]
    gradients = mg.grad(f(*xs).sum(), xs)
    return [gx.data.tolist() for gx in gradients] if len(xs) > 1 else gradients[0].data.tolist()


AT_THE_EDGE = [
    ("abs at 0", F.abs, [0.0, -0.0, -2.0], [0, 0, -1]),
    ("clip at its bounds", lambda x: F.clip(x, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0], [0, 1, 1, 1, 0]),
    ("clip without bounds", F.clip, [-2.0, 5.0], [1, 1]),
    ("clip to one point", lambda x: F.clip(x, 1, 1), [0.0, 1.0, 2.0], [0, 1, 0]),
    ("clip of infinity", lambda x: F.clip(x, -1, 1), [-np.inf, np.inf], [0, 0]),
    ("square at 0", F.square, [0.0], [0]),
    ("x ** 0 at 0", lambda x: x**0, [0.0, 2.0], [0, 0]),
    ("x ** 1 at 0", lambda x: x**1, [0.0], [1]),
    ("x ** 2 at 0", lambda x: x**2, [0.0, -2.0], [0, -4]),
    ("x ** array at 0", lambda x: x ** np.array([0.0, 1.0, 2.0]), [0.0, 0.0, 0.0], [0, 1, 0]),
    ("maximum with a tie", lambda x: F.maximum(x, 1.0), [0.0, 1.0, 2.0], [0, 0.5, 1]),
    ("minimum with a tie", lambda x: F.minimum(x, 1.0), [0.0, 1.0, 2.0], [1, 0.5, 0]),
    ("maximum of x and x", lambda x: F.maximum(x, x), [3.0, -1.0], [1, 1]),
    ("minimum of x and x", lambda x: F.minimum(x, x), [3.0, -1.0], [1, 1]),
]


@pytest.mark.parametrize(("f", "x", "expected"), [row[1:] for row in AT_THE_EDGE], ids=[row[0] for row in AT_THE_EDGE])
def test_gradient_where_there_is_no_derivative(f, x, expected):
    assert gradient(f, x) == expected


INFINITE = [
    ("sqrt", F.sqrt),
    ("log", F.log),
    ("x ** 0.5", lambda x: x**0.5),
    ("x ** [0.5]", lambda x: x ** np.array([0.5])),
]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("f", [f for _, f in INFINITE], ids=[name for name, _ in INFINITE])
def test_infinite_derivatives_at_0_are_inf(f):
    assert gradient(f, [0.0]) == [np.inf]


def test_sqrt_and_power_at_0_are_0():
    x = mg.Variable(np.zeros(1))
    assert F.sqrt(x).item() == (x**0.5).item() == 0


def test_power_towards_the_exponent_of_0_is_0():
    assert gradient(F.power, [0.0, 0.0], [2.0, 0.0]) == [[0, 0], [0, 0]]


def test_power_of_a_negative_base_to_a_constant_array_warns_of_nothing():
    assert gradient(lambda x: x ** np.array([2.0, 3.0]), [-2.0, -2.0]) == [-4, 12]


def test_where_keeps_what_it_does_not_choose_from_the_result():
    with np.errstate(invalid="ignore"):
        x = mg.Variable(np.array([-1.0, 4.0]))
        y = F.where(x.data > 0, F.sqrt(x), x)
    assert y.data.tolist() == [-1, 2]


def test_where_keeps_what_it_does_not_choose_from_the_gradient():
    a, b = (mg.Variable(np.array([1.0, 2.0])) for _ in range(2))
    ga, gb = mg.grad(F.where(np.array([True, False]), a, b), [a, b], np.array([np.nan, np.inf]))
    np.testing.assert_array_equal(ga.data, [np.nan, 0])
    np.testing.assert_array_equal(gb.data, [0, np.inf])


def test_where_takes_any_condition_that_numpy_takes():
    for condition in (np.array([2.5, 0.0]), np.array([1, 0]), mg.Variable(np.array([1.0, 0.0]))):
        assert F.where(condition, 1.0, 2.0).data.tolist() == [1, 2]


def test_maximum_and_minimum_hand_nan_on():
    x = mg.Variable(np.array([np.nan, 1.0]))
    for f in (F.maximum, F.minimum):
        assert np.isnan(f(x, 0.5).data).tolist() == [True, False]


NUMBERS = [
    ("power of a number", lambda x: F.power(0.1, x), lambda x: 0.1**x),
    ("power to a number", lambda x: F.power(x, 0.1), lambda x: x**0.1),
    ("maximum", lambda x: F.maximum(0.1, x * 0), lambda x: 0.1 + 0 * x),
    ("minimum", lambda x: F.minimum(x, 0.1), lambda x: 0.1 + 0 * x),
    ("where", lambda x: F.where(np.array([True, False, True]), x, 0.1), lambda x: np.where([1, 0, 1], x, 0.1)),
    ("clip", lambda x: F.clip(x, high=0.1), lambda x: 0.1 + 0 * x),
]


@pytest.mark.parametrize(("f", "reference"), [row[1:] for row in NUMBERS], ids=[row[0] for row in NUMBERS])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_number_takes_the_other_operands_dtype_and_its_precision(f, reference, dtype):
    x = np.array([1, 2, 3], dtype)
    y = f(mg.Variable(x))
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data, reference(x.astype(np.float64)), rtol=4 * np.finfo(dtype).eps)


SCALARS = [np.float64(2), np.float32(2), np.array(2.0), np.array(2), 2, True]


@pytest.mark.parametrize("scalar", SCALARS, ids=repr)
def test_numpys_scalars_make_no_float64_of_float32(scalar):
    x = mg.Variable(np.ones(3, np.float32))
    results = [x + scalar, scalar - x, x * scalar, scalar / x, x**scalar, scalar**x]
    results += [F.maximum(x, scalar), F.minimum(scalar, x), F.where(x.data > 0, scalar, x), F.power(scalar, x)]
    assert {str(y.dtype) for y in results} == {"float32"}


@pytest.mark.parametrize("bound", [np.float64(0.5), np.float32(0.5), np.int64(1), 1, 0.5], ids=repr)
def test_the_bounds_of_clip_make_no_float64_of_float32(bound):
    y = F.clip(mg.Variable(np.ones(3, np.float32)), bound, 2.5)
    assert y.dtype == np.float32


@pytest.mark.parametrize(("low", "high"), [(0, 3), (None, np.int64(3)), (0, 300), (0, 2.5), (True, None)], ids=repr)
def test_clip_leaves_integers_what_they_are_as_numpy_does(low, high):
    x = np.array([-3, 1, 5], np.int8)
    y, wanted = F.clip(x, low, high), np.clip(x, low, int(high) if isinstance(high, np.int64) else high)
    assert y.dtype == wanted.dtype
    np.testing.assert_array_equal(y.data, wanted)


def test_a_bound_beyond_the_largest_float_is_none():
    np.testing.assert_array_equal(F.clip(np.array([-1, 1], np.float32), -1e300, 1e300).data, [-1, 1])
