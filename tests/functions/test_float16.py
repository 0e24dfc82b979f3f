"""float16 is added up in float32, and rounded once, at the end."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

MANY = 70_000  # more than the largest float16, 65,504
NOTHING = np.zeros(MANY, np.float16)


def test_softmax_of_many():
    np.testing.assert_allclose(F.softmax(NOTHING).data.astype(float), 1 / MANY, rtol=0.01)


def test_log_softmax_of_many():
    np.testing.assert_allclose(F.log_softmax(NOTHING).data.astype(float), -np.log(MANY), rtol=1e-3)


def test_logsumexp_of_many():
    y = F.logsumexp(NOTHING)
    assert y.dtype == np.float16
    assert y.item() == pytest.approx(np.log(MANY), rel=1e-3)


def test_the_gradient_of_a_mean_of_many():
    x = mg.Variable(NOTHING)
    x.mean().backward()
    assert x.grad.dtype == np.float16
    np.testing.assert_allclose(x.grad.data.astype(float), 1 / MANY, rtol=0.01)


def test_overlapping_averages_add_up():
    x = mg.Variable(np.ones((1, 1, 60, 60), np.float16))
    F.avg_pool2d(x, 30, stride=1).sum().backward()
    assert x.grad.dtype == np.float16
    assert x.grad.data.max() == pytest.approx(1.0, rel=1e-3)  # the middle lies in all 30 · 30 kinds of windows


def test_one_winner_of_many_windows():
    image = np.zeros((1, 1, 101, 101), np.float16)
    image[0, 0, 50, 50] = 1
    x = mg.Variable(image)
    F.max_pool2d(x, 51, stride=1).sum().backward()
    assert x.grad.data[0, 0, 50, 50] == np.float16(51 * 51)


def test_dropout_with_a_scale_beyond_float16_still_drops():
    y = F.dropout(np.ones(1000, np.float16), 0.99999, rng=np.random.default_rng(0)).data
    assert np.isfinite(y).all()
    assert (y == 0).sum() > 990
