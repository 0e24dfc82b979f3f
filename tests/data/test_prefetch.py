"""prefetch: a thread makes minibatches ahead, with the same numbers, and is never left behind."""

import gc
import os
import signal
import threading
import time
import traceback
import warnings
import weakref
from contextlib import closing, suppress

import numpy as np
import pytest
from same_batches import assert_same

import minigrad as mg
import minigrad.functions as F
from minigrad.data import Dataset, RandomNoise, batches, minibatches, prefetch
from tests.interrupts import interrupts

X = np.arange(48.0, dtype=np.float32).reshape(12, 1, 2, 2)
T = np.arange(12)


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    assert not working()


def working():
    return [thread for thread in threading.enumerate() if thread.name.startswith("minigrad-prefetch")]


def wait_until(condition):
    latest = time.monotonic() + 10
    while not condition() and time.monotonic() < latest:
        time.sleep(0.001)
    assert condition()


def seeded(**options):
    return batches(Dataset(X, T), 2, rng=np.random.default_rng(7), **options)


# The same numbers


@pytest.mark.parametrize("n", [1, 2, 5, 100])
def test_the_numbers_are_those_without_it(n):
    def changed():
        return seeded(drop_last=True).augment(RandomNoise(0.1)).map(np.tanh, part=0).repeat(2)

    assert_same(changed().prefetch(n), changed())
    assert len(changed().prefetch(n)) == len(changed())


def test_it_may_be_asked_for_before_the_changes():
    assert_same(seeded().prefetch(2).augment(RandomNoise(0.1)), seeded().augment(RandomNoise(0.1)))


def test_the_contexts_generator_shuffles_as_without_it():
    passes = []
    for ahead in (0, 3):
        mg.seed(5)
        plain = batches(Dataset(X, T), 2).augment(RandomNoise(0.1))
        both = plain.prefetch(ahead) if ahead else plain
        passes.append([*both, mg.core.config.generator().random(), *both])  # something else draws in between
    assert passes[0].pop(6) == passes[1].pop(6)
    assert_same(*passes)


def test_loops_at_the_same_time_are_independent():
    ahead = seeded().prefetch(2)
    for (x, _), (y, _) in zip(ahead, ahead, strict=True):
        assert x.shape == y.shape
    assert [sorted(np.concatenate([t for _, t in ahead])) for _ in range(2)] == [list(range(12))] * 2


# Ahead


def test_a_thread_makes_the_next_n_and_no_more():
    made, taken = [], []

    def note(x):
        made.append(threading.current_thread())
        assert len(made) <= len(taken) + 1 + 2
        return x

    for x in batches(Dataset(T), 2, shuffle=False).map(note).prefetch(2):
        taken.append(x)
        wait_until(lambda: len(made) == min(6, len(taken) + 2))
    assert len(taken) == 6
    assert len(set(made)) == 1
    assert made[0] is not threading.current_thread()


def test_the_switches_are_those_of_the_loop():
    seen = []

    def look(x):
        seen.append((mg.is_training(), mg.Variable(1.0).dtype, (mg.Variable(1.0) * 2).requires_grad))
        return x

    with mg.inference(), mg.default_dtype(np.float64):
        iterator = iter(batches(Dataset(T), 6).map(look).prefetch())
    list(iterator)  # as they were when it began
    list(batches(Dataset(T), 6).map(look).prefetch())
    assert seen == [(False, np.float64, False)] * 2 + [(True, np.float32, True)] * 2


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has classes of threads")
def test_the_thread_waits_for_its_turn_on_a_busy_core():
    here = os.sched_getscheduler(0)
    minibatches = batches(Dataset(T), 6).map(lambda _: os.sched_getscheduler(0))
    assert list(minibatches.prefetch()) == [os.SCHED_BATCH if here == os.SCHED_OTHER else here] * 2
    assert list(minibatches) == [here] * 2


def test_a_function_may_compute_with_minigrad():
    w = np.random.default_rng(0).standard_normal((48, 48)).astype(np.float32)
    (x,) = batches(Dataset(X.reshape(1, 48)), 1).map(lambda x: F.matmul(x, w).data).prefetch()
    np.testing.assert_array_equal(x, F.matmul(X.reshape(1, 48), w).data)


def test_what_was_taken_is_not_kept():
    iterator = iter(batches(Dataset(X), 2).prefetch())
    x = next(iterator)
    taken = weakref.ref(x)
    del x
    assert taken() is None
    iterator.close()


# Exceptions


def test_an_exception_comes_out_in_its_minibatchs_place_with_its_traceback():
    def fail_at_4(x):
        if 4 in x:
            raise ZeroDivisionError("four")
        return x

    iterator = iter(batches(Dataset(T), 2, shuffle=False).map(fail_at_4).prefetch(3))
    assert [next(iterator).tolist(), next(iterator).tolist()] == [[0, 1], [2, 3]]
    with pytest.raises(ZeroDivisionError, match="four") as caught:
        next(iterator)
    assert "fail_at_4" in "".join(traceback.format_tb(caught.value.__traceback__))
    assert not working()
    assert list(iterator) == []


@pytest.mark.parametrize("ahead", [0, 2])
def test_a_function_that_stops_iterating_is_an_error_and_no_end(ahead):
    plain = batches(Dataset(T), 2).map(lambda x: next(iter(())))
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(plain.prefetch(ahead) if ahead else plain)


def test_a_thread_that_does_not_start_is_an_error_and_nobody_waits_for_it(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        list(seeded().prefetch())


# The thread's end


def test_there_is_no_thread_before_the_first_minibatch_is_asked_for():
    iterator = iter(seeded().prefetch())
    assert not working()
    next(iterator)
    assert len(working()) == 1


def test_the_thread_ends_with_the_pass():
    iterator = iter(seeded().prefetch())
    for _ in range(6):
        next(iterator)
    assert list(iterator) == []
    assert not working()


def test_the_thread_ends_at_break():
    for _ in seeded().prefetch():
        break
    assert not working()


def test_the_thread_ends_when_the_loop_fails():
    def loop():
        for _ in seeded().prefetch():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        loop()
    assert not working(), caught.value


def test_the_thread_ends_at_close():
    with closing(iter(seeded().prefetch())) as iterator:
        next(iterator)
        assert working()
    assert not working()


def test_the_thread_ends_when_an_iterator_in_a_cycle_is_collected():
    cycle = [iter(seeded().prefetch())]
    next(cycle[0])
    cycle.append(cycle)
    assert working()
    del cycle
    gc.collect()
    assert not working()


def test_an_iterator_that_is_collected_in_its_own_thread_does_not_wait_for_itself(monkeypatch):
    monkeypatch.setattr(prefetch, "PATIENCE", 1e6)
    dropped, collected = threading.Event(), []

    def collect(x):
        if dropped.wait(10) and not collected:
            collected.append(gc.collect())
        return x

    cycle = [iter(batches(Dataset(T), 2).map(lambda x: collect(x) if made else made.append(x) or x).prefetch())]
    made = []
    cycle.append(cycle)
    gc.disable()
    try:
        next(cycle[0])
        del cycle
        dropped.set()
        wait_until(lambda: not working())
    finally:
        gc.enable()
    assert collected[0] > 0


def test_nothing_more_is_made_when_the_loop_has_ended(monkeypatch):
    monkeypatch.setattr(prefetch, "PATIENCE", 0.0)
    made, ended = [], threading.Event()

    def note(x):
        made.append(x)
        return x if len(made) == 1 or ended.wait(10) else None

    iterator = iter(batches(Dataset(T), 2).map(note).prefetch(5))
    next(iterator)
    wait_until(lambda: len(made) == 2)
    iterator.close()
    ended.set()
    wait_until(lambda: not working())
    assert len(made) == 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_ctrl_c_while_the_loop_waits_ends_the_thread():
    slow = threading.Event()

    def interrupt(*_):
        slow.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        iterator = iter(batches(Dataset(T), 2).map(lambda x: slow.wait(20) and x).prefetch())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            next(iterator)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not working()
    assert list(iterator) == []


def test_ctrl_c_at_any_line_leaves_no_thread():
    def work():
        for _ in seeded().prefetch(1):
            pass

    count = 0
    for interrupt in interrupts(work, prefetch, minibatches):
        if interrupt is not None:
            count += 1
            del interrupt
            wait_until(lambda: not working())
    assert count > 30


def test_a_lock_that_the_thread_waits_for_delays_the_end_but_does_not_prevent_it(monkeypatch):
    monkeypatch.setattr(prefetch, "PATIENCE", 0.01)
    lock = threading.Lock()

    def locked(x):
        if len(x) < 5:  # all but the first
            with lock:
                return x
        return x

    numbers = Dataset(np.arange(8))
    with lock:
        for _ in batches(numbers, 5, shuffle=False).map(locked).prefetch():
            break
    wait_until(lambda: not working())


def test_the_interpreter_ends_though_an_iterator_is_kept(fresh_python):
    code = """
import os, sys, threading
import numpy as np
from minigrad.data import Dataset, batches
sys.unraisablehook = threading.excepthook = lambda unraisable: os._exit(9)
iterator = iter(batches(Dataset(np.arange(100)), 2, shuffle=False).prefetch(3))
print(next(iterator).tolist(), threading.active_count())
"""
    assert fresh_python(code) == "[0, 1] 2\n"


# Forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_on_with_the_same_numbers():
    expected = list(seeded().augment(RandomNoise(0.1)))
    iterator = iter(seeded().augment(RandomNoise(0.1)).prefetch(2))
    assert_same([next(iterator)], expected[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12's, of exactly this
        child = os.fork()
    if child == 0:
        status = 1
        with suppress(BaseException):
            assert_same(iterator, expected[1:])
            assert not working()
            status = 0
        os._exit(status)
    latest = time.monotonic() + 30
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < latest:
        time.sleep(0.005)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert ended == (child, 0)
    assert_same(iterator, expected[1:])
