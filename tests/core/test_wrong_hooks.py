"""Hooks that return something wrong, and switches left where they were not entered: an error, or nothing changed."""

import threading
from contextvars import copy_context

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import Variable
from minigrad.core.hooks import Hook, hooked


class Notes(Hook):
    """Notes under its name what it is called around."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def forward(self, run, function, arrays):
        self.notes.append((self.name, "forward", function.name))
        return run(function, arrays)

    def backward(self, run, function, gy):
        self.notes.append((self.name, "backward", function.name))
        return run(function, gy)


class Returning(Hook):
    """Returns something else than `run` does."""

    def __init__(self, forward=None, backward=None):
        self.change_forward, self.change_backward = forward, backward

    def forward(self, run, function, arrays):
        y = run(function, arrays)
        return self.change_forward(y) if self.change_forward else y

    def backward(self, run, function, gy):
        gradients = run(function, gy)
        return self.change_backward(gradients) if self.change_backward else gradients


@pytest.fixture
def x():
    return Variable([1.0, 2.0])


def test_hooks_may_be_left_in_any_order(x):
    notes = []
    first, second = hooked(Notes("first", notes)), hooked(Notes("second", notes))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    x * x
    second.__exit__(None, None, None)
    x * x
    assert notes == [("second", "forward", "Mul")]


@pytest.mark.parametrize("wrong", [lambda y: None, lambda y: y.data, lambda y: (y,)])
def test_a_hook_must_return_the_variable(wrong, x):
    with (
        hooked(Returning(forward=wrong)),
        pytest.raises(TypeError, match=r"a hook returned .* for Mul, expected"),
    ):
        x * x


@pytest.mark.parametrize("wrong", [lambda gradients: None, lambda gradients: gradients[0]])
def test_a_hook_must_return_a_tuple_of_gradients(wrong, x):
    words = "a hook's backward returned .* for Exp, expected a tuple"
    with hooked(Returning(backward=wrong)), pytest.raises(TypeError, match=words):
        F.exp(x).backward(np.ones(2))
    assert x.grad is None


@pytest.mark.parametrize("wrong", [lambda gradients: gradients[:1], lambda gradients: ()])
def test_a_hook_must_return_a_gradient_for_each_input(wrong, x):
    """A gradient left out would be a zero without a word."""
    w = Variable([3.0, 4.0])
    with hooked(Returning(backward=wrong)), pytest.raises(TypeError, match=r"Mul returned [01] gradients for 2 inputs"):
        (x * w).backward(np.ones(2))
    assert (x.grad, w.grad) == (None, None)


def test_a_gradient_from_a_hook_is_checked_like_any_other(x):
    hook = Returning(backward=lambda gradients: tuple(gx.data for gx in gradients))
    with hooked(hook), pytest.raises(TypeError, match="backward of Exp returned ndarray for input 0, expected a Var"):
        F.exp(x).backward(np.ones(2))


def test_a_hook_sees_one_gradient_for_each_input_though_operands_may_be_none(x):
    counts = []
    w = Variable(np.ones((2, 3)))
    with hooked(Returning(backward=lambda gradients: counts.append(len(gradients)) or gradients)):
        F.linear(x.reshape(1, 2), w, None).sum().backward()
    assert counts == [1, 2, 1]  # of Sum, Linear and Reshape


def test_a_switch_left_in_another_thread_changes_nothing_there(x):
    """A generator that yields inside no_grad may be closed, or collected, by any thread."""

    def numbers():
        with mg.no_grad():
            yield 1

    generator, recorded = numbers(), []
    copy_context().run(next, generator)

    def close():
        generator.close()
        recorded.append((x * 1).requires_grad)

    thread = threading.Thread(target=close)
    thread.start()
    thread.join()
    assert recorded == [True]
    assert (x * 1).requires_grad
