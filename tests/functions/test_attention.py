"""Attention: who sees what, and what is not seen has no influence."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

attention = F.scaled_dot_product_attention
RNG = np.random.default_rng(0)
Q, K, V = (RNG.standard_normal(shape) for shape in ((2, 3, 4), (2, 3, 4), (2, 3, 5)))


def test_equal_scores_give_the_plain_mean_of_the_values():
    np.testing.assert_allclose(
        attention(np.zeros((2, 3, 4)), K, V).data, np.broadcast_to(V.mean(1, keepdims=True), V.shape)
    )


def test_scores_are_divided_by_the_root_of_the_length():
    y = attention(np.full((1, 16), 1.0), np.array([[0.0] * 16, [1.0] * 16]), np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(y.data, [[1 / (1 + np.exp(-4))]])  # 16 / √16


def test_a_causal_query_sees_itself_and_what_is_before():
    y = attention(Q, K, V, causal=True).data
    np.testing.assert_allclose(y[:, 0], V[:, 0])
    np.testing.assert_allclose(y[:, 2], attention(Q, K, V).data[:, 2])
    later = V.copy()
    later[:, 2] = 1e6
    np.testing.assert_array_equal(attention(Q, K, later, causal=True).data[:, :2], y[:, :2])


def test_a_mask_and_causal_hide_together():
    mask = np.array([[True, True, True], [False, True, True], [True, True, True]])
    y = attention(Q, K, V, mask=mask, causal=True).data
    np.testing.assert_allclose(y[:, 1], V[:, 1])


def test_what_is_hidden_has_no_gradient():
    k, v = mg.Variable(K), mg.Variable(V)
    y = attention(Q, k, v, mask=np.array([True, False, True]))
    for gradient in mg.grad(y, (k, v), np.ones(y.shape)):
        assert not gradient.data[:, 1].any()
        assert gradient.data[:, ::2].all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_query_that_sees_nothing_gets_zeros_and_gradients_of_0(dtype):
    q, k, v = (mg.Variable(x.astype(dtype)) for x in (Q, K, V))
    mask = np.array([[True, True, True], [False, False, False], [True, False, False]])
    with mg.detect_anomaly(), np.errstate(all="raise", under="ignore"):
        y = attention(q, k, v, mask=mask)
        gq, gk, gv = mg.grad(y, (q, k, v), np.ones(y.shape))
    assert not y.data[:, 1].any()
    assert not gq.data[:, 1].any()
    assert np.isfinite(gk.data).all()
    assert np.isfinite(gv.data).all()


def test_a_mask_of_floats_is_added_to_the_scores_and_learned():
    bias = mg.Variable(np.array([0.0, 0.0, 50.0]))
    y = attention(Q, K, V, mask=bias)
    np.testing.assert_allclose(y.data, np.broadcast_to(V[:, 2:], V.shape), atol=1e-12)
    assert mg.grad(attention(Q, K, V, mask=mg.Variable(np.zeros(3)))[0, 0, 0], bias, allow_unused=True).shape == (3,)
    assert attention(mg.Variable(Q.astype(np.float32)), K, V, mask=np.zeros(3)).dtype == np.float32


def test_large_scores_are_no_matter():
    with np.errstate(all="raise"):
        y = attention(np.array([[1e3]]), np.array([[1e3], [-1e3]]), np.array([[2.0], [5.0]]))
    assert y.data.tolist() == [[2.0]]


def test_of_no_keys_the_mean_is_0_and_of_no_queries_there_is_none():
    assert attention(np.ones((2, 3)), np.ones((0, 3)), np.ones((0, 4))).data.tolist() == np.zeros((2, 4)).tolist()
    assert attention(np.ones((0, 3)), np.ones((2, 3)), np.ones((2, 4)), causal=True).shape == (0, 4)


def test_dropout_drops_weights_in_training():
    ones = np.ones((1, 1000, 1))
    y = attention(np.zeros((1, 4, 1)), ones, ones, dropout=0.5, rng=np.random.default_rng(0))
    assert (abs(y.data - 1) < 0.2).all()
    assert (y.data != 1).any()
    with mg.train_mode(False):
        np.testing.assert_allclose(attention(np.zeros((1, 4, 1)), ones, ones, dropout=0.5).data, 1)


ERRORS = {
    "lengths": (lambda: attention(np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 4))), ["q (2, 3)", "k (2, 4)"]),
    "values": (lambda: attention(np.ones((2, 3)), np.ones((2, 3)), np.ones((4, 3))), ["k (2, 3)", "v (4, 3)"]),
    "vectors": (lambda: attention(np.ones(3), np.ones((2, 3)), np.ones((2, 3))), ["q (3,)"]),
    "stacks": (lambda: attention(np.ones((2, 2, 3)), np.ones((3, 2, 3)), np.ones((3, 2, 3))), ["leading", "(2, 2, 3)"]),
    "nothing": (lambda: attention(np.ones((2, 0)), np.ones((2, 0)), np.ones((2, 3))), ["q (2, 0)"]),
    "mask": (lambda: attention(Q, K, V, mask=np.ones(4, bool)), ["mask", "(2, 3, 3)", "(4,) bool", "q (2, 3, 4)"]),
    "mask larger": (lambda: attention(Q, K, V, mask=np.ones((1, 2, 3, 3), bool)), ["mask", "(1, 2, 3, 3) bool"]),
    "mask of integers": (lambda: attention(Q, K, V, mask=np.ones(3, int)), ["mask", "bools or floats", "int64"]),
    "dropout": (lambda: attention(Q, K, V, dropout=2), ["dropout must be in [0, 1]"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_call_is_an_error_that_says_what_is_wrong(name):
    call, parts = ERRORS[name]
    with pytest.raises(ValueError, match=r"^scaled_dot_product_attention: ") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []


def test_causal_is_true_or_false():
    with pytest.raises(TypeError, match="causal must be True or False"):
        attention(Q, K, V, causal=1)
