"""sum, mean, max and min: over any axes, of nothing, with ties and NaN."""

import itertools
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.testing import check_grad


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reductions(name, rng):
    a = rng.standard_normal((2, 3, 2))
    for axis, keepdims in itertools.product([None, 0, 1, -1, (0, 2), (2, 0), (-1, 0), [0, 1], (), np.int64(1)], [0, 1]):
        y = getattr(Variable(a), name)(axis, keepdims=bool(keepdims))
        expected = getattr(a, name)(tuple(axis) if isinstance(axis, list) else axis, keepdims=bool(keepdims))
        assert isinstance(y.data, np.ndarray)
        assert y.shape == np.shape(expected)
        np.testing.assert_allclose(y.data, expected)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reductions_of_a_scalar(name):
    assert getattr(Variable(2.0), name)().item() == 2
    check_grad(lambda x: getattr(x, name)(), [2.0])


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize(
    ("axis", "error"),
    [
        (2, ValueError),
        (-3, ValueError),
        ((0, 0), ValueError),
        ((0, -2), ValueError),
        (0.5, TypeError),
        ("a", TypeError),
    ],
)
def test_reductions_over_axes_that_are_not_there(name, axis, error):
    with pytest.raises(error, match=f"{name}: axis"):
        getattr(Variable(np.ones((2, 3))), name)(axis)


def test_reductions_of_nothing():
    x = Variable(np.ones((0, 3)))
    assert x.sum().item() == 0
    assert x.sum(0).data.tolist() == [0, 0, 0]
    assert x.max(1).shape == (0,)
    assert mg.grad(x.sum(), x).shape == (0, 3)
    for name in ("max", "min"):
        with pytest.raises(ValueError, match=f"{name}: .*" + re.escape("(0, 3) float64")):
            getattr(x, name)()


def test_ties_share_the_gradient():
    x = Variable([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    x.max(1).sum().backward()
    np.testing.assert_allclose(x.grad.data, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)
    x.zero_grad()
    x.min(1).sum().backward()
    np.testing.assert_allclose(x.grad.data, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_a_nan_wins():
    x = Variable([1.0, np.nan, 3.0])
    y = x.max()
    assert np.isnan(y.item())
    y.backward()
    assert x.grad.data.tolist() == [0, 1, 0]


def test_float16_is_added_up_in_float32():
    x = Variable(np.full(4096, 1.0, np.float16))
    assert x.sum().item() == 4096
    assert (x * 8).mean().item() == 8
    assert x.sum().dtype == x.mean().dtype == np.float16
    w = Variable(np.float16(1))
    (w * x).sum().backward()
    assert w.grad.item() == 4096
