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


@pytest.mark.parametrize("f", [F.sum, F.mean, F.max, F.min, F.var, F.std, F.logsumexp, F.prod, F.norm])
def test_nan_stays_nan(f):
    assert np.isnan(f(np.array([1.0, np.nan])).data)


@pytest.mark.parametrize("f", [F.sum, F.mean, F.max, F.min, F.logsumexp, F.prod])
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


def test_the_product_of_nothing_is_1():
    for axis, expected in ((None, 1), (0, [1, 1, 1]), (1, [])):
        assert F.prod(np.zeros((0, 3)), axis).data.tolist() == expected
    assert gradient(F.prod, np.zeros((0, 3))) == []


@pytest.mark.parametrize(
    ("x", "expected"),
    [([2.0, 0.0, 4.0], [0, 8, 0]), ([0.0, 0.0, 4.0], [0, 0, 0]), ([0.0], [1]), ([-2.0, 3.0, 0.5, 1.0, 4.0], None)],
)
def test_a_gradient_of_a_product_is_that_of_the_others(x, expected):
    others = [float(np.prod(x[:i] + x[i + 1 :])) for i in range(len(x))]
    assert gradient(F.prod, x) == others
    assert expected in (others, None)


def test_higher_derivatives_of_a_product_are_right_where_elements_are_0():
    x = mg.Variable(np.array([0.0, 0.0, 0.0, 5.0]))
    gx = mg.grad(F.prod(x), x, create_graph=True)
    second = mg.grad(gx[0], x, create_graph=True)  # ∂/∂x of x1·x2·x3
    third = mg.grad(second[1], x, create_graph=True)  # of x2·x3
    assert [gx.data.tolist(), second.data.tolist(), third.data.tolist()] == [[0] * 4, [0] * 4, [0, 0, 5, 0]]
    assert mg.grad(third[2], x).data.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_product_leaves_the_range_on_the_way_only(dtype):
    x = np.array([1e4, 1e4, 1e-3, 1e-3] * (8 if dtype == np.float32 else 1), dtype)
    np.testing.assert_allclose(F.prod(x).data, np.prod(x.astype(float)), rtol=2e-3)
    half = mg.Variable(np.array([1e4, 1e4, 1e-3, 1e-3, 1e-2], dtype))
    np.testing.assert_allclose(mg.grad(F.prod(half), half).data[:2].astype(float), 1e-4, rtol=5e-3)


NORMS = [(None, None), (None, 0), (None, (0, 1)), (2, 1), (1, 0), (np.inf, -1), ("fro", None), ("fro", (1, 0))]


@pytest.mark.parametrize(("ord_", "axis"), NORMS)
def test_norms_are_numpys(ord_, axis):
    x = np.array([[3.0, -1.0, 2.0], [0.0, -4.0, 0.5]])
    for keepdims in (False, True):
        expected = np.linalg.norm(x, ord_, axis, keepdims)
        for y in (
            F.norm(x, ord_, axis, keepdims=keepdims),
            np.linalg.norm(mg.Variable(x), ord_, axis, keepdims=keepdims),
        ):
            assert y.shape == expected.shape
            np.testing.assert_allclose(y.data, expected, rtol=1e-15)


def test_a_norm_without_ord_is_over_any_axes():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_allclose(F.norm(x, axis=(0, 1, 2)).data, np.linalg.norm(x))
    np.testing.assert_allclose(F.norm(x).data, np.linalg.norm(x))
    assert F.norm(x, axis=(0, 2), keepdims=True).shape == (1, 3, 1)


def test_the_norm_of_nothing_is_0():
    for ord_ in (None, 1, 2):
        assert F.norm(np.zeros((0, 3)), ord_, 0).data.tolist() == [0, 0, 0]
    assert F.norm(np.zeros((0, 3)), np.inf, 1).shape == (0,)


def test_the_norm_of_integers_is_a_float():
    assert F.norm(np.array([3, 4])).data.tolist() == 5
    assert F.norm(np.array([3, 4])).dtype == np.float64


def test_where_all_are_0_a_norm_has_derivatives_0():
    x = mg.Variable(np.array([[0.0, 0.0], [3.0, 4.0]]))
    gx = mg.grad(F.norm(x, axis=1), x, np.ones(2), create_graph=True)
    np.testing.assert_allclose(gx.data, [[0, 0], [0.6, 0.8]])
    second = mg.grad(gx, x, np.ones((2, 2)), create_graph=True)
    np.testing.assert_allclose(second.data, [[0, 0], [0.2 * 0.16, -0.2 * 0.12]])
    assert mg.grad(second.sum(), x).data[0].tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_norm_of_the_largest_and_of_the_smallest_numbers(dtype):
    info = np.finfo(dtype)
    for scale in (float(info.max) / 8, float(info.smallest_normal), float(info.smallest_subnormal)):
        x = mg.Variable(np.array([3, -4], dtype) * dtype(scale))
        np.testing.assert_allclose(F.norm(x).item(), 5 * scale, rtol=info.eps)
        np.testing.assert_allclose(mg.grad(F.norm(x), x).data, [0.6, -0.8], rtol=2 * info.eps)


def test_a_norm_of_infinite_numbers_is_infinite():
    with np.errstate(invalid="ignore"):
        assert [F.norm(np.array([np.inf, x])).item() for x in (0.0, 1.0, -np.inf)] == [np.inf] * 3
