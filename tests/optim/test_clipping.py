"""Gradient clipping: by the norm of all gradients, and each number by itself."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from tests.optim.formulas import give, parameter

FLOATS = [np.float16, np.float32, np.float64]


def with_gradients(*gradients):
    parameters = [nn.Parameter(np.zeros_like(g)) for g in gradients]
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = mg.Variable(np.array(g))
    return parameters


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_norm_of_all_gradients_is_at_most_the_given_one(dtype):
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(shape).astype(dtype) for shape in [(3, 4), (5,), (), (0, 2)]]
    norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in gradients))
    parameters = with_gradients(*gradients)
    arrays = [p.grad.data for p in parameters]
    assert optim.clip_grad_norm(parameters, norm / 2) == pytest.approx(norm, rel=1e-12)
    for p, g, array in zip(parameters, gradients, arrays, strict=True):
        assert p.grad.data is array
        assert p.grad.dtype == dtype
        np.testing.assert_allclose(array, g / 2, rtol=2 * np.finfo(dtype).eps)


def test_smaller_gradients_stay_to_the_bit():
    gradients = [np.array([0.3, -0.1], np.float32), np.zeros(3, np.float32)]
    parameters = with_gradients(*gradients)
    for max_norm in (1.0, float(optim.clip_grad_norm(parameters, 1.0))):
        optim.clip_grad_norm(parameters, max_norm)
    for p, g in zip(parameters, gradients, strict=True):
        np.testing.assert_array_equal(p.grad.data, g, strict=True)


@pytest.mark.parametrize(
    ("dtype", "size"),
    [(np.float16, 6e4), (np.float16, 1e-6), (np.float32, 3e38), (np.float64, 1e308), (np.float64, 1e-308)],
)
def test_large_and_small_gradients_have_a_norm(dtype, size):
    gradient = np.array([3, 4], dtype) * dtype(size / 5)
    expected = np.sqrt(2 * (gradient.astype(np.longdouble) ** 2).sum())
    parameters = with_gradients(gradient, gradient)
    with np.errstate(all="raise"):
        assert optim.clip_grad_norm(parameters, 1e-5) == pytest.approx(float(expected), rel=1e-12)
    if size > 1:
        clipped = parameters[1].grad.data.astype(np.float64)
        np.testing.assert_allclose(clipped, np.array([0.6e-5, 0.8e-5]) / np.sqrt(2), rtol=1e-2)


def test_gradients_of_zero_stay():
    parameters = with_gradients(np.zeros(3))
    assert optim.clip_grad_norm(parameters, 1.0) == 0
    assert parameters[0].grad.data.tolist() == [0, 0, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_norm_where_a_gradient_is_not_finite(bad):
    parameters = with_gradients(np.array([1.0, bad]), np.ones(2))
    assert np.isnan(optim.clip_grad_norm(parameters, 1.0))
    assert all(np.isnan(p.grad.data).all() for p in parameters)


@pytest.mark.parametrize("dtype", FLOATS)
def test_each_number_is_clipped(dtype):
    parameters = with_gradients(np.array([-3, 0.25, 2, np.inf, np.nan], dtype))
    array = parameters[0].grad.data
    assert optim.clip_grad_value(parameters, 0.5) is None
    assert parameters[0].grad.data is array
    np.testing.assert_array_equal(array, np.array([-0.5, 0.25, 0.5, 0.5, np.nan], dtype), strict=True)


CLIPS = [optim.clip_grad_norm, optim.clip_grad_value]


@pytest.mark.parametrize("clip", CLIPS)
def test_parameters_without_a_gradient_stay_without(clip):
    one, other = parameter([1.0]), parameter([1.0])
    give(one, 5.0)
    clip([one, other], 1.0)
    assert one.grad.item() == 1
    assert other.grad is None


@pytest.mark.parametrize("clip", CLIPS)
def test_whatever_an_optimizer_takes_is_clipped(clip):
    model = nn.Linear(2, 1)
    for parameters in (model.parameters(), model.named_parameters(), optim.SGD(model.parameters(), lr=0.1).parameters):
        for p in model.parameters():
            give(p, 5.0)
        clip(parameters, 1.0)
        assert model.w.grad.data.max() <= 1


@pytest.mark.parametrize("clip", CLIPS)
def test_a_clipped_gradient_is_no_longer_what_its_graph_computed(clip):
    w = parameter([1.0, 2.0])
    (w**3).sum().backward(create_graph=True)
    again = (w.grad**2).sum()
    clip([w], 0.5)
    with pytest.raises(mg.EditedArrayError, match=clip.__name__):
        again.backward()


@pytest.mark.parametrize("clip", CLIPS)
def test_arguments(clip):
    name, limit = clip.__name__, clip.__name__.replace("clip_grad", "max")
    with pytest.raises(ValueError, match=re.escape(f"{name}: {limit} must be positive, not 0")):
        clip([parameter(1.0)], 0)
    with pytest.raises(ValueError, match=re.escape(f"{name}: no parameter has a gradient; call backward() before")):
        clip([parameter(1.0)], 1)
    with pytest.raises(TypeError, match=re.escape(f"{name}: parameters is a Linear; pass model.parameters()")):
        clip(nn.Linear(1, 1), 1)
