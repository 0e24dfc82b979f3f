"""Elementary functions: right to rounding wherever the result is finite, in each float type, and silent there."""

import numpy as np
import pytest
from scipy import special

import minigrad as mg
import minigrad.functions as F

DTYPES = [np.float16, np.float32, np.float64]
INF = np.inf
RNG = np.random.default_rng(0)
ORDINARY = RNG.uniform(-3, 3, 400)
BELOW_ONE = RNG.uniform(-0.999, 0.999, 400)
MAGNITUDES = 10.0 ** RNG.uniform(-300, 300, 2000)


def derivatives(f, values, dtype=np.float64):
    """The value, the derivative and the second derivative at each number."""
    x = mg.Variable(np.array(values, dtype))
    y = f(x)
    gx = mg.grad(y, x, np.ones(y.shape, dtype), create_graph=True)
    return y.data, gx.data, mg.grad(gx, x, np.ones(y.shape, dtype)).data


def first(f, x):
    """The value and the derivative at each number of an array."""
    x = mg.Variable(x)
    y = f(x)
    return y.data, mg.grad(y, x, np.ones_like(y)).data


# function, its derivative, where
WIDE = [
    (F.sin, np.cos, ORDINARY),
    (F.cos, lambda x: -np.sin(x), ORDINARY),
    (F.tan, lambda x: 1 / np.cos(x) ** 2, RNG.uniform(-1.4, 1.4, 400)),
    (F.arcsin, lambda x: 1 / np.sqrt(1 - x * x), BELOW_ONE),
    (F.arccos, lambda x: -1 / np.sqrt(1 - x * x), BELOW_ONE),
    (F.arctan, lambda x: 1 / (1 + x * x), np.concatenate([MAGNITUDES, -MAGNITUDES, ORDINARY])),
    (F.sinh, np.cosh, RNG.uniform(-9, 9, 400)),
    (F.cosh, np.sinh, RNG.uniform(-9, 9, 400)),
    (F.exp, np.exp, RNG.uniform(-9, 9, 400)),
    (F.expm1, np.exp, np.concatenate([RNG.uniform(-9, 9, 400), -(10.0 ** RNG.uniform(-20, 1, 400))])),
    (F.log, lambda x: 1 / x, MAGNITUDES),
    (F.log1p, lambda x: 1 / (1 + x), np.concatenate([BELOW_ONE, MAGNITUDES])),
    (F.log2, lambda x: 1 / x / np.log(np.longdouble(2)), MAGNITUDES),
    (F.log10, lambda x: 1 / x / np.log(np.longdouble(10)), MAGNITUDES),
    (F.reciprocal, lambda x: -1 / (x * x), np.concatenate([MAGNITUDES, -MAGNITUDES])),
    (F.erf, lambda x: 2 / np.sqrt(np.longdouble(np.pi)) * np.exp(-x * x), RNG.uniform(-1.5, 1.5, 400)),
    (F.softsign, lambda x: 1 / (1 + np.abs(x)) ** 2, np.concatenate([MAGNITUDES, -MAGNITUDES])),
    (F.silu, lambda x: np.exp(x) / (np.exp(x) + 1) ** 2 * (1 + x + np.exp(x)), np.append(np.abs(ORDINARY), [-8, 30])),
    (F.elu, lambda x: np.where(x > 0, 1, np.exp(x)), np.concatenate([-MAGNITUDES, MAGNITUDES, ORDINARY])),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("f", "derivative", "points"), WIDE, ids=[row[0].__name__ for row in WIDE])
def test_the_derivative_is_right_to_rounding_and_silent(f, derivative, points, dtype):
    with np.errstate(over="ignore", under="ignore"):
        x = points.astype(dtype)
    x = x[np.isfinite(x) & (np.abs(x) >= np.finfo(dtype).smallest_normal)]
    with np.errstate(over="ignore", under="ignore"):
        expected = derivative(x.astype(np.longdouble))
    x = x[np.abs(expected) < np.finfo(dtype).max / 2]
    expected = expected[np.abs(expected) < np.finfo(dtype).max / 2]
    with np.errstate(all="raise", under="ignore"):
        _, found = first(f, x)
    error = np.abs(found.astype(np.longdouble) - expected)
    unit = np.finfo(dtype).eps * np.abs(expected) + np.finfo(dtype).smallest_subnormal
    assert (error <= 6 * unit).all(), x[np.argmax(error / unit)]


VALUES = [
    (F.expm1, np.expm1, [1e-3, -1e-4, 2e-4]),
    (F.log1p, np.log1p, [1e-3, -1e-4, 2e-4]),
    (F.erf, special.erf, [1e-3, -1e-4, 0.5, 1, -2.0, 3]),
    (F.gelu, lambda x: x * special.ndtr(x), [-1, 0.5, 3, 8]),
    (F.silu, lambda x: x * special.expit(x), [-8, -1, 0.5, 3]),
    (F.elu, lambda x: np.where(x > 0, x, np.expm1(x)), [-1e-3, -2, 3]),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("f", "reference", "points"), VALUES, ids=[row[0].__name__ for row in VALUES])
def test_the_value_is_right_to_rounding(f, reference, points, dtype):
    x = np.array(points, dtype)
    y = f(x).data
    assert y.dtype == dtype
    np.testing.assert_allclose(y.astype(np.float64), reference(x.astype(np.float64)), rtol=4 * np.finfo(dtype).eps)


# function: value, derivative and second derivative at −∞, and at ∞
AT_INFINITY = {
    "arctan": (F.arctan, [-np.pi / 2, 0, 0], [np.pi / 2, 0, 0]),
    "tanh": (F.tanh, [-1, 0, 0], [1, 0, 0]),
    "expm1": (F.expm1, [-1, 0, 0], None),
    "reciprocal": (F.reciprocal, [0, 0, 0], [0, 0, 0]),
    "log1p": (F.log1p, None, [INF, 0, 0]),
    "log2": (F.log2, None, [INF, 0, 0]),
    "log10": (F.log10, None, [INF, 0, 0]),
    "erf": (F.erf, [-1, 0, 0], [1, 0, 0]),
    "sign": (F.sign, [-1, 0, 0], [1, 0, 0]),
    "floor": (F.floor, [-INF, 0, 0], [INF, 0, 0]),
    "ceil": (F.ceil, [-INF, 0, 0], [INF, 0, 0]),
    "round": (F.round, [-INF, 0, 0], [INF, 0, 0]),
    "round decimals": (lambda x: F.round(x, 2), [-INF, 0, 0], [INF, 0, 0]),
    "elu": (F.elu, [-1, 0, 0], [INF, 1, 0]),
    "selu": (F.selu, [-1.7580993408473766, 0, 0], [INF, 1.0507009873554805, 0]),
    "prelu": (lambda x: F.prelu(x, 0.5), [-INF, 0.5, 0], [INF, 1, 0]),
    "prelu of slope 0": (lambda x: F.prelu(x[x.data > 0], 0.0), None, [INF, 1, 0]),
    "gelu": (F.gelu, [0, 0, 0], [INF, 1, 0]),
    "gelu by tanh": (lambda x: F.gelu(x, "tanh"), [0, 0, 0], [INF, 1, 0]),
    "silu": (F.silu, [0, 0, 0], [INF, 1, 0]),
    "softsign": (F.softsign, [-1, 0, 0], [1, 0, 0]),
    "hard_sigmoid": (F.hard_sigmoid, [0, 0, 0], [1, 0, 0]),
    "hard_tanh": (F.hard_tanh, [-1, 0, 0], [1, 0, 0]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", AT_INFINITY)
def test_at_infinity_values_and_derivatives_have_their_limits(name, dtype):
    f, *sides = AT_INFINITY[name]
    for infinity, expected in zip((-INF, INF), sides, strict=True):
        if expected is not None:
            found = [part.item() for part in derivatives(f, [infinity], dtype)]
            np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)


FINITE_EVERYWHERE = ["erf", "elu", "prelu", "gelu", "gelu by tanh", "silu", "softsign", "hard_sigmoid", "arctan"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FINITE_EVERYWHERE)
def test_numbers_of_any_size_are_silent(name, dtype):
    largest = float(np.finfo(dtype).max)
    sizes = np.array([1, 1.1, 5, 10, 30, 39, 40, 41, 100, 700, 999, 1001, 2e4, 6e4, largest / 2, largest], dtype)
    with np.errstate(all="raise", under="ignore"):
        for part in derivatives(AT_INFINITY[name][0], np.concatenate([-sizes, sizes]), dtype):
            assert np.isfinite(part).all()


@pytest.mark.parametrize("name", AT_INFINITY)
def test_nan_stays_nan(name):
    if name != "prelu of slope 0":
        assert np.isnan(AT_INFINITY[name][0](np.array([np.nan])).data).all()


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    ("f", "x", "y", "gx"),
    [
        (F.arcsin, 1.0, np.pi / 2, INF),
        (F.arcsin, -1.0, -np.pi / 2, INF),
        (F.arcsin, 1.5, np.nan, np.nan),
        (F.arccos, 1.0, 0, -INF),
        (F.arccos, -1.0, np.pi, -INF),
        (F.arccos, -1.5, np.nan, np.nan),
        (F.log1p, -1.0, -INF, INF),
        (F.log2, 0.0, -INF, INF),
        (F.log10, 0.0, -INF, INF),
        (F.reciprocal, 0.0, INF, -INF),
        (F.reciprocal, -0.0, -INF, -INF),
    ],
)
def test_the_limits_at_the_end_of_the_domain(f, x, y, gx):
    found = first(f, np.array([x]))
    np.testing.assert_allclose([part.item() for part in found], [y, gx])


@pytest.mark.parametrize("dtype", DTYPES)
def test_near_the_ends_arcsin_keeps_its_digits(dtype):
    x = np.array([1 - np.finfo(dtype).epsneg, -1 + 2 * np.finfo(dtype).epsneg], dtype)
    wide = x.astype(np.longdouble)
    slope = 1 / np.sqrt((1 - wide) * (1 + wide))
    for f, sign in ((F.arcsin, 1), (F.arccos, -1)):
        found = first(f, x)[1].astype(np.longdouble)
        np.testing.assert_allclose(found, sign * slope, rtol=float(4 * np.finfo(dtype).eps))


@pytest.mark.parametrize("f", [f for f, _, _ in WIDE] + [F.gelu, F.selu, F.hard_sigmoid])
def test_integers_become_floats_as_in_numpy(f):
    integers = np.array([1, 1])
    y = f(integers)
    if f is F.reciprocal:
        assert y.dtype == np.reciprocal(integers).dtype
    else:
        assert y.dtype == np.float64
        np.testing.assert_array_equal(y.data, f(integers.astype(np.float64)).data)


@pytest.mark.parametrize(
    "f", [F.sigmoid, F.softplus, F.softmax, F.log_softmax, F.silu, F.gelu, F.elu, F.softsign, F.hard_sigmoid, F.erf]
)
def test_unsigned_integers_have_negatives(f):
    x = np.array([0, 1, 200, 255], np.uint8)
    assert f(x).dtype == np.float16
    np.testing.assert_array_equal(f(x).data, f(x.astype(np.float16)).data)
