"""Indexing, reshape, transpose, broadcast_to and sum_to."""

import itertools
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.testing import check_grad

# Indexing


KEYS = {
    "int": 1,
    "negative": -1,
    "numpy int": np.int64(1),
    "ints": (0, 1),
    "slice": slice(1, None),
    "reversed": slice(None, None, -1),
    "strided": (slice(None), slice(None, None, 2)),
    "ellipsis": ...,
    "newaxis": None,
    "mixed": (..., None, 1),
    "list": [0, 0, 1],
    "array": np.array([[1, 1], [0, 1]]),
    "columns": (slice(None), [2, 0, 2]),
    "pairs": (np.array([0, 0, 1]), np.array([1, 1, 2])),
    "mask": np.array([[True, False, True], [False, False, True]]),
    "row mask": np.array([False, True]),
    "nothing": slice(0, 0),
    "empty list": [],
    "true": True,
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_getitem(key, rng):
    a = rng.standard_normal((2, 3))
    y = Variable(a)[key]
    assert isinstance(y.data, np.ndarray)
    assert np.array_equal(y.data, a[key])
    check_grad(lambda x: x[key], [a])


def test_a_position_taken_twice_gathers_both_gradients():
    x = Variable([1.0, 2.0, 3.0])
    x[[0, 0, 2]].sum().backward()
    assert x.grad.data.tolist() == [2, 0, 1]


def test_variables_of_integers_index():
    x = Variable([1.0, 2.0, 3.0])
    i = Variable(np.array([2, 2, 0]), requires_grad=False)
    y = x[i]
    assert y.data.tolist() == [3, 3, 1]
    y.sum().backward()
    assert x.grad.data.tolist() == [1, 0, 2]
    w = Variable(np.arange(6.0).reshape(2, 3))
    assert w[i[:2] - 1, i[:2]].data.tolist() == [5, 5]
    assert x[x > 1.5].data.tolist() == [2, 3]


@pytest.mark.parametrize("key", [3, (0, 0), [5], 1.5, "a", (None, 7)])
def test_what_is_not_there(key, x):
    with pytest.raises(IndexError):
        x[key]


def test_an_edited_index_spoils_no_gradient():
    x, key = Variable([1.0, 2.0, 3.0]), np.array([0, 1])
    y = x[key].sum()
    key[:] = 2
    assert mg.grad(y, x).data.tolist() == [1, 1, 0]


def test_scatter_add_is_the_adjoint_of_indexing(rng):
    a, c = rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    key = [0, 0, 1]
    assert (a[key] * c).sum() == pytest.approx((a * Variable(c).scatter_add(key, (2, 3)).data).sum())
    check_grad(lambda x: x.scatter_add(key, (2, 3)), [c])


# Shapes


def test_reshape(x, rng):
    for y in (x.reshape(3, 1), x.reshape((3, 1)), x.reshape([-1, 1]), x.reshape(-1, 1)):
        assert y.shape == (3, 1)
    assert Variable([[2.0]]).reshape(()).shape == ()
    check_grad(lambda v: v.reshape(3, -1), [rng.standard_normal((2, 6)).T])


@pytest.mark.parametrize("shape", [(2, 2), (-1, -1), (4, -1), ("a",), (1.5, 2)])
def test_reshape_to_what_does_not_fit(shape, x):
    with pytest.raises((ValueError, TypeError), match=r"reshape: \(3,\) float32"):
        x.reshape(*shape)


def test_transpose(rng):
    a = rng.standard_normal((2, 3, 4))
    x = Variable(a)
    assert np.array_equal(x.T.data, a.T)
    assert np.array_equal(x.transpose().data, a.T)
    assert np.array_equal(x.transpose(None).data, a.T)
    for axes in ((1, 2, 0), (-1, 0, 1), (0, 1, 2)):
        assert np.array_equal(x.transpose(*axes).data, a.transpose(axes))
        assert np.array_equal(x.transpose(axes).data, a.transpose(axes))
        assert np.array_equal(x.transpose(list(axes)).data, a.transpose(axes))
    check_grad(lambda v: v.transpose(1, 2, 0), [rng.standard_normal((2, 2, 2))])
    check_grad(lambda v: v.T, [a])
    check_grad(lambda v: v.swapaxes(0, -1), [a])
    assert Variable(1.0).T.shape == ()


@pytest.mark.parametrize("axes", [(0,), (0, 1, 2), (0, 0), (0, 2), (0, -2), (0, 1.0)])
def test_transpose_by_axes_that_do_not_fit(axes):
    with pytest.raises((ValueError, TypeError), match="transpose: "):
        Variable(np.ones((2, 3))).transpose(*axes)


@pytest.mark.parametrize("axes", [(0, 2), (-3, 0), (5, 5)])
def test_swapaxes_out_of_range(axes):
    with pytest.raises(ValueError, match="swapaxes"):
        Variable(np.ones((2, 3))).swapaxes(*axes)


def test_broadcast_to_and_sum_to(rng):
    a = rng.standard_normal((3, 1))
    y = Variable(a).broadcast_to((2, 3, 4))
    assert np.array_equal(y.data, np.broadcast_to(a, (2, 3, 4)))
    assert np.allclose(y.sum_to((3, 1)).data, 8 * a)
    assert Variable(1.0).broadcast_to((0, 2)).shape == (0, 2)
    assert Variable(np.ones((0, 2))).sum_to((1, 2)).data.tolist() == [[0, 0]]
    check_grad(lambda v: v.broadcast_to([2, 3, 4]), [a])
    check_grad(lambda v: v.sum_to((3, 1)), [rng.standard_normal((2, 3, 4))])
    check_grad(lambda v: v.sum_to(()), [rng.standard_normal((2, 3))])


@pytest.mark.parametrize(("method", "shape"), [("broadcast_to", (4,)), ("broadcast_to", ()), ("broadcast_to", (3, 1))])
def test_shapes_that_do_not_broadcast_to(method, shape, x):
    with pytest.raises(ValueError, match=f"{method}: " + re.escape("(3,) float32")):
        getattr(x, method)(shape)


@pytest.mark.parametrize("shape", [(2,), (3, 3), (3, 1), (2, 3)])
def test_shapes_that_cannot_be_summed_to(shape, x):
    with pytest.raises(ValueError, match="sum_to: " + re.escape("(3,) float32")):
        x.sum_to(shape)


@pytest.mark.parametrize("shape", [(6,), (0,), (0, 3), (2, 3), (), (1,)])
def test_reshape_takes_the_lengths_that_numpy_takes(shape):
    x = np.zeros(shape)
    for n in range(4):
        for wanted in itertools.product([-1, 0, 1, 2, 3, 6], repeat=n):
            try:
                expected = x.reshape(wanted).shape
            except ValueError:
                with pytest.raises(ValueError, match="reshape: "):
                    Variable(x).reshape(wanted)
            else:
                assert Variable(x).reshape(wanted).shape == expected


@pytest.mark.parametrize("wanted", [(-2, 3), (-1, -2), (True, 6), (1.0, 6), ("6",)])
def test_reshape_takes_no_other_lengths(wanted):
    with pytest.raises(ValueError, match="reshape: "):
        Variable(np.zeros(6)).reshape(wanted)


@pytest.mark.parametrize("wanted", [(2**70, 0), (0, 2**40, 2**40)])
def test_reshape_to_lengths_beyond_counting(wanted):
    with pytest.raises(ValueError, match=r"reshape: \(0, 3\) float64 cannot become"):
        Variable(np.zeros((0, 3))).reshape(wanted)
