"""Switches and generators: on while a decorated generator runs, off while its caller does."""

import inspect

import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.settings import settings


def recording():
    """Whether an operation is recorded here and now."""
    x = Variable(1.0)
    recorded = (x * 2).requires_grad
    assert recorded == (settings.get().grad_mode.enabled)
    return recorded


class Stop(Exception):  # noqa: N818 - nothing went wrong
    """Raised through a switch."""


def test_decorated_generator():
    @mg.no_grad()
    def numbers(n):
        for i in range(n):
            assert not recording()
            yield i
        assert not recording()

    assert inspect.isgeneratorfunction(numbers)
    assert numbers.__name__ == "numbers"
    seen = []
    for i in numbers(3):
        assert recording()
        seen.append(i)
    assert seen == [0, 1, 2]
    assert recording()


def test_decorated_generator_gets_what_is_sent():
    @mg.no_grad()
    def echo():
        got = []
        while (item := (yield len(got))) is not None:
            assert not recording()
            got.append(item)
        return got

    generator = echo()
    assert next(generator) == 0
    assert generator.send("a") == 1
    assert generator.send("b") == 2
    with pytest.raises(StopIteration) as stop:
        generator.send(None)
    assert stop.value.value == ["a", "b"]
    assert recording()


def test_decorated_generator_gets_what_is_thrown():
    @mg.no_grad()
    def stubborn():
        caught = []
        while len(caught) < 2:
            try:
                yield tuple(caught)
            except Stop as error:
                assert not recording()
                caught.append(error)
        return caught

    generator = stubborn()
    next(generator)
    first, second = Stop("first"), Stop("second")
    assert generator.throw(first) == (first,)
    assert recording()
    with pytest.raises(StopIteration) as stop:
        generator.throw(second)
    assert stop.value.value == [first, second]


def test_decorated_generator_that_does_not_catch():
    @mg.no_grad()
    def numbers():
        yield 1
        yield 2

    generator = numbers()
    next(generator)
    with pytest.raises(Stop):
        generator.throw(Stop())
    assert recording()
    assert list(generator) == []


def test_decorated_generator_that_raises():
    @mg.no_grad()
    def numbers():
        yield 1
        raise Stop

    generator = numbers()
    next(generator)
    with pytest.raises(Stop):
        next(generator)
    assert recording()


def test_decorated_generator_is_closed():
    closed = []

    @mg.no_grad()
    def numbers():
        try:
            yield 1
        finally:
            closed.append(recording())

    generator = numbers()
    next(generator)
    generator.close()
    assert closed == [False]
    assert recording()
    generator = numbers()
    next(generator)
    del generator
    assert closed == [False, False]
    numbers().close()
    assert len(closed) == 2


def test_decorated_generator_that_refuses_to_close():
    @mg.no_grad()
    def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = stubborn()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()
    assert recording()


def test_decorated_generator_returns_a_value():
    @mg.no_grad()
    def answer():
        yield 1
        return 42

    def delegate():
        result = yield from answer()
        yield result

    assert list(delegate()) == [1, 42]


def test_decorated_generators_run_in_turns():
    @mg.no_grad()
    def off():
        for _ in range(3):
            yield recording()

    @mg.enable_grad()
    def on():
        for _ in range(3):
            yield recording()

    with mg.no_grad():
        for a, b in zip(off(), on(), strict=True):
            assert (a, b, recording()) == (False, True, False)
    assert recording()


def test_a_switch_inside_a_decorated_generator_holds_across_its_yields():
    @mg.no_grad()
    def numbers():
        yield recording()
        with mg.enable_grad():
            yield recording()
            yield recording()
        yield recording()

    assert list(numbers()) == [False, True, True, False]
    assert recording()
    generator = numbers()
    next(generator)
    next(generator)
    with mg.no_grad():
        assert next(generator)
        assert not recording()
    generator.close()
    assert recording()


def test_decorated_generator_used_inside_another_switch():
    @mg.enable_grad()
    def on():
        yield recording()
        yield recording()

    generator = on()
    assert next(generator)
    with mg.no_grad():
        assert next(generator)
        assert not recording()


def test_an_exception_inside_a_decorated_generator_keeps_its_class():
    @mg.no_grad()
    def wrong():
        yield 1
        raise StopIteration  # noqa: PLR1708 - that is the test

    generator = wrong()
    next(generator)
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(generator)


# Generators that yield inside a `with` share their caller's context, as everywhere in Python


def quiet(n=2):
    with mg.no_grad():
        for i in range(n):
            assert not recording()
            yield i


def test_a_generator_that_yields_inside_no_grad_gives_recording_back():
    assert list(quiet()) == [0, 1]
    assert recording()
    generator = quiet()
    next(generator)
    generator.close()
    assert recording()
    generator = quiet()
    next(generator)
    with pytest.raises(Stop):
        generator.throw(Stop())
    assert recording()
    generator = quiet()
    next(generator)
    del generator
    assert recording()


def test_generators_that_yield_inside_no_grad_in_turns():
    """None of them may leave its setting behind: all training after it would be lost."""
    for _ in zip(quiet(), quiet(), strict=True):
        pass
    assert recording()
    first, second = quiet(), quiet()
    next(first)
    next(second)
    first.close()
    second.close()
    assert recording()


def test_a_context_manager_around_a_generator_that_is_left_halfway():
    generator = quiet()
    with mg.enable_grad():
        next(generator)
    generator.close()
    assert recording()
