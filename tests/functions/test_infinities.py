"""Infinite numbers, and the points where a formula is 0 / 0 or inf − inf."""

import warnings

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

INF = np.inf
DTYPES = [np.float16, np.float32, np.float64]


def gradient(f, values, dtype=np.float64):
    x = mg.Variable(np.array(values, dtype))
    return mg.grad(f(x).sum(), x).data.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("x", "expected", "shares"),
    [
        ([-INF, -INF], -INF, [0.5, 0.5]),
        ([-INF], -INF, [1]),
        ([INF, 0], INF, [1, 0]),
        ([INF, INF, 6e4, -INF], INF, [0.5, 0.5, 0, 0]),
        ([-INF, 0], 0, [0, 1]),
    ],
)
def test_logsumexp_of_infinite_numbers_is_their_maximum(x, expected, shares, dtype):
    assert F.logsumexp(np.array(x, dtype)).item() == expected
    assert gradient(F.logsumexp, x, dtype) == shares


def test_infinite_rows_of_logsumexp_leave_the_others_as_they_are():
    x = mg.Variable(np.array([[-INF, -INF], [1.0, 2.0], [INF, 0.0], [np.nan, 0.0]]))
    y = F.logsumexp(x, 1)
    np.testing.assert_allclose(y.data, [-INF, np.logaddexp(1, 2), INF, np.nan])
    gx = mg.grad(y, x, np.ones(4), create_graph=True)
    share = 1 / (1 + np.e)
    np.testing.assert_allclose(gx.data[:3], [[0.5, 0.5], [share, 1 - share], [1, 0]])
    assert np.isnan(gx.data[3]).all()
    second = mg.grad(gx[1, 0], x).data
    np.testing.assert_allclose(second[1], [share * (1 - share), -share * (1 - share)])
    assert not second[[0, 2]].any()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("row", [[-INF, -INF], [INF, 0], [np.nan, np.nan]])
def test_a_row_that_does_not_count_may_hold_anything(row, reduction):
    x = mg.Variable(np.array([row, [1.0, 2.0]]))
    y = F.softmax_cross_entropy(x, np.array([-1, 0]), ignore_label=-1, reduction=reduction).sum()
    np.testing.assert_allclose(y.data, np.log1p(np.e))
    gx = mg.grad(y, x, create_graph=True)
    np.testing.assert_allclose(gx.data, [[0, 0], [-np.e / (1 + np.e), np.e / (1 + np.e)]])
    assert not mg.grad(gx[1, 1], x).data[0].any()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("row", [[-INF, -INF], [INF, 0]])
def test_no_distribution_has_only_masked_or_infinite_logits(row):
    x = np.array([row])
    assert np.isnan(F.softmax(x).data).any()
    assert np.isnan(F.log_softmax(x).data).any()
    assert np.isnan(F.softmax_cross_entropy(x, np.array([0])).data)


def test_a_masked_class_is_impossible():
    x = np.array([[-INF, 0.0]])
    assert F.softmax(x).data.tolist() == [[0, 1]]
    assert F.log_softmax(x).data.tolist() == [[-INF, 0]]
    assert F.softmax_cross_entropy(x, np.array([1])).item() == 0
    assert F.softmax_cross_entropy(x, np.array([0])).item() == INF


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(
    ("x", "p", "towards_x", "towards_p"),
    [
        (0, -1, -INF, -INF),
        (0, 0, 0, 0),
        (0, 0.5, INF, 0),
        (0, 1, 1, 0),
        (0, 2, 0, 0),
        (-2, 3, 12, np.nan),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_powers_at_the_edge_have_pytorchs_derivatives(x, p, towards_x, towards_p):
    base, exponent = mg.Variable(float(x)), mg.Variable(float(p))
    np.testing.assert_equal([g.item() for g in mg.grad(base**exponent, (base, exponent))], [towards_x, towards_p])


X = [-1e4, -300.0, -50.0, 0.0, 50.0, 1e4]


@pytest.mark.parametrize(
    "function",
    [
        F.sigmoid, F.softplus, F.tanh, F.softmax, F.log_softmax, F.logsumexp, F.leaky_relu, F.relu, F.std,
        F.elu, F.selu, F.gelu, F.silu, F.softsign, F.hard_sigmoid, F.hard_tanh, F.erf,
        lambda x: F.gelu(x, "tanh"),
        lambda x: F.prelu(x, np.full(1, 1e-30, x.dtype)),
        lambda x: F.dropout(x, 0.5),
        lambda x: F.softmax_cross_entropy(x.reshape(1, -1), np.array([5])),
        lambda x: F.mean_squared_error(x, x.data * 0),
        lambda x: x.reshape(1, -1) @ np.full((6, 1), 1e-20, x.dtype),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 1e-30])
def test_what_becomes_0_raises_nothing(function, dtype, scale):
    x = mg.Variable(np.array(X, dtype) * dtype(scale))
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        y = function(x)
        y.backward(np.full(y.shape, 1e-20, dtype))
        gx = mg.grad(function(x).sum(), x, create_graph=True)
        mg.grad(gx.sum(), x)


def test_an_overflow_is_numpys_affair():
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow"):
        F.exp(1e4)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="underflow"):
        F.exp(-1e4)


@pytest.mark.parametrize("function", [F.mean, F.softmax, F.relu, mg.Variable])
@pytest.mark.parametrize("kind", [list, tuple])
def test_variables_in_a_list_are_for_stack(function, kind):
    x, y = mg.Variable([1.0, 2.0]), mg.Variable([3.0, 4.0])
    for value in (kind([x, y]), [kind([x]), kind([y])]):
        with pytest.raises(TypeError, match=r"F\.stack") as caught:
            function(value)
        assert ".numpy()" not in str(caught.value)
    with pytest.raises(TypeError, match=r"F\.stack"):
        np.mean(kind([x, y]))
