"""Dropout: when, how often, how much, and that it repeats."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F


@pytest.fixture
def x():
    return mg.Variable(np.linspace(1, 2, 10_000))


def test_it_drops_nothing_with_probability_0(x):
    np.testing.assert_array_equal(F.dropout(x, 0).data, x.data)


def test_it_drops_everything_with_probability_1(x):
    y = F.dropout(x, 1)
    assert not y.data.any()
    assert not mg.grad(y.sum(), x).data.any()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_it_drops_at_its_rate_and_scales_the_others_up(x, p):
    y = F.dropout(x, p, rng=np.random.default_rng(0)).data
    kept = y != 0
    assert abs(kept.mean() - (1 - p)) < 4 * np.sqrt(p * (1 - p) / x.size)
    np.testing.assert_allclose(y[kept], x.data[kept] / (1 - p), rtol=1e-15)


def test_the_mean_stays(x):
    assert F.dropout(x, 0.5, rng=np.random.default_rng(0)).data.mean() == pytest.approx(x.data.mean(), rel=0.05)


def test_the_gradient_has_the_same_mask(x):
    y = F.dropout(x, 0.3, rng=np.random.default_rng(0))
    np.testing.assert_allclose(mg.grad(y.sum(), x).data * x.data, y.data)


def test_outside_training_it_does_nothing(x):
    for switch in (mg.train_mode(False), mg.inference()):
        with switch:
            np.testing.assert_array_equal(F.dropout(x, 0.5).data, x.data)


def test_in_training_it_works_under_no_grad_too(x):
    with mg.no_grad():
        assert not F.dropout(x, 0.5).data.all()


def test_the_same_seed_gives_the_same_mask(x):
    mg.seed(3)
    first, second = F.dropout(x).data, F.dropout(x).data
    mg.seed(3)
    np.testing.assert_array_equal(F.dropout(x).data, first)
    np.testing.assert_array_equal(F.dropout(x).data, second)
    assert (first != second).any()


def test_its_own_generator_leaves_the_contexts_alone(x):
    mg.seed(3)
    expected = F.dropout(x).data
    mg.seed(3)
    own = F.dropout(x, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(F.dropout(x).data, expected)
    np.testing.assert_array_equal(own.data, expected)


def test_the_mask_depends_neither_on_dtype_nor_on_layout():
    x = np.ones((50, 40))
    masks = [
        F.dropout(array, rng=np.random.default_rng(0)).data != 0
        for array in (
            x,
            x.astype(np.float32),
            x.astype(np.float16),
            np.asfortranarray(x),
            np.broadcast_to(1.0, x.shape),
        )
    ]
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3, 4, 5)])
def test_any_shape(shape):
    x = mg.Variable(np.ones(shape))
    y = F.dropout(x, 0.5)
    assert y.shape == shape
    assert mg.grad(y, x, np.ones(shape)).shape == shape
