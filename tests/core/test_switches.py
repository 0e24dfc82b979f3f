"""Switches: nesting, exceptions, decorators, generators, threads and asyncio tasks; and the random generator."""

import asyncio
import contextvars
import functools
import inspect
import threading

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.core import config


def recording():
    """Whether an operation is recorded here and now."""
    x = Variable(1.0)
    recorded = (x * 2).requires_grad
    assert recorded == (config.grad_mode.get().enabled)
    return recorded


def training():
    return config.training.get()


def state():
    """All switches, as they are seen here and now."""
    return recording(), training(), bool(config.grad_mode.get().hooks), Variable(1).dtype.name


OFF = (True, True, False, "float32")

SWITCHES = {
    "no_grad": (mg.no_grad, (False, True, False, "float32")),
    "enable_grad": (mg.enable_grad, (True, True, False, "float32")),
    "train_mode(False)": (lambda: mg.train_mode(False), (True, False, False, "float32")),
    "train_mode": (mg.train_mode, (True, True, False, "float32")),
    "inference": (mg.inference, (False, False, False, "float32")),
    "detect_anomaly": (mg.detect_anomaly, (True, True, True, "float32")),
    "default_dtype": (lambda: mg.default_dtype(np.float64), (True, True, False, "float64")),
}
EACH = pytest.mark.parametrize(("switch", "on"), SWITCHES.values(), ids=SWITCHES)


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
def test_making_a_switch_turns_nothing(switch, on):
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


def test_it_gives_nothing_to_hold():
    with mg.no_grad() as nothing:
        assert nothing is None


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


# As a decorator of generators: on while the generator runs, off while its caller does


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


# Threads


def test_a_switch_leaks_into_no_thread():
    seen = []
    with mg.no_grad(), mg.train_mode(False), mg.detect_anomaly(), mg.default_dtype("float64"):
        thread = threading.Thread(target=lambda: seen.append(state()))
        thread.start()
        thread.join()
    assert seen == [OFF]


@pytest.mark.parametrize("shared", [False, True], ids=["two objects", "one object"])
def test_overlapping_no_grad_in_two_threads(shared):
    """A enters, B enters, A leaves, B leaves: the order in which a global flag, or a common stack, goes wrong."""
    switches = [mg.no_grad()] * 2 if shared else [mg.no_grad(), mg.no_grad()]
    steps = [threading.Barrier(2, timeout=10) for _ in range(4)]
    seen = {}

    def first():
        with switches[0]:
            steps[0].wait()
            steps[1].wait()
            inside = recording()
        steps[2].wait()
        seen["first"] = (inside, recording())
        steps[3].wait()

    def second():
        steps[0].wait()
        before = recording()
        with switches[1]:
            steps[1].wait()
            steps[2].wait()
            inside = recording()
            steps[3].wait()
        seen["second"] = (before, inside, recording())

    run_threads(first, second)
    assert seen == {"first": (False, True), "second": (True, False, True)}
    assert recording()


def test_one_decorated_function_in_two_threads():
    barrier = threading.Barrier(2, timeout=10)
    seen = []

    @mg.no_grad()
    def f():
        barrier.wait()
        seen.append(recording())

    run_threads(f, f)
    assert seen == [False, False]


def test_a_decorated_generator_handed_to_another_thread():
    @mg.no_grad()
    def numbers():
        while True:
            yield recording()

    generator = numbers()
    assert next(generator) is False
    seen = []
    run_threads(lambda: seen.extend([next(generator), recording()]))
    assert seen == [False, True]
    assert recording()
    generator.close()


def run_threads(*targets):
    """Run the targets at once; raise what one of them raised."""
    errors = []

    def guarded(target):
        try:
            target()
        except BaseException as error:  # noqa: BLE001 - handed on below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    if errors:
        raise errors[0]


# asyncio


def test_tasks_have_switches_of_their_own():
    async def quiet_task(turns):
        with mg.no_grad():
            for _ in range(turns):
                await asyncio.sleep(0)
                assert not recording()
        assert recording()

    async def loud_task():
        for _ in range(6):
            await asyncio.sleep(0)
            assert recording()

    async def main():
        await asyncio.gather(quiet_task(2), loud_task(), quiet_task(4), quiet_task(1))
        assert recording()

    asyncio.run(main())


def test_one_object_entered_in_two_tasks():
    same = mg.no_grad()

    async def task(turns):
        with same:
            for _ in range(turns):
                await asyncio.sleep(0)
                assert not recording()
        assert recording()

    async def main():
        await asyncio.gather(task(1), task(3), task(2))
        assert recording()

    asyncio.run(main())


def test_decorated_coroutine_function():
    @mg.no_grad()
    async def f(a):
        before = recording()
        await asyncio.sleep(0)
        return a, before, recording()

    async def main():
        assert await f(1) == (1, False, False)
        assert recording()
        assert await asyncio.gather(f(2), f(3)) == [(2, False, False), (3, False, False)]
        assert recording()

    assert inspect.iscoroutinefunction(f)
    asyncio.run(main())


def test_an_asynchronous_generator_is_refused_rather_than_left_recording():
    async def numbers():
        yield recording()

    with pytest.raises(TypeError, match="asynchronous generator"):
        mg.no_grad()(numbers)


def test_a_switch_in_a_copied_context():
    same = mg.no_grad()
    with same:
        assert contextvars.copy_context().run(recording) is False

        def enter():
            with same:
                return recording()

        assert contextvars.copy_context().run(enter) is False
    assert recording()


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


def test_each_thread_has_a_generator_of_its_own():
    mg.seed(0)
    expected = draw() + draw()
    mg.seed(0)
    seen = {}
    barrier = threading.Barrier(2, timeout=10)

    def work(n):
        mg.seed(n)
        barrier.wait()
        first = draw()
        barrier.wait()
        seen[n] = first + draw()

    first = draw()
    run_threads(lambda: work(0), lambda: work(1))
    assert first + draw() == expected
    assert seen[0] == expected
    assert seen[1] != expected


def test_without_a_seed_two_contexts_differ():
    seen = []
    run_threads(lambda: seen.append(draw()))
    run_threads(lambda: seen.append(draw()))
    assert seen[0] != seen[1]


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
