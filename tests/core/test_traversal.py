"""The way back: backward and grad, on graphs of every form, to every order."""

import math
import re
import sys
import threading

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import Function, Variable, apply, grad
from minigrad.core import arithmetic


class Forbidden(Function):
    """The identity, whose backward must not be called."""

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        raise AssertionError("this Function is off the path")


class Broken(Function):
    """The identity, whose backward fails."""

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        raise RuntimeError("broken")


class Probe(Function):
    """The identity; notes the serial numbers of the instances whose backward is called."""

    visited = []  # noqa: RUF012 - reset by the fixture

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        self.visited.append(self.serial)
        return gy * 1


@pytest.fixture
def visited():
    Probe.visited = []
    return Probe.visited


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32))


def derivatives(f, at, order):
    """f', f'', … of a function of one number, at a point, as a 0-d Variable and as one of shape (1,)."""
    for data in (np.array(at), np.array([at])):
        x = Variable(data)
        y, found = f(x), []
        for _ in range(order):
            y = grad(y, x, create_graph=True)
            found.append(y.item())
        yield found


# backward


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
    original = arithmetic.Add.backward

    def counting(self, gy):
        calls.append(self.serial)
        return original(self, gy)

    monkeypatch.setattr(arithmetic.Add, "backward", counting)
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


def test_a_stale_gradient_of_another_dtype_is_added_or_refused_but_never_half_way():
    a, b = Variable([1.0]), Variable(np.array([1.0]))
    (a * b).sum().backward()
    before = a.grad, b.grad
    b.data = b.data.astype(np.float32)
    for y in ((a * 2).sum() + (b * 2).sum(), (b * 2).sum() + (a * 2).sum()):  # one of the two comes to b last
        try:
            y.backward()
        except (TypeError, ValueError):
            assert (a.grad, b.grad) == before
        else:
            assert b.grad.dtype == np.float32


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


# grad


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


def test_zero_where_independent(x):
    other = Variable(np.ones((2, 2)))
    later = x * 3
    y = (x * x).sum()
    for target in (other, later, other * 2):
        gradient = grad(y, target)
        assert gradient.shape == target.shape
        assert gradient.dtype == target.dtype
        assert not gradient.data.any()
    gx, g0 = grad(y, [x, other], create_graph=True)
    assert gx.data.tolist() == [2, 4, 6]
    assert not g0.data.any()


def test_a_zero_gradient_is_a_leaf_of_its_own(x):
    a, b = Variable([1.0]), Variable([1.0])
    ga, gb = grad(x.sum(), [a, b])
    assert not np.shares_memory(ga.data, gb.data)
    assert ga.data.flags.writeable


def test_functions_that_give_none_count_as_zero(x):
    y = (x**0).sum()
    assert grad(y, x).data.tolist() == [0, 0, 0]
    y.backward()
    assert x.grad is None or not x.grad.data.any()
    condition = Variable([1.0, 0.0, 1.0])
    gc, gx = grad(F.where(condition, x, 0.0).sum(), [condition, x])
    assert gc.data.tolist() == [0, 0, 0]
    assert gx.data.tolist() == [1, 0, 1]


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
    assert grad(x, Variable(1.0), np.ones(3)).item() == 0


# Second and third derivatives

e, s, t = math.exp(0.5), 1 / (1 + math.exp(-0.5)), math.tanh(0.5)

THIRD_DERIVATIVES = {
    "x^3": (lambda x: x**3, [0.75, 3, 6]),
    "x*x*x": (lambda x: x * x * x, [0.75, 3, 6]),
    "x^2.5": (lambda x: x**2.5, [2.5 * 0.5**1.5, 3.75 * 0.5**0.5, 1.875 * 0.5**-0.5]),
    "x^-1": (lambda x: x**-1, [-4, 16, -96]),
    "1/x": (lambda x: 1 / x, [-4, 16, -96]),
    "x/x^2": (lambda x: x / (x * x), [-4, 16, -96]),
    "2x+1": (lambda x: 2 * x + 1, [2, 0, 0]),
    "x/2": (lambda x: x / 2, [0.5, 0, 0]),
    "1-x": (lambda x: 1 - x, [-1, 0, 0]),
    "-x": (lambda x: -x, [-1, 0, 0]),
    "|x|": (abs, [1, 0, 0]),
    "x-x^2": (lambda x: x - x * x, [0, -2, 0]),
    "e^x": (F.exp, [e, e, e]),
    "2^x": (lambda x: 2**x, [2**0.5 * math.log(2) ** n for n in (1, 2, 3)]),
    "x^x": (
        lambda x: x**x,
        [
            0.5**0.5 * (1 + math.log(0.5)),
            0.5**0.5 * ((1 + math.log(0.5)) ** 2 + 2),
            0.5**0.5 * ((1 + math.log(0.5)) ** 3 + 6 * (1 + math.log(0.5)) - 4),
        ],
    ),
    "log": (F.log, [2, -4, 16]),
    "sqrt": (F.sqrt, [0.5 * 0.5**-0.5, -0.25 * 0.5**-1.5, 0.375 * 0.5**-2.5]),
    "sigmoid": (
        F.sigmoid,
        [s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s + 6 * s * s)],
    ),
    "tanh": (F.tanh, [1 - t * t, -2 * t * (1 - t * t), (1 - t * t) * (6 * t * t - 2)]),
    "softplus": (F.softplus, [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]),
    "exp(x*x)": (
        lambda x: F.exp(x * x),
        [math.exp(0.25), 3 * math.exp(0.25), 7 * math.exp(0.25)],
    ),
    "sum": (lambda x: (x * x).sum() * x.sum(), [0.75, 3, 6]),
    "max": (lambda x: x.max() ** 3, [0.75, 3, 6]),
    "mean": (lambda x: x.mean() ** 3, [0.75, 3, 6]),
    "reshape": (lambda x: (x.reshape(1, 1) @ x.reshape(1, 1) * x).sum(), [0.75, 3, 6]),
}


@pytest.mark.parametrize(("f", "expected"), THIRD_DERIVATIVES.values(), ids=THIRD_DERIVATIVES)
def test_three_derivatives(f, expected):
    for found in derivatives(f, 0.5, 3):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_backward_with_create_graph(x):
    (x * x * x).sum().backward(create_graph=True)
    gx = x.grad
    assert gx.data.tolist() == [3, 12, 27]
    x.zero_grad()
    gx.sum().backward()
    assert x.grad.data.tolist() == [6, 12, 18]
    x.zero_grad()


def test_accumulated_gradients_can_be_differentiated(x):
    for _ in range(2):
        (x * x * x).sum().backward(create_graph=True)
    gx = x.grad
    assert gx.data.tolist() == [6, 24, 54]
    assert grad(gx.sum(), x).data.tolist() == [12, 24, 36]
    x.zero_grad()


def test_a_gradient_penalty():
    """(dy/dx)² is trained on towards w."""
    x, w = Variable(2.0), Variable(3.0)
    gx = grad(w * w * x, x, create_graph=True)
    (gx * gx).backward()
    assert w.grad.item() == 4 * 27


def test_without_create_graph_gradients_are_constants(x):
    gx = grad((x * x).sum(), x)
    assert not gx.requires_grad
    (x * x).sum().backward()
    assert not x.grad.requires_grad


def test_differentiation_towards_grad_outputs():
    """The double-backward trick: gx is linear in u, and its gradient towards u is a forward derivative."""
    cases = {
        "x + 1": lambda x: x + 1,
        "x": lambda x: x,
        "-x": lambda x: -x,
        "2x": lambda x: x * 2,
        "x·x": lambda x: x * x,
        "reshape": lambda x: x.reshape(1, 3).reshape(3),
        "x + x": lambda x: x + x,
        "transpose": lambda x: x.T,
    }
    expected = {"x + 1": 1, "x": 1, "-x": -1, "2x": 2, "x·x": 6, "reshape": 1, "x + x": 2, "transpose": 1}
    for name, f in cases.items():
        x, u = Variable([3.0, 3.0, 3.0]), Variable([1.0, 1.0, 1.0])
        gx = grad(f(x), x, u, create_graph=True)
        assert grad(gx.sum(), u).data.tolist() == [expected[name]] * 3, name


def test_gradients_between_two_leaves_of_one_sum():
    a, b, u = Variable([1.0]), Variable([2.0]), Variable([1.0])
    ga, gb = grad(a + b, [a, b], u, create_graph=True)
    assert not np.shares_memory(ga.data, gb.data)
    assert grad((ga * 2 + gb * 3).sum(), u).item() == 5


# Detached twins


@pytest.mark.parametrize("twin", [lambda x: x.detach(), lambda x: x.data, lambda x: x.detach().data])
@pytest.mark.parametrize("order", ["x first", "twin first"])
def test_a_twin_that_shares_the_array_is_a_constant_to_every_order(twin, order):
    x = Variable(3.0)
    y = x * twin(x) if order == "x first" else twin(x) * x
    gx = grad(y, x, create_graph=True)
    assert gx.item() == 3
    assert grad(gx, x).item() == 0


def test_a_variable_times_itself_is_no_twin():
    x = Variable(3.0)
    gx = grad(x * x, x, create_graph=True)
    assert gx.item() == 6
    assert grad(gx, x).item() == 2


def test_two_leaves_that_share_an_array_are_two():
    array = np.array([3.0])
    a, b = Variable(array), Variable(array)
    ga, gb = grad((a * a * b).sum(), [a, b], create_graph=True)
    assert (ga.item(), gb.item()) == (18, 9)
    gaa, gab = grad(ga.sum(), [a, b])
    assert (gaa.item(), gab.item()) == (6, 6)
    (gba,) = grad(gb.sum(), [a])
    assert gba.item() == 6


def test_a_twin_between_the_other_two():
    x = Variable(3.0)
    y = (x * 1) * x.detach() * x
    gx = grad(y, x, create_graph=True)
    assert gx.item() == 18
    assert grad(gx, x).item() == 6


@pytest.mark.parametrize("f", [lambda a, b: a / b, lambda a, b: a**b, lambda a, b: a @ b], ids=["/", "**", "@"])
def test_twins_in_other_operations(f):
    array = np.array([[2.0]])
    for left, right in ((Variable(array), array), (array, Variable(array))):
        x = left if isinstance(left, Variable) else right
        other = array.copy()  # the same numbers, elsewhere
        a, b = (x, other) if left is x else (other, x)
        gx = grad(f(left, right).sum(), x, create_graph=True)
        expected = grad(f(a, b).sum(), x, create_graph=True)
        assert gx.data == expected.data
        assert grad(gx.sum(), x).data == grad(expected.sum(), x).data


# Leaves that change between forward and backward


def test_a_leaf_whose_data_was_replaced_keeps_the_gradient_of_what_was():
    x = Variable([1.0, 2.0])
    y = (x * x * x).sum()
    x.data = np.full(2, 10, np.float32)
    gx = grad(y, x, create_graph=True)
    assert gx.data.tolist() == [3, 12]
    assert grad(gx.sum(), x).data.tolist() == [6, 12]
    y.backward()
    assert x.grad.data.tolist() == [3, 12]


def test_old_and_new_data_in_one_graph():
    x = Variable(2.0)
    old = x * x
    x.data = np.float32(5).reshape(())
    (old + x * x).backward()
    assert x.grad.item() == 4 + 10


def test_data_replaced_by_another_dtype_takes_its_gradient_along():
    x = Variable(np.array([1.0, 2.0], np.float32))
    y = (x * x).sum()
    x.data = x.data.astype(np.float64)
    y.backward()
    assert x.grad.dtype == np.float64
    assert x.grad.data.tolist() == [2, 4]


def test_data_replaced_by_another_shape_is_an_error(x):
    y = (x * x).sum()
    x.data = np.ones(4, np.float32)
    with pytest.raises(ValueError, match=re.escape("(4,)")):
        y.backward()
    assert x.grad is None


def test_a_variable_let_go_after_the_forward_leaves_the_graph_whole(x):
    def f(v):
        a = v * 2
        b = a * a
        return b.sum()

    f(x).backward()
    assert x.grad.data.tolist() == [8, 16, 24]


# Dtypes


def test_each_gradient_has_its_variables_dtype():
    a = Variable(np.array([2.0], np.float32))
    b = Variable(np.array([3.0], np.float64))
    c = Variable(np.array([4.0], np.float16))
    middle = a * c
    assert middle.dtype == np.float32
    y = (middle * b + a).sum()
    assert y.dtype == np.float64
    y.backward(retain_grad=True)
    assert [v.grad.dtype for v in (a, b, c, middle)] == [np.float32, np.float64, np.float16, np.float32]
    assert [v.grad.item() for v in (a, b, c)] == [13, 8, 6]
    a.zero_grad()
    y.backward()
    assert a.grad.dtype == np.float32


def test_numbers_in_the_other_byte_order():
    """As they come from files of other machines."""
    x = Variable(np.array([1.0, 2.0], ">f4"))
    for times in (1, 2):
        (x * x).sum().backward()
        assert x.grad.data.tolist() == [2 * times, 4 * times]
    gx = grad((x * x * x).sum(), x, create_graph=True)
    assert grad(gx.sum(), x).data.tolist() == [6, 12]


def test_second_order_through_mixed_dtypes():
    a, b = Variable(np.array([2.0], np.float32)), Variable(np.array([3.0], np.float64))
    ga, gb = grad((a * a * b).sum(), [a, b], create_graph=True)
    assert (ga.dtype, gb.dtype) == (np.float32, np.float64)
    gaa, gab = grad(ga.sum(), [a, b])
    assert (gaa.dtype, gab.dtype) == (np.float32, np.float64)
    assert (gaa.item(), gab.item()) == (6, 4)


def test_a_given_gradient_takes_the_dtype_of_the_result():
    y = Variable(np.ones(2, np.float32)) * 2
    y.retain_grad()
    y.backward(np.ones(2))
    assert y.grad.dtype == np.float32
    assert grad(y, y, np.ones(2)).dtype == np.float32


def test_the_first_gradient_is_in_the_dtype_of_the_result():
    x = Variable(np.float32(1))
    y = x * np.ones(3)
    assert y.dtype == np.float64
    y.backward(np.ones(3, np.float32))
    assert x.grad.dtype == np.float32


# Memory


SHARING = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a + b + a": lambda a, b: a + b + a,
    "(a + 1) + (b + 1)": lambda a, b: (a + 1) + (b + 1),
    "reshape": lambda a, b: a.reshape(2, 2).reshape(4) + b.reshape(4, 1).reshape(4),
    "transpose": lambda a, b: a.T + b,
    "broadcast": lambda a, b: a.sum().broadcast_to((4,)) + b.sum().broadcast_to((4,)),
    "sum": lambda a, b: (a.sum() + b.sum()).broadcast_to((4,)),
    "index": lambda a, b: a[...] + b[::-1],
    "concatenate": lambda a, b: F.concatenate([a[:2], b[2:]]),
    "astype": lambda a, b: a.astype(a.dtype) + b,
    "pos": lambda a, b: +a + b,
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("f", SHARING.values(), ids=SHARING)
def test_gradients_share_no_memory(f, create_graph):
    a, b = Variable(np.ones(4)), Variable(np.ones(4))
    seed = np.ones(4)
    y = f(a, b)
    y.retain_grad()
    y.backward(seed, create_graph=create_graph)
    arrays = [seed, a.data, b.data, y.data, a.grad.data, b.grad.data, y.grad.data]
    arrays += [gradient.data for gradient in grad(f(a, b), [a, b, a], seed, create_graph=create_graph)]
    for i, first in enumerate(arrays):
        for j, second in enumerate(arrays[4:], 4):
            if i != j:
                assert not np.shares_memory(first, second), (i, j)
    for gradient in arrays[4:]:
        gradient[:] = range(4)  # a read-only array would refuse, a stride-0 array would forget
        assert gradient.tolist() == [0, 1, 2, 3]
    a.zero_grad()
    b.zero_grad()
    y.zero_grad()


def test_a_seed_given_as_a_variable_is_not_handed_out():
    x, seed = Variable([1.0, 2.0]), Variable([1.0, 1.0])
    (x + 1).backward(seed)
    assert x.grad is not seed
    assert not np.shares_memory(x.grad.data, seed.data)
    assert seed.grad is None
    gx = grad(x + 1, x, seed)
    assert not np.shares_memory(gx.data, seed.data)


def test_accumulated_gradients_share_no_memory_either():
    a, b = Variable([1.0]), Variable([1.0])
    (a + b).backward()
    first = a.grad.data
    (a + b).backward()
    assert not np.shares_memory(a.grad.data, b.grad.data)
    assert not np.shares_memory(a.grad.data, first)


# Threads


@pytest.fixture
def hasty():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def in_threads(n, work):
    """Run work(0), …, work(n − 1) at once; raise what one of them raised."""
    errors = []
    start = threading.Barrier(n)

    def run(i):
        try:
            start.wait(10)
            work(i)
        except BaseException as error:  # noqa: BLE001 - handed on below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]


@pytest.mark.usefixtures("hasty")
def test_separate_graphs_in_parallel():
    xs = [Variable(np.full(10, float(i))) for i in range(8)]

    def work(i):
        for _ in range(20):
            y = xs[i]
            for _ in range(10):
                y = y * xs[i] / 2
            y.sum().backward()

    in_threads(8, work)
    for i, x in enumerate(xs):
        np.testing.assert_allclose(x.grad.data, 20 * 11 * (i / 2) ** 10, rtol=1e-12)


@pytest.mark.usefixtures("hasty")
def test_grad_of_one_graph_in_parallel():
    x = Variable(np.arange(10.0))
    y = (x * x * x).sum()

    def work(i):
        for _ in range(50):
            gx = grad(y, x, create_graph=True)
            assert np.array_equal(gx.data, 3 * x.data**2)
            assert np.array_equal(grad(gx.sum(), x).data, 6 * x.data)

    in_threads(8, work)
    assert x.grad is None


@pytest.mark.usefixtures("hasty")
def test_backward_of_one_graph_in_parallel_loses_no_gradient():
    x = Variable(1.0)
    y = x * 2 + x

    def work(i):
        for _ in range(100):
            y.backward()

    in_threads(8, work)
    assert x.grad.item() == 8 * 100 * 3
