"""Ctrl-C inside of a switch: it arrives between any two calls, and leaves all or nothing changed."""

import asyncio
from contextlib import aclosing

import pytest

import minigrad as mg
from minigrad import Variable, grad
from minigrad.settings import settings

BLOCKS = {
    "a block": "with mg.no_grad(): pass",
    "nested blocks": "with mg.inference(), mg.default_dtype('float64'), mg.detect_anomaly(): pass",
    "one object in itself": """
switch = mg.no_grad()
with switch, mg.enable_grad(), switch: pass
""",
    "a block that raises": """
try:
    with mg.no_grad(): raise LookupError
except LookupError: pass
""",
    "a decorated function": "mg.no_grad()(len)('')",
    "a decorated generator": "list(mg.no_grad()(function)())",
    "a generator that is closed": """
def numbers():
    with mg.no_grad(): yield
generator = numbers()
try: next(generator)
finally: generator.close()
""",
    "a block around a generator": """
def numbers():
    with mg.train_mode(False): yield
generator = numbers()
try:
    with mg.no_grad(): next(generator)
finally: generator.close()
""",
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_whenever_a_signal_comes_all_is_as_before(block, fresh_python):
    """SIGINT at each moment at which CPython looks for signals, the first instruction of an exit among them."""
    output = fresh_python(f"""
import contextvars
import minigrad as mg
from minigrad.switches import current
from tests.campaigns.signals import Interrupter, moments

def function():
    yield 1

def run():
    exec(code, {{"mg": mg, "function": function}})

def trial(moment):
    before = current()
    interruption = interrupter.at(moment, run)
    assert current() == before, (interruption, current())
    assert (mg.Variable(1.0) * 2).requires_grad and mg.is_training(), interruption
    return interruption.error

code = compile({block!r}, "block", "exec")
found = moments(run)
interrupter = Interrupter()
errors = [contextvars.copy_context().run(trial, moment) for moment in found]
print(errors.count("KeyboardInterrupt"))
""")
    assert int(output) > 8


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
            before = settings.get().grad_mode
            with pytest.raises(KeyboardInterrupt):
                differentiate(y)
            assert settings.get().grad_mode is before
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
