"""Ctrl-C at random moments: no switch, hook or lock is left behind, and what comes next has the bits that it should.

Signals that come within a microsecond of each other can't be told apart here: `each_moment` goes through them all.
"""

import contextvars
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from tests.campaigns.campaign import command
from tests.campaigns.interrupted import WORKS, WrongError, check, context_variables
from tests.campaigns.signals import Interrupter

LATEST = 1.1  # times what the work takes


def attack(account, count, seed):
    rng, interrupter = np.random.default_rng(seed), Interrupter()
    for i, (name, make) in enumerate(WORKS.items()):
        seconds = LATEST * median(timed(make) for _ in range(5))
        for _ in range(count * i // len(WORKS), count * (i + 1) // len(WORKS)):
            attempt(account, name, make, partial(interrupter.after, rng.uniform(1e-6, seconds)))


def timed(make):
    with tempfile.TemporaryDirectory() as folder:
        work = make(Path(folder))
        start = perf_counter()
        work.run()
        return perf_counter() - start


def attempt(account, name, make, interrupt):
    """Interrupt one run in a context of its own, and note its outcome."""
    interruption = None

    def trial(folder):
        nonlocal interruption
        with np.errstate():  # from here on NumPy's variable has a value too
            work, before = make(folder), context_variables()
            interruption = interrupt(work.run)
            return check(work, interruption, before) if interruption.line else "not interrupted"

    with tempfile.TemporaryDirectory() as folder:
        try:
            account.note(f"{name}: {contextvars.copy_context().run(trial, Path(folder))}")
        except Exception as error:  # noqa: BLE001 - whatever does not work afterwards is a finding
            what = str(error) if isinstance(error, WrongError) else f"afterwards a {type(error).__name__}: {error}"
            account.fail(f"{name}: {what}", f"in {interruption.function}, {interruption.line}")


if __name__ == "__main__":
    command(attack, count=13_000)
