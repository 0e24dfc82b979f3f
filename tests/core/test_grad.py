"""grad: towards anything on the way, visiting nothing else, and writing no `.grad`."""

import re

import numpy as np
import pytest
from user_functions import Probe

import minigrad.functions as F
from minigrad import Function, Variable, apply, grad


class Forbidden(Function):
    """The identity, whose backward must not be called."""

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        raise AssertionError("this Function is off the path")


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32))


def test_grad_writes_no_grad(x):
    y = x * 2
    y.retain_grad()
    z = (y * y).sum()
    assert grad(z, x).data.tolist() == [8, 16, 24]
    assert grad(z, [x, y])[1].data.tolist() == [4, 8, 12]
    grad(grad(z, x, create_graph=True).sum(), x)
    assert (x.grad, y.grad, z.grad) == (None, None, None)
    x.grad = Variable([1.0, 1.0, 1.0])
    before = x.grad
    grad(z, x)
    assert x.grad is before
    assert before.data.tolist() == [1, 1, 1]


def test_grad_of_one_and_of_several(x):
    w = Variable([4.0, 5.0, 6.0])
    y = (x * w).sum()
    assert isinstance(grad(y, x), Variable)
    for xs in ([x, w], (x, w), iter([x, w]), {x: 1, w: 2}):
        gx, gw = gradients = grad(y, xs)
        assert isinstance(gradients, tuple)
        assert gx.data.tolist() == [4, 5, 6]
        assert gw.data.tolist() == [1, 2, 3]
    assert len(grad(y, [x])) == 1
    assert grad(y, []) == ()


def test_grad_towards_the_same_variable_twice(x):
    first, second = grad((x * x).sum(), [x, x])
    assert first.data.tolist() == second.data.tolist() == [2, 4, 6]
    assert not np.shares_memory(first.data, second.data)


def test_grad_towards_results_and_leaves_on_one_path(x):
    a = x * 2
    b = a * a
    y = b.sum()
    gy, gb, ga, gx = grad(y, [y, b, a, x])
    assert gy.item() == 1
    assert gb.data.tolist() == [1, 1, 1]
    assert ga.data.tolist() == [4, 8, 12]
    assert gx.data.tolist() == [8, 16, 24]


def test_grad_towards_a_result_goes_no_further(x):
    a = apply(Forbidden(), x)
    assert grad((a * a).sum(), a).data.tolist() == [2, 4, 6]


def test_grad_visits_only_what_lies_between(x):
    w = Variable([4.0, 5.0, 6.0])
    y = (apply(Forbidden(), x) * w * w).sum() + apply(Forbidden(), x).sum()
    assert grad(y, w).data.tolist() == [8, 20, 36]


def test_grad_does_not_visit_what_a_target_was_made_of(x, visited):
    a = apply(Probe(), x)
    b = apply(Probe(), a)
    c = apply(Probe(), b)
    side = apply(Probe(), x)
    grad((c + side).sum(), b)
    assert visited == [c.creator.serial]


def test_grad_does_not_even_look_at_what_a_target_was_made_of(x):
    """However much there is: a gradient towards the last layer does not walk through the first ones."""
    looked_at = []

    class Watched(Probe):
        def __hash__(self):
            looked_at.append(self)
            return id(self)

    a = apply(Watched(), x)
    b = apply(Watched(), a)
    c = apply(Watched(), b)
    grad(c.sum(), b)
    assert b.creator in looked_at
    assert a.creator not in looked_at


def test_grad_through_a_side_path_of_a_target(x):
    """A target that lies on the way to another one is both an end and a way."""
    a = x * 2
    y = (a * a + x).sum()
    ga, gx = grad(y, [a, x])
    assert ga.data.tolist() == [4, 8, 12]
    assert gx.data.tolist() == [9, 17, 25]


def test_what_y_does_not_depend_on_is_an_error(x):
    y, other = (x * x).sum(), Variable(np.ones((2, 2)), name="other")
    with pytest.raises(ValueError, match=re.escape("y does not depend on xs[0], 'other' (2, 2) float64")):
        grad(y, other)
    with pytest.raises(ValueError, match=re.escape("xs[1], (2,) float32 of GetItem")):
        grad(y, [x, x[:2]])  # made after y


def test_the_derivative_of_a_constant_derivative_is_zero(x):
    gx = grad((2 * x).sum(), x, create_graph=True)
    assert grad(gx.sum(), x).data.tolist() == [0, 0, 0]
    ggx = grad(gx.sum(), x, create_graph=True)
    assert grad(ggx.sum(), x).data.tolist() == [0, 0, 0]
    given = grad(x + 1, x, Variable(np.ones(3, np.float32)), create_graph=True)
    assert grad(given.sum(), x).data.tolist() == [0, 0, 0]


def test_zero_where_independent(x):
    other = Variable(np.ones((2, 2)))
    later = x * 3
    y = (x * x).sum()
    for target in (other, later, other * 2):
        gradient = grad(y, target, allow_unused=True)
        assert gradient.shape == target.shape
        assert gradient.dtype == target.dtype
        assert not gradient.data.any()
    gx, g0 = grad(y, [x, other], create_graph=True, allow_unused=True)
    assert gx.data.tolist() == [2, 4, 6]
    assert not g0.data.any()


def test_a_zero_gradient_is_a_leaf_of_its_own(x):
    a, b = Variable([1.0]), Variable([1.0])
    ga, gb = grad(x.sum(), [a, b], allow_unused=True)
    assert not np.shares_memory(ga.data, gb.data)
    assert ga.data.flags.writeable


def test_functions_that_give_none_count_as_zero(x):
    y = (x**0).sum()
    assert grad(y, x).data.tolist() == [0, 0, 0]
    y.backward()
    assert x.grad is None or not x.grad.data.any()
    condition = Variable([1.0, 0.0, 1.0])
    gc, gx = grad(F.where(condition, x, 0.0).sum(), [condition, x], allow_unused=True)
    assert gc.data.tolist() == [0, 0, 0]
    assert gx.data.tolist() == [1, 0, 1]


class First(Function):
    """a, whatever b is."""

    def forward(self, a, b):
        return a.copy()

    def backward(self, gy):
        return gy, None


def test_what_is_behind_a_gradient_of_none_is_left_out(x):
    b = Variable(np.ones(3))
    apply(First(), x, b * 2).sum().backward()
    assert b.grad is None
    assert x.grad.data.tolist() == [1, 1, 1]


@pytest.mark.parametrize("wrong", [Variable([1.0], requires_grad=False), np.ones(1), 1.0, "x", None], ids=repr)
def test_grad_towards_what_requires_none(x, wrong):
    y = (x * x).sum()
    for xs in ([wrong], [x, wrong]):
        with pytest.raises((ValueError, TypeError), match=re.escape(f"xs[{len(xs) - 1}]")):
            grad(y, xs)


@pytest.mark.parametrize("xs", [np.ones(2), 1.0, None, "x"], ids=repr)
def test_grad_towards_what_is_no_variable(x, xs):
    with pytest.raises((ValueError, TypeError)):
        grad((x * x).sum(), xs)


@pytest.mark.parametrize("y", [np.ones(2), 1.0, None], ids=repr)
def test_grad_of_what_is_no_variable(x, y):
    with pytest.raises(TypeError, match="grad"):
        grad(y, x)


def test_grad_of_a_leaf(x):
    assert grad(x, x, np.ones(3)).data.tolist() == [1, 1, 1]
    assert grad(x, Variable(1.0), np.ones(3), allow_unused=True).item() == 0
