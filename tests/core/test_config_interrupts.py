"""Ctrl-C inside of a switch: it arrives between any two calls, and leaves all or nothing changed."""

import asyncio
import itertools
from contextlib import aclosing

import pytest

import minigrad as mg
from minigrad import Variable, grad
from minigrad.core import config
from minigrad.core.config import Switch


class Interrupted:
    """A ContextVar after whose `at`-th get or set a KeyboardInterrupt arrives, once."""

    def __init__(self, value, clock):
        self.value, self.clock = value, clock

    def get(self):
        return self.clock.tick(self.value)

    def set(self, value):
        self.value = value
        self.clock.tick()


class Clock:
    def __init__(self, at):
        self.left = at

    def tick(self, value=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return value


def nested(variables):
    a, b = variables
    outer, inner = Switch((a, lambda n: n + 1), (b, lambda n: n + 1)), Switch((b, lambda n: n * 10))
    with outer, inner:
        pass


def out_of_order(variables):
    a, b = variables
    first, second = Switch((a, lambda n: n + 1), (b, lambda n: n + 1)), Switch((b, lambda n: n * 10))
    first.__enter__()
    try:
        second.__enter__()
        try:
            first.__exit__()
        finally:
            second.__exit__()
    finally:
        first.__exit__()  # again: it does nothing where it was left


@pytest.mark.filterwarnings("ignore:a switch that was never entered")
@pytest.mark.parametrize("block", [nested, out_of_order])
def test_whenever_an_interrupt_comes_all_is_as_before(block, monkeypatch):
    for at in itertools.count(1):
        clock = Clock(at)
        variables = a, b = Interrupted(1, clock), Interrupted(2, clock)
        entered = Interrupted((), clock)
        try:
            with monkeypatch.context() as patched:
                patched.setattr(config, "_entered", entered)
                block(variables)
        except KeyboardInterrupt:
            assert (a.value, b.value, entered.value) == (1, 2, ()), f"after call {at}"
        else:
            assert clock.left > 0, "no interrupt came any more"
            assert (a.value, b.value, entered.value) == (1, 2, ())
            break
    assert at > 15


@pytest.mark.parametrize("differentiate", [Variable.backward, lambda y: grad(y, y.creator.inputs[0])])
def test_a_backward_that_is_interrupted_leaves_the_mode_as_it_was(differentiate):
    class Stopped(mg.Function):
        def forward(self, x):
            return x

        def backward(self, gy):
            raise KeyboardInterrupt

    x = Variable(1.0)
    y = mg.apply(Stopped(), x)
    for switch in (mg.enable_grad, mg.detect_anomaly):
        with switch():
            before = config.grad_mode.get()
            with pytest.raises(KeyboardInterrupt):
                differentiate(y)
            assert config.grad_mode.get() is before
            assert (x * 2).requires_grad


def test_a_switch_inside_of_a_backward_goes_back_to_its_mode():
    class Switching(mg.Function):
        def forward(self, x):
            return x * 1

        def backward(self, gy):
            with mg.enable_grad():
                pass
            return gy * 2

    x = Variable(1.0)
    y = mg.apply(Switching(), x)
    assert not grad(y, x).requires_grad
    assert grad(y, x, create_graph=True).requires_grad


def test_an_asynchronous_generator_that_is_closed_at_once_leaves_its_switch():
    async def numbers():
        with mg.no_grad():
            for n in range(3):
                yield n

    async def main():
        async with aclosing(numbers()) as found:
            async for _ in found:
                break
        return (Variable(1.0) * 2).requires_grad

    assert asyncio.run(main())
