"""Reductions of ties, of nothing, of NaN and of numbers that cancel."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F


def gradient(f, values, dtype=np.float64):
    x = mg.Variable(np.array(values, dtype))
    return mg.grad(f(x).sum(), x).data.tolist()


TIES = [
    ("max", F.max, [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
    ("min", F.min, [2.0, 1.0, 1.0], [0, 0.5, 0.5]),
    ("max of equals", F.max, [1.0] * 4, [0.25] * 4),
    ("max of -inf", F.max, [-np.inf, -np.inf], [0.5, 0.5]),
    ("max over rows", lambda x: F.max(x, 1), [[1.0, 1.0], [1.0, 2.0]], [[0.5, 0.5], [0, 1]]),
    ("max over both", lambda x: F.max(x, (0, 1)), [[1.0, 2.0], [2.0, 2.0]], [[0, 1 / 3], [1 / 3, 1 / 3]]),
    ("max of NaN", F.max, [1.0, np.nan, 2.0], [0, 1, 0]),
    ("min of NaN", F.min, [1.0, np.nan, 2.0], [0, 1, 0]),
]


@pytest.mark.parametrize(("f", "x", "expected"), [row[1:] for row in TIES], ids=[row[0] for row in TIES])
def test_ties_share_the_gradient(f, x, expected):
    assert gradient(f, x) == expected


@pytest.mark.parametrize("f", [F.sum, F.mean, F.max, F.min, F.var, F.std, F.logsumexp])
def test_nan_stays_nan(f):
    assert np.isnan(f(np.array([1.0, np.nan])).data)


@pytest.mark.parametrize("f", [F.sum, F.mean, F.max, F.min, F.logsumexp])
def test_over_no_axes_everything_stays(f):
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(f(x, ()).data, x)
    assert gradient(lambda x: f(x, ()), x) == np.ones((2, 3)).tolist()


def test_the_sum_of_nothing_is_0():
    for axis, expected in ((None, 0), (0, [0, 0, 0]), (1, [])):
        assert F.sum(np.zeros((0, 3)), axis).data.tolist() == expected
    assert gradient(F.sum, np.zeros((0, 3))) == []


@pytest.mark.parametrize("f", [F.max, F.min, F.var, F.std, F.logsumexp])
def test_of_nothing_there_is_no_maximum_variance_or_logsumexp(f):
    with pytest.raises(ValueError, match=rf"^{f.__name__}: .*\(0, 3\)"):
        f(np.zeros((0, 3)))
    assert f(np.zeros((0, 3)), 1).shape == (0,)


def test_lists_of_axes_and_numpys_integers_are_axes():
    x = np.arange(6.0).reshape(1, 2, 3)
    assert F.sum(x, [0, 2]).shape == (2,)
    assert F.sum(x, np.int64(2)).shape == (1, 2)


# Variance


NEARLY_CONSTANT = [[0.1] * 10, [1e7, 1e7 + 2], [3.0] * 3, [1e4 + 0.1] * 1000, [1e-30] * 5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", NEARLY_CONSTANT, ids=lambda x: f"{x[0]:g}")
def test_the_variance_is_never_negative(x, dtype):
    x = np.array(x, dtype)
    variance = F.var(x).data
    assert variance >= 0
    np.testing.assert_allclose(variance, np.var(x.astype(np.float64)), rtol=1e-5, atol=1e-12)


def test_the_variance_of_large_numbers_keeps_its_digits():
    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(F.var(x + 1e6).data, F.var(x).data, rtol=1e-9)


def test_the_std_of_a_constant_is_0_with_gradient_0():
    assert F.std(np.full(3, 3.0)).item() == 0
    assert gradient(F.std, [3.0, 3.0, 3.0]) == [0, 0, 0]
    assert gradient(lambda x: F.std(x, 1), [[3.0, 3.0], [0.0, 2.0]]) == [[0, 0], [-0.5, 0.5]]


def test_the_std_of_one_number_is_0_with_gradient_0():
    assert gradient(F.std, [3.0]) == [0]


def test_ddof_divides_by_less():
    assert F.var(np.array([0.0, 2.0]), ddof=1).item() == 2
    with pytest.raises(ValueError, match=r"var: ddof=1 .* 1 .*\(1,\)"):
        F.var(np.array([1.0]), ddof=1)


# Far out


def test_logsumexp_of_large_numbers():
    for x in (1e3, -1e3, 0.0):
        np.testing.assert_allclose(F.logsumexp(np.array([x, x])).data, x + np.log(2), rtol=1e-14)
    np.testing.assert_allclose(gradient(F.logsumexp, [1e3, -1e3]), [1, 0])


def test_logsumexp_of_a_masked_number():
    assert F.logsumexp(np.array([-np.inf, 0.0])).item() == 0
    assert gradient(F.logsumexp, [-np.inf, 0.0]) == [0, 1]


def test_logsumexp_of_one_number_is_that_number():
    assert F.logsumexp(np.array([-7.5])).item() == -7.5


@pytest.mark.parametrize("f", [F.sum, F.mean])
def test_float16_is_added_up_in_float32(f):
    x = np.full(4096, 1.0 + 2**-10, np.float16)
    np.testing.assert_allclose(f(x).data, f(x.astype(np.float64)).data.astype(np.float16), rtol=0)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("f", [F.sum, F.mean, F.var, F.logsumexp])
def test_float16_is_added_up_in_float32_over_any_axis(f, axis):
    x = np.ones((5000, 2) if axis == 0 else (2, 5000), np.float16)
    np.testing.assert_allclose(f(x, axis).data, f(x.astype(np.float64), axis).data, rtol=1e-3)


def test_the_mean_of_float16_numbers_whose_sum_overflows():
    assert F.mean(np.full(4, 6e4, np.float16)).item() == np.float16(6e4)


def test_the_gradient_of_a_broadcast_float16_is_added_up_in_float32():
    x = mg.Variable(np.ones(1, np.float16))
    gx = mg.grad(x.broadcast_to((4097,)), x, np.full(4097, 1, np.float16))
    assert gx.item() == np.float16(4097)


@pytest.mark.parametrize("f", [F.sum, F.max, F.logsumexp])
def test_keepdims_is_true_or_false(f):
    with pytest.raises(TypeError, match=r"keepdims must be True or False, not 'no'$"):
        f(np.ones(2), keepdims="no")
