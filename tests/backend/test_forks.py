"""A process that forks while other threads compute: neither it nor the child waits for ever."""

import os
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from minigrad.backend.compiled.preparing import compiler_lock
from minigrad.backend.forks import not_while_forking
from minigrad.backend.kernels import PRODUCTS, KernelSet

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

TRAINING = """
import os, signal, threading, warnings
import numpy as np
import minigrad as mg, minigrad.functions as F
from minigrad import nn, optim
warnings.simplefilter("ignore")  # Python warns of forks beside threads

def step(model, optimizer):
    x, t = np.ones((1000, 784), np.float32), np.zeros(1000, int)
    optimizer.zero_grad()
    F.softmax_cross_entropy(model(x), t).backward()
    optimizer.step()

def train():
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    while True:
        step(model, optimizer)
        yield

next(train())
for _ in range(2):
    threading.Thread(target=list, args=(train(),), daemon=True).start()
for _ in range(8):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        next(train())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print("done", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("kernels", ["numpy", ""])
def test_children_of_a_process_whose_threads_train_do_a_step(fresh_python, monkeypatch, kernels):
    monkeypatch.setenv("MINIGRAD_KERNELS", kernels)
    assert fresh_python(TRAINING, timeout=60) == "done\n"


def forked(found):
    """Whether `found()` holds in a child, by its exit status."""
    child = os.fork()
    if child == 0:
        os._exit(found() is not True)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_fork_waits_for_the_product_of_another_thread(name):
    begun, ended = threading.Event(), threading.Event()

    def product():
        begun.set()
        threading.Event().wait(0.2)
        ended.set()

    kernels = KernelSet(lambda _: None, SimpleNamespace(**{name: product}), lambda *_: False)
    thread = threading.Thread(target=getattr(kernels, name))
    thread.start()
    begun.wait()
    assert forked(ended.is_set)
    thread.join()


def test_a_fork_does_not_wait_for_its_own_product_nor_for_one_that_failed():
    def fails():
        raise ValueError("no")

    def attempt():
        with pytest.raises(ValueError, match="no"):
            not_while_forking(fails)()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert not_while_forking(forked)(lambda: True)


def test_a_child_may_compile_although_a_thread_did():
    begun, ended = threading.Event(), threading.Event()

    def compiles():
        with compiler_lock:
            begun.set()
            threading.Event().wait(0.2)
            ended.set()

    thread = threading.Thread(target=compiles)
    thread.start()
    begun.wait()
    assert forked(lambda: ended.is_set() and free(compiler_lock))
    assert free(compiler_lock)
    thread.join()


def free(lock):
    """Whether another thread may take the lock."""
    taken = []

    def take():
        taken.append(lock._lock.acquire(timeout=1))
        lock._lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return taken == [True]


def test_a_child_computes_what_its_parent_does():
    x = np.random.default_rng(0).random((300, 300), np.float32)
    kernels = KernelSet(lambda _: None, np, lambda *_: False)
    expected = kernels.matmul(x, x)
    assert forked(lambda: bool((kernels.matmul(x, x) == expected).all()))
