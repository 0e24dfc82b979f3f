"""Derivatives of second and third order; and what a graph does when leaves share, change or mix dtypes."""

import math
import re

import numpy as np
import pytest

import minigrad.functions as F
from minigrad import Variable, grad


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


def test_data_replaced_by_another_shape_is_an_error_that_says_so(x):
    y = (x * x).sum()
    x.data = np.ones(4, np.float32)
    with pytest.raises(ValueError, match=re.escape("(4,); was its .data replaced after Mul was applied?")):
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
    gb = grad((a**b).sum(), b, create_graph=True)  # a³ log a
    assert grad(gb.sum(), a).item() == pytest.approx(12 * math.log(2) + 4, rel=1e-6)


def test_a_given_gradient_takes_the_dtype_of_the_result():
    y = Variable(np.ones(2, np.float32)) * 2
    y.retain_grad()
    y.backward(np.ones(2))
    assert y.grad.dtype == np.float32
    assert grad(y, y, np.ones(2)).dtype == np.float32


def test_the_first_gradient_is_in_the_dtype_of_the_result():
    x = Variable(np.float32(1))
    y = x * Variable(np.ones(3))
    assert y.dtype == np.float64
    y.backward(np.ones(3, np.float32))
    assert x.grad.dtype == np.float32
