"""Step functions: NumPy's values, and derivative 0."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

POINTS = np.array([-2.5, -1.5, -1.0, -0.5, -0.0, 0.0, 0.4, 0.5, 1.5, 2.0, 2.5, 1e10])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["sign", "floor", "ceil", "round"])
def test_values_are_numpys(name, dtype):
    with np.errstate(over="ignore"):
        x = POINTS.astype(dtype)
    np.testing.assert_array_equal(getattr(F, name)(x).data, getattr(np, name)(x), strict=True)


@pytest.mark.parametrize("name", ["sign", "floor", "ceil", "round"])
def test_integers_stay_what_they_are_in_numpy(name):
    x = np.array([-3, 0, 25])
    np.testing.assert_array_equal(getattr(F, name)(x).data, getattr(np, name)(x), strict=True)


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 3])
def test_round_to_decimals_is_numpys(decimals):
    x = np.random.default_rng(0).uniform(-1000, 1000, 100)
    np.testing.assert_array_equal(F.round(x, decimals).data, np.round(x, decimals))
    np.testing.assert_array_equal(F.round(np.array([15, 25, -149]), -1).data, [20, 20, -150])


@pytest.mark.parametrize(("dtype", "x", "decimals"), [(np.float16, 700.5, 2), (np.float64, 1e308, 3)])
def test_a_number_too_large_for_decimals_stays(dtype, x, decimals):
    assert F.round(np.array([x, -x], dtype), decimals).data.tolist() == [x, -x]


@pytest.mark.parametrize("f", [F.sign, F.floor, F.ceil, F.round, lambda x: F.round(x, 1)])
def test_no_gradient_passes_whatever_comes_from_above(f):
    x = mg.Variable(POINTS)
    assert mg.grad(f(x), x, np.full(x.shape, np.inf)).data.tolist() == [0] * x.size
    f(x * 2).sum().backward()
    assert x.grad is None or not x.grad.data.any()


def test_a_step_is_a_constant_factor():
    x = mg.Variable(np.array([-1.5, 2.5]))
    assert mg.grad((F.floor(x) * x).sum(), x).data.tolist() == [-2, 2]


@pytest.mark.parametrize("decimals", [1.0, "1", None, True])
def test_decimals_must_be_an_int(decimals):
    with pytest.raises(TypeError, match=r"^round: decimals must be an int, not "):
        F.round(np.ones(2), decimals)
