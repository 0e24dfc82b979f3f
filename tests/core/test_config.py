"""Switches, nested, raised through and as decorators; and the random generator."""

import contextlib
import functools
import inspect

import numpy as np
import pytest
from switches import EACH, OFF, recording, state, training

import minigrad as mg
from minigrad import Variable
from minigrad.core import config
from minigrad.settings import settings
from minigrad.switches import in_mode


class Stop(Exception):  # noqa: N818 - nothing went wrong
    """Raised through a switch."""


# As a context manager


def test_what_is_on_by_default():
    assert state() == OFF


@EACH
def test_it_is_on_inside_and_off_outside(switch, on):
    with switch():
        assert state() == on
    assert state() == OFF


@EACH
def test_it_goes_back_on_exceptions(switch, on):
    def fail():
        with switch():
            assert state() == on
            raise Stop

    with pytest.raises(Stop):
        fail()
    assert state() == OFF


@EACH
def test_it_goes_back_from_return_break_and_continue(switch, on):
    def leave():
        with switch():
            return state()

    assert leave() == on
    for _ in range(2):
        with switch():
            continue
    for _ in range(2):
        with switch():
            break
    assert state() == OFF


@EACH
def test_nesting_in_itself(switch, on):
    with switch():
        with switch():
            assert state() == on
        assert state() == on
    assert state() == OFF


@EACH
def test_one_object_entered_again_while_entered(switch, on):
    same = switch()
    with same:
        with same:
            assert state() == on
        assert state() == on
        with pytest.raises(Stop), same:
            raise Stop
        assert state() == on
    assert state() == OFF


@EACH
def test_one_object_used_again(switch, on):
    same = switch()
    for _ in range(3):
        with same:
            assert state() == on
        assert state() == OFF


@EACH
def test_making_a_switch_turns_nothing_and_warns(switch, on):
    with pytest.warns(RuntimeWarning, match="a switch that was never entered does nothing"):
        switch()
    assert state() == OFF


def test_nesting_in_each_other():
    with mg.no_grad():
        with mg.enable_grad():
            assert recording()
            with mg.inference():
                assert (recording(), training()) == (False, False)
                with mg.train_mode():
                    assert (recording(), training()) == (False, True)
                assert (recording(), training()) == (False, False)
            assert (recording(), training()) == (True, True)
        assert not recording()
    assert state() == OFF


def test_one_object_under_another():
    off, on = mg.no_grad(), mg.enable_grad()
    with off:
        with on:
            with off:
                assert not recording()
            assert recording()
        assert not recording()
    assert recording()


def test_it_gives_itself():
    switch = mg.no_grad()
    with switch as entered:
        assert entered is switch


def test_no_grad_makes_constants():
    x = Variable([1.0, 2.0])
    with mg.no_grad():
        y = x * x
        leaf = Variable([1.0])
    assert not y.requires_grad
    assert y.creator is None
    assert x.requires_grad
    assert leaf.requires_grad
    (y * x).sum().backward()
    assert x.grad.data.tolist() == [1, 4]


@pytest.mark.parametrize("dtype", [int, np.int64, bool, complex, "U3", object, np.longdouble, "no such type", None])
def test_default_dtype_must_be_a_float_type(dtype):
    with pytest.raises(TypeError):
        mg.default_dtype(dtype)
    assert Variable(1.0).dtype == np.float32


@pytest.mark.parametrize("on", [None, "yes", lambda x: x])
def test_train_mode_is_on_or_off(on):
    """Above all, `@train_mode` without parentheses must not replace the function silently."""
    with pytest.raises(TypeError):
        mg.train_mode(on)


@pytest.mark.parametrize("switch", [mg.no_grad, mg.enable_grad, mg.inference, mg.detect_anomaly, mg.default_dtype])
def test_a_decorator_without_parentheses_is_an_error(switch):
    with pytest.raises(TypeError):
        switch(lambda x: x)


def test_switches_in_an_exit_stack():
    with contextlib.ExitStack() as stack:
        stack.enter_context(mg.no_grad())
        switch = stack.enter_context(mg.train_mode(False))
        stack.push(mg.enable_grad().__enter__())
        assert (recording(), training()) == (True, False)
        with switch:
            pass
        assert (recording(), training()) == (True, False)
    assert state() == OFF


def test_a_switch_left_by_hand():
    outer, inner = mg.no_grad(), mg.enable_grad()
    outer.__enter__()
    inner.__enter__()
    assert hasattr(outer, "__exit__")  # to ask is not to leave
    outer.__exit__(None, None, None)
    assert recording()
    with outer:
        outer.__exit__(None, None, None)
        assert recording()
    inner.__exit__(None, None, None)
    inner.__exit__(None, None, None)  # does nothing where it was left
    assert state() == OFF
    with outer:
        with outer:
            outer.__exit__(None, None, None)
        assert not recording()  # the block that was left does not leave the other one
    assert state() == OFF


def test_what_is_entered_inside_of_a_call_in_another_mode_ends_with_it():
    switch = mg.train_mode(False)
    with mg.enable_grad():
        in_mode(config.NOT_RECORDED, switch.__enter__)
        assert (recording(), training()) == (True, True)
    switch.__exit__(None, None, None)
    assert state() == OFF


# As a decorator of functions


@EACH
def test_decorated_function(switch, on):
    @switch()
    def f(a, *, b):
        """Document."""
        return a, b, state()

    assert f(1, b=2) == (1, 2, on)
    assert state() == OFF
    assert (f.__name__, f.__doc__) == ("f", "Document.")
    assert list(inspect.signature(f).parameters) == ["a", "b"]


@EACH
def test_decorated_function_that_raises(switch, on):
    @switch()
    def f():
        assert state() == on
        raise Stop

    with pytest.raises(Stop):
        f()
    assert state() == OFF


def test_decorated_recursive_function():
    @mg.no_grad()
    def depth(n):
        assert not recording()
        return 0 if n == 0 else 1 + depth(n - 1)

    assert depth(50) == 50
    assert recording()


def test_decorated_methods():
    class Model:
        @mg.no_grad()
        def predict(self, a):
            return self, a, recording()

        @classmethod
        @mg.no_grad()
        def make(cls, a):
            return cls, a, recording()

        @staticmethod
        @mg.no_grad()
        def help(a):
            return a, recording()

        @property
        @mg.no_grad()
        def size(self):
            return recording()

    model = Model()
    assert model.predict(1) == (model, 1, False)
    assert Model.make(1) == (Model, 1, False)
    assert Model.help(1) == (1, False)
    assert model.size is False
    assert recording()


def test_decorated_partial_and_lambda():
    assert mg.no_grad()(lambda: not recording())()
    assert mg.no_grad()(functools.partial(lambda a: (a, recording()), 1))() == (1, False)


def test_stacked_decorators():
    @mg.no_grad()
    @mg.train_mode(False)
    def f():
        return recording(), training()

    assert f() == (False, False)
    assert state() == OFF


# The random generator


def draw():
    return config.generator().random(3).tolist()


def test_a_seed_repeats():
    mg.seed(7)
    first = draw()
    assert draw() != first
    mg.seed(7)
    assert draw() == first
    mg.seed(8)
    assert draw() != first


def test_a_seed_fixes_what_the_library_draws():
    def masks():
        mg.seed(3)
        x = Variable(np.ones(100, np.float32))
        return mg.functions.dropout(x).data.tolist(), mg.functions.dropout(x).data.tolist()

    first, second = masks()
    assert first != second
    assert masks() == (first, second)


def test_the_seed_of_numpy_is_left_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - users may still use it
    mg.seed(0)
    draw()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_a_generator_persists_until_the_next_seed():
    mg.seed(0)
    generator = config.generator()
    assert config.generator() is generator


@pytest.mark.parametrize("n", [-1, 1.5, "a"])
def test_a_seed_must_be_a_natural_number(n):
    with pytest.raises((TypeError, ValueError)):
        mg.seed(n)


def test_a_class_can_not_be_decorated():
    with pytest.raises(TypeError, match="a class can't be decorated with a switch; decorate its methods"):

        @mg.no_grad()
        class Net:
            pass


def test_tf32_is_off_by_default_and_changes_nothing_on_the_cpu():
    x = np.random.default_rng(0).random((9, 9), np.float32)
    assert not settings.get().tf32
    with mg.allow_tf32():
        assert settings.get().tf32
        fast = (Variable(x) @ x).data
        with mg.allow_tf32(False):
            assert not settings.get().tf32
    assert not settings.get().tf32
    np.testing.assert_array_equal(fast, (Variable(x) @ x).data)
    with pytest.raises(TypeError, match="allow_tf32: on must be True or False"):
        mg.allow_tf32("yes")
