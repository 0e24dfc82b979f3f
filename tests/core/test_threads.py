"""Threads and asyncio tasks: switches and random numbers of their own, and graphs that several walk at once."""

import asyncio
import contextvars
import inspect
import sys
import threading

import numpy as np
import pytest
from switches import OFF, recording, state

import minigrad as mg
from minigrad import Variable, grad
from minigrad.core import config

# Switches in threads


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


def test_a_task_made_inside_of_a_block_keeps_its_switch_when_the_block_has_ended():
    async def task():
        await asyncio.sleep(0)
        return recording()

    async def main():
        with mg.no_grad():
            inside = asyncio.create_task(task())
        outside = asyncio.create_task(task())
        assert (await inside, await outside) == (False, True)

    asyncio.run(main())


# The random generator


def draw():
    return config.generator().random(3).tolist()


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


# Graphs


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


def test_no_lock_is_left_in_a_forked_child(fresh_python):
    code = """
import os, sys, threading
import minigrad as mg
from minigrad.core import variable
x = mg.Variable(1.0)
held, done = threading.Event(), threading.Event()
def hold():
    with variable._accumulation:
        held.set()
        done.wait(1)
thread = threading.Thread(target=hold)
thread.start()
held.wait()
if not (child := os.fork()):
    threading.Thread(target=lambda: os._exit((x * x).backward() or 0)).start()
    threading.Event().wait(20)
    os._exit(1)
done.set()
thread.join()
sys.exit(os.waitpid(child, 0)[1])
"""
    fresh_python(code)
