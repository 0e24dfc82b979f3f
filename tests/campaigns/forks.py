"""Children that are forked while other threads compute steps: each of them computes a step, with the same bits."""

import os
import signal
import threading
import warnings
from time import monotonic, sleep

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim
from tests.campaigns.campaign import command

THREADS = 3  # that compute, besides the one that forks
NUMBERS = 20_000  # of each of their leaves
PATIENCE = 30  # seconds that a child may take
LATEST = 0.02  # seconds from one child's end to the next fork


def attack(account, count, seed):
    rng, ended = np.random.default_rng(seed), threading.Event()
    wanted = step()  # and whatever the first kernels need
    threads = [threading.Thread(target=compute, args=[ended]) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(count):
            sleep(rng.uniform(0, LATEST))
            outcome(account, forked(wanted))
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def step():
    """The bits of the weights after a training step of some layers, the same at each call."""
    mg.seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10))
    optimizer = optim.Adam(model.parameters())
    x = np.linspace(-1, 1, 16 * 64, dtype=np.float32).reshape(16, 1, 8, 8)
    F.softmax_cross_entropy(model(x), np.arange(16) % 10).backward()
    optimizer.step()
    return b"".join(p.data.tobytes() for p in model.parameters())


def compute(ended):
    """Steps, and gradients that are added to those of a few large leaves: what takes a thread long, under a lock."""
    leaves = [mg.Variable(np.ones(NUMBERS, np.float32)) for _ in range(8)]
    total = sum((leaf * 2.0).sum() for leaf in leaves)
    while not ended.is_set():
        step()
        for _ in range(10):
            total.backward()


def forked(wanted):
    """The exit status of a child that computes a step: 0 if it has the bits `wanted`; None if it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12's, of exactly this
        child = os.fork()
    if child == 0:
        status = 2
        try:
            status = int(step() != wanted)
        finally:
            os._exit(status)
    latest = monotonic() + PATIENCE
    while monotonic() < latest:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def outcome(account, status):
    if status == 0:
        account.note("the child computed its step")
    else:
        reasons = {None: "the child hangs", 1: "the child's step has other bits", 2: "the child raised an error"}
        account.fail(reasons.get(status, f"the child ended with status {status}"))


if __name__ == "__main__":
    command(attack, count=100, unit="children")
