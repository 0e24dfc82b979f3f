"""kill -9 while a model is saved: the file is always a whole one, and the next save leaves nothing else behind."""

import os
import signal
import tempfile
from pathlib import Path
from time import perf_counter, sleep

import numpy as np

from minigrad import nn
from tests.campaigns.campaign import command

FEW = 5  # saves in the time until the latest kill
NUMBERS = 100_000  # of the model, so that it takes a while to write


class Constant(nn.Module):
    """A model whose numbers are all the same."""

    def __init__(self, number):
        self.some, self.more = (nn.Parameter(np.full(NUMBERS, number, np.float32)) for _ in range(2))


def attack(account, count, seed):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        nn.save(Constant(0.0), path)
        start = perf_counter()
        nn.save(Constant(0.0), path)
        latest = FEW * (perf_counter() - start)
        for _ in range(count):
            left = killed(path, rng.uniform(0, latest))
            outcome(account, path, left)


def killed(path, seconds):
    """Kill a child that saves models of 1, 2, 3, ... so many seconds after its start; the other files in the folder."""
    child = os.fork()
    if child == 0:
        number = 0
        while True:
            number += 1
            nn.save(Constant(float(number)), path)
    sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return others(path)


def others(path):
    return [file.name for file in path.parent.iterdir() if file != path]


def outcome(account, path, left):
    model = Constant(np.nan)
    try:
        nn.load(model, path)
    except (ValueError, OSError) as error:
        account.fail("the file can't be loaded", str(error))
        return
    finally:
        nn.save(Constant(0.0), path)
    if len({*model.some.data.tolist(), *model.more.data.tolist()}) != 1:
        account.fail("the file has parts of two models")
    elif others(path):
        account.fail("after the next save a file is left beside it", others(path)[0])
        for name in others(path):
            (path.parent / name).unlink()
    else:
        account.note("killed while it wrote: the file is whole" if left else "killed between: the file is whole")


if __name__ == "__main__":
    command(attack, count=500, unit="kills")
