"""Parameter, and the parameters that layers make."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_a_parameter_requires_a_gradient():
    p = nn.Parameter([1.0, 2.0], name="p")
    assert isinstance(p, mg.Variable)
    assert (p.requires_grad, p.dtype, p.name) == (True, np.float32, "p")
    with mg.no_grad():
        assert nn.Parameter(1.0).requires_grad
    with pytest.raises(TypeError, match="only floats have gradients"):
        nn.Parameter(np.arange(3))


def test_without_rng_the_seed_decides():
    mg.seed(1)
    one = nn.Conv2d(1, 2, 3).w.data
    mg.seed(1)
    np.testing.assert_array_equal(nn.Conv2d(1, 2, 3).w.data, one)
    assert not np.array_equal(nn.Conv2d(1, 2, 3).w.data, one)


def test_weights_have_the_default_dtype_whatever_made_them():
    with mg.default_dtype(np.float64):
        assert {p.dtype for p in nn.Linear(3, 2).parameters()} == {np.dtype(np.float64)}
    layer = nn.Linear(3, 2, init=lambda shape, rng: np.ones(shape))
    assert {p.dtype for p in layer.parameters()} == {np.dtype(np.float32)}


def test_weights_have_their_own_memory():
    pretrained = np.ones((3, 2), np.float32)
    layers = [nn.Linear(3, 2, init=lambda shape, rng: pretrained) for _ in range(2)]
    layers[0].w.data[...] = 5
    assert pretrained.max() == layers[1].w.data.max() == 1
