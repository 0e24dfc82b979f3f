"""Ctrl-C at each moment at which CPython looks for signals, one after the other; what must be so is as in `interrupts`.

The runs are the same for every seed.
"""

import contextvars
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from tests.campaigns.campaign import command
from tests.campaigns.interrupted import WORKS
from tests.campaigns.interrupts import attempt
from tests.campaigns.signals import Interrupter, moments


def attack(account, count, seed):
    interrupter = Interrupter()
    for i, (name, make) in enumerate(WORKS.items()):
        with tempfile.TemporaryDirectory() as folder:
            found = contextvars.copy_context().run(moments, make(Path(folder)).run)
        fair = count * (i + 1) // len(WORKS) - count * i // len(WORKS)
        chosen = np.linspace(0, len(found) - 1, min(fair, len(found))).round().astype(int)
        for number in chosen:
            attempt(account, name, make, partial(interrupter.at, found[number]))


if __name__ == "__main__":
    command(attack, count=100_000, unit="the most runs, evenly from all moments")
