"""Functions that move elements: what they take, and what the gradient of unused or repeated elements is."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F


def test_transpose_of_equal_lengths_puts_each_element_where_numpy_does():
    x = np.arange(27.0).reshape(3, 3, 3)
    variable = mg.Variable(x)
    y = F.transpose(variable, (1, 2, 0))
    np.testing.assert_array_equal(y.data, x.transpose(1, 2, 0))
    np.testing.assert_array_equal(mg.grad(y, variable, x.transpose(1, 2, 0)).data, x)


def test_an_unused_part_of_a_split_has_gradient_0():
    x = mg.Variable(np.arange(6.0))
    _, middle, _ = F.split(x, 3)
    assert mg.grad(middle.sum(), x).data.tolist() == [0, 0, 1, 1, 0, 0]


SPLITS = [(2, 0), (3, 1), ([1], 0), ([1, 1], 1), ([], 0), ([2, 5], -1), ([-1], 1), ([3, 1], 1)]


@pytest.mark.parametrize(("sections", "axis"), SPLITS)
def test_split_cuts_where_numpy_does(sections, axis):
    x = np.arange(12.0).reshape(2, 6)
    parts = F.split(x, sections, axis)
    for part, expected in zip(parts, np.split(x, sections, axis), strict=True):
        np.testing.assert_array_equal(part.data, expected)


def test_split_of_nothing():
    assert [part.shape for part in F.split(np.zeros((0, 2)), 3)] == [(0, 2)] * 3


def test_an_index_that_repeats_gathers_its_gradients():
    x = mg.Variable(np.arange(3.0))
    assert mg.grad(F.take(x, [2, 0, 2, 2]).sum(), x).data.tolist() == [1, 0, 3]


def test_take_counts_negative_indices_from_the_end():
    assert F.take(np.arange(3.0), [-1, 0]).data.tolist() == [2, 0]


def test_take_of_one_index_drops_the_axis():
    assert F.take(np.arange(6.0).reshape(2, 3), 1, axis=1).data.tolist() == [1, 4]


@pytest.mark.parametrize("index", [3, -4])
def test_take_out_of_range_is_an_error(index):
    with pytest.raises(
        IndexError, match=re.escape(f"take: index {index} is out of range for axis 1 of x (2, 3) float64")
    ):
        F.take(np.zeros((2, 3)), [0, index], axis=1)


def test_the_border_of_a_pad_has_no_gradient():
    x = mg.Variable(np.ones(2))
    y = F.pad(x, ((2, 1),), value=-np.inf)
    assert y.data.tolist() == [-np.inf, -np.inf, 1, 1, -np.inf]
    assert mg.grad(y, x, np.arange(5.0)).data.tolist() == [2, 3]


def test_pad_of_no_width():
    np.testing.assert_array_equal(F.pad(np.ones((2, 2)), ((0, 0), (0, 0))).data, np.ones((2, 2)))


def test_stack_and_concatenate_take_constants_among_variables():
    x = mg.Variable(np.ones(2))
    assert mg.grad(F.concatenate([np.zeros(2), x, x]).sum(), x).data.tolist() == [2, 2]
    assert mg.grad(F.stack([x, np.zeros(2)], 1).sum(), x).data.tolist() == [1, 1]


def test_stack_of_arrays_without_axes():
    assert F.stack([mg.Variable(np.array(1.0)), np.array(2.0)]).data.tolist() == [1, 2]


def test_broadcast_to_nothing_and_back():
    x = mg.Variable(np.ones(1))
    y = F.broadcast_to(x, (0,))
    assert y.shape == (0,)
    assert mg.grad(y, x, np.zeros(0)).data.tolist() == [0]


SHAPES = [
    (F.flatten, (0, 3, 2), (0, 6)),
    (F.flatten, (2, 3), (2, 3)),
    (F.flatten, (3,), (3, 1)),
    (lambda x: F.flatten(x, 0), (), (1,)),
    (F.squeeze, (1, 1), ()),
    (F.squeeze, (), ()),
    (lambda x: F.squeeze(x, (0, -1)), (1, 2, 1), (2,)),
    (lambda x: F.expand_dims(x, -1), (2,), (2, 1)),
    (lambda x: F.expand_dims(x, [0, 1]), (), (1, 1)),
    (lambda x: F.reshape(x, -1), (0, 3), (0,)),
    (lambda x: F.reshape(x, [3, 0]), (0, 2), (3, 0)),
    (F.transpose, (), ()),
    (F.transpose, (4,), (4,)),
    (lambda x: F.moveaxis(x, -1, 0), (2, 3, 4), (4, 2, 3)),
]


@pytest.mark.parametrize(("f", "before", "after"), SHAPES)
def test_shapes(f, before, after):
    x = mg.Variable(np.ones(before))
    assert f(x).shape == after
    assert mg.grad(f(x), x, np.ones(after)).shape == before


AXES = [
    F.transpose,
    lambda x, axes: x.transpose(axes),
    lambda x, axes: F.reshape(x, axes + 1),
    lambda x, axes: F.broadcast_to(x[:1, :2], axes + 1),
    F.sum,
    lambda x, axes: F.moveaxis(x, axes, axes[::-1]),
    lambda x, axes: F.split(x, axes, 1)[0],
]


@pytest.mark.parametrize(
    "f", AXES, ids=["transpose", ".transpose", "reshape", "broadcast_to", "sum", "moveaxis", "split"]
)
def test_an_array_of_axes_is_a_sequence_of_them(f):
    x, axes, shapes = mg.Variable(np.ones((2, 1))), np.array([1, 0]), [(1, 2), (1, 2), (2, 1), (2, 1), (), None, (2, 1)]
    expected = shapes[AXES.index(f)]
    if expected is None:
        with pytest.raises(TypeError, match="moveaxis: source must be integers"):
            f(x, axes)
    else:
        assert f(x, axes).shape == expected
