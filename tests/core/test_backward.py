"""Variable.backward: what reaches `.grad`, on graphs of every form, and what is retained."""

import re

import numpy as np
import pytest
from user_functions import Probe

import minigrad as mg
import minigrad.functions as F
from minigrad import Function, Variable, apply, grad
from minigrad.core import arithmetic


class Broken(Function):
    """The identity, whose backward fails."""

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        raise RuntimeError("broken")


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32))


def test_the_gradient_of_a_leaf_towards_itself_is_one():
    x = Variable(3.0)
    x.backward()
    assert x.grad.item() == 1


def test_gradients_accumulate(x):
    for times in (1, 2, 3):
        (x * x).sum().backward()
        assert x.grad.data.tolist() == [2 * times, 4 * times, 6 * times]
    x.zero_grad()
    (x * x).sum().backward()
    assert x.grad.data.tolist() == [2, 4, 6]


def test_accumulation_makes_a_new_gradient(x):
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert first.data.tolist() == [1, 1, 1]
    assert x.grad.data.tolist() == [2, 2, 2]


def test_backward_twice_through_the_same_graph(x):
    y = (x * x * x).sum()
    y.backward()
    y.backward()
    assert x.grad.data.tolist() == [6, 24, 54]


def test_a_gradient_set_by_hand_is_added_to(x):
    x.grad = Variable([10.0, 10.0, 10.0])
    x.sum().backward()
    assert x.grad.data.tolist() == [11, 11, 11]


def test_a_diamond():
    x = Variable(3.0)
    a, b = x * 2, x * x
    (a * b).backward()
    assert x.grad.item() == 6 * 9


def test_a_shared_subexpression(x):
    shared = x * x
    (shared.sum() + (shared * shared).sum()).backward()
    assert x.grad.data.tolist() == [2 * v + 4 * v**3 for v in (1, 2, 3)]


def test_one_operand_twice(x):
    for y, expected in ((x + x, 2), (x - x, 0), (x / x, 0)):
        assert grad(y.sum(), x).data.tolist() == [expected] * 3
    assert grad((x * x).sum(), x).data.tolist() == [2, 4, 6]


def test_a_ladder_of_y_plus_y_visits_each_node_once(monkeypatch):
    calls = []
    original = arithmetic.Add.backward_arrays

    def counting(self, gy):
        calls.append(self.serial)
        return original(self, gy)

    monkeypatch.setattr(arithmetic.Add, "backward_arrays", counting)
    x = Variable(1.0)
    y = x
    for _ in range(30):
        y = y + y
    y.backward()
    assert x.grad.item() == 2**30
    assert len(calls) == 30
    assert calls == sorted(calls, reverse=True)
    assert grad(y, x).item() == 2**30
    assert len(calls) == 60


def test_every_node_is_visited_once_and_after_its_users(x, visited):
    a = apply(Probe(), x)
    b = apply(Probe(), a)
    c = apply(Probe(), a + b)
    (a * b * c).sum().backward()
    assert visited == sorted({a.creator.serial, b.creator.serial, c.creator.serial}, reverse=True)


@pytest.mark.parametrize("shape", [(3,), (0,), (2, 1), (2, 2)])
def test_only_a_scalar_needs_no_gradient(shape):
    y = Variable(np.ones(shape, np.float32)) * 2
    with pytest.raises(ValueError, match="backward: .*scalar.*" + re.escape(f"{shape} float32")):
        y.backward()
    with pytest.raises(ValueError, match="grad: .*scalar.*" + re.escape(f"{shape} float32")):
        grad(y, y)


def test_one_element_is_a_scalar_whatever_its_shape():
    x = Variable([[2.0]])
    (x * 3).backward()
    assert x.grad.data.tolist() == [[3]]


@pytest.mark.parametrize("given", [(), (1,), (4,), (1, 3), (3, 1)])
def test_the_given_gradient_must_have_the_shape(x, given):
    y = x * 2
    with pytest.raises(ValueError, match="backward: grad .*" + re.escape("(3,)")):
        y.backward(np.ones(given, np.float32))
    with pytest.raises(ValueError, match="grad: grad_outputs .*" + re.escape("(3,)")):
        grad(y, x, np.ones(given, np.float32))
    assert x.grad is None


@pytest.mark.parametrize(
    "given",
    [[1.0, 0.0, 2.0], np.array([1, 0, 2]), np.array([1.0, 0.0, 2.0]), Variable([1.0, 0.0, 2.0])],
    ids=["list", "integers", "float64", "Variable"],
)
def test_the_given_gradient_may_be_any_operand(x, given):
    (x * 2).backward(given)
    assert x.grad.data.tolist() == [2, 0, 4]
    assert x.grad.dtype == np.float32
    assert grad(x * 2, x, given).data.tolist() == [2, 0, 4]


def test_the_given_gradient_may_be_of_a_subclass(x):
    class Weight(Variable):
        pass

    (x * 2).backward(Weight([1.0, 0.0, 2.0]))
    assert x.grad.data.tolist() == [2, 0, 4]


def test_a_subclass_of_variable_gets_gradients():
    class Weight(Variable):
        pass

    w = Weight([1.0, 2.0])
    (w * w).sum().backward(create_graph=True)
    assert w.grad.data.tolist() == [2, 4]
    assert grad(w.grad.sum(), w).data.tolist() == [2, 2]


@pytest.mark.parametrize("given", ["a", {1}, np.array([1j, 1, 1]), np.array(["a", "b", "c"])], ids=repr)
def test_the_given_gradient_must_be_of_numbers(x, given):
    with pytest.raises((TypeError, ValueError)):
        (x * 2).backward(given)
    assert x.grad is None


def test_what_was_not_recorded_has_no_gradient(x):
    with mg.no_grad():
        unrecorded = (x * 2).sum()
    for y in (unrecorded, Variable(1.0, requires_grad=False), x.detach().sum(), F.exp(1.0)):
        with pytest.raises(ValueError, match="nothing was recorded"):
            y.backward()
        with pytest.raises(ValueError, match="nothing was recorded"):
            grad(y, x)


def test_constants_get_no_gradient(x):
    constant = Variable([1.0, 2.0, 3.0], requires_grad=False)
    detached = x.detach()
    (x * constant * detached).sum().backward(retain_grad=True)
    assert constant.grad is None
    assert detached.grad is None
    assert x.grad.data.tolist() == [1, 4, 9]


def test_backward_inside_no_grad(x):
    y = (x * x).sum()
    with mg.no_grad():
        y.backward()
        assert x.grad.data.tolist() == [2, 4, 6]
        assert grad(y, x).data.tolist() == [2, 4, 6]
    assert not x.grad.requires_grad


def test_create_graph_inside_no_grad(x):
    y = (x * x * x).sum()
    with mg.no_grad():
        gx = grad(y, x, create_graph=True)
    assert grad(gx.sum(), x).data.tolist() == [6, 12, 18]


def test_a_backward_that_fails_leaves_every_grad_as_it_was():
    a, b, c = Variable(1.0), Variable(2.0), Variable(3.0)
    a.grad = Variable(10.0)
    before = a.grad
    broken = apply(Broken(), c)
    middle = a * b
    middle.retain_grad()
    y = middle + broken + a * b  # the later nodes come first: some gradients are known when Broken raises
    with pytest.raises(RuntimeError, match="broken"):
        y.backward(retain_grad=True)
    assert a.grad is before
    assert before.item() == 10
    assert (b.grad, c.grad, middle.grad, y.grad) == (None, None, None, None)
    (a * b).backward()
    assert a.grad.item() == 12


def test_a_backward_that_cannot_be_added_leaves_every_grad_as_it_was():
    a, b = Variable([1.0, 2.0]), Variable([1.0, 2.0])
    (a * b).sum().backward()
    before = a.grad, b.grad
    b.data = np.ones(3, np.float32)  # its old gradient has another shape
    for y in ((a * 2).sum() + (b * 2).sum(), (b * 2).sum() + (a * 2).sum()):  # one of the two comes to b last
        with pytest.raises(ValueError, match="shape"):
            y.backward()
        assert (a.grad, b.grad) == before


def test_a_stale_gradient_of_another_dtype_is_refused_and_nothing_is_added():
    a, b = Variable([1.0]), Variable(np.array([1.0]))
    (a * b).sum().backward()
    before = a.grad, b.grad
    b.data = b.data.astype(np.float32)
    for y in ((a * 2).sum() + (b * 2).sum(), (b * 2).sum() + (a * 2).sum()):  # one of the two comes to b last
        with pytest.raises(ValueError, match="call zero_grad"):
            y.backward()
        assert (a.grad, b.grad) == before


def test_a_stale_gradient_of_another_shape_is_not_broadcast():
    x = Variable([1.0])
    x.sum().backward()
    x.data = np.ones(3, np.float32)
    with pytest.raises(ValueError, match="shape"):
        x.sum().backward()


# retain_grad


def test_gradients_of_results_are_not_kept(x):
    y = x * 2
    z = (y * y).sum()
    z.backward()
    assert (y.grad, z.grad) == (None, None)


def test_retain_grad_method(x):
    y = x * 2
    y.retain_grad()
    z = (y * y).sum()
    z.backward()
    assert y.grad.data.tolist() == [4, 8, 12]
    assert x.grad.data.tolist() == [8, 16, 24]
    assert z.grad is None
    z.backward()
    assert y.grad.data.tolist() == [8, 16, 24]
    y.zero_grad()
    assert y.grad is None


def test_retain_grad_argument(x):
    y = x * 2
    z = (y * y).sum()
    z.backward(retain_grad=True)
    assert y.grad.data.tolist() == [4, 8, 12]
    assert z.grad.item() == 1
    y.zero_grad()
    (y * 1).sum().backward()
    assert y.grad is None


def test_retain_grad_of_a_leaf_and_of_a_constant_is_nothing_new(x):
    constant = Variable([1.0, 1.0, 1.0], requires_grad=False)
    x.retain_grad()
    constant.retain_grad()
    (x * constant).sum().backward()
    assert x.grad.data.tolist() == [1, 1, 1]
    assert constant.grad is None


def test_a_retained_gradient_of_the_result_itself(x):
    y = x * 2
    y.retain_grad()
    seed = np.ones(3, np.float32)
    y.backward(seed)
    assert y.grad.data.tolist() == [1, 1, 1]
    assert not np.shares_memory(y.grad.data, seed)
    assert not np.shares_memory(y.grad.data, x.grad.data)
