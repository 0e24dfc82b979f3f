"""kill -9 while a model is trained: what goes on from its checkpoint is the uninterrupted training, bit for bit.

The child trains with dropout, shuffling, augmentation, batch normalization and early stopping, and writes a checkpoint
in each step. It is killed at random moments, and goes on, to be killed again or to come to its end; then the weights,
the optimizer's state, the history and the log must be those of a training that nobody killed.
"""

import os
import signal
import tempfile
from pathlib import Path
from time import perf_counter, sleep

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data, metrics, nn, optim, training
from tests.campaigns.campaign import command

DIGITS = data.mnist()[0].split(80)[0]
EPOCHS = 2
CHECKPOINT, LOG, RESULT = "checkpoint.npz", "log.jsonl", "result.npz"


def attack(account, count, seed):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = trained(folder)
        clear(folder)
        start = perf_counter()
        trained(folder)
        seconds = perf_counter() - start
        clear(folder)
        kills = before = 0
        while kills < count:
            if ends_within(rng.uniform(0, seconds), folder):
                outcome(account, "ended before it was killed", (folder / RESULT).read_bytes(), expected)
            else:
                kills, before = kills + 1, before + 1
                if rng.random() < 0.5 and kills < count:
                    continue  # from there on, until it is killed again
                outcome(account, f"killed {'once' if before == 1 else 'several times'}", trained(folder), expected)
            if others := [file.name for file in folder.iterdir() if file.name not in (CHECKPOINT, LOG, RESULT)]:
                account.fail("a file is left beside the training's", others[0])
            clear(folder)
            before = 0


def outcome(account, what, found, expected):
    if found == expected:
        account.note(f"{what}: the same bits")
    else:
        account.fail(f"{what}: other bits than uninterrupted")


def ends_within(seconds, folder):
    """Train in a child and kill it after so many seconds; False if it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            trained(folder)
            status = 0
        finally:
            os._exit(status)
    sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return status == 0


def trained(folder):
    """Train, from where the checkpoint in the folder is; all that is left then, as bytes."""
    mg.seed(1)
    shuffling, dropping = np.random.default_rng(2).spawn(2)
    first = [nn.AvgPool2d(7), nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3)]
    model = nn.Sequential(*first, nn.Linear(8, 10), nn.Dropout(0.1, rng=dropping))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    history = training.fit(
        model,
        optimizer,
        data.batches(DIGITS, 8, rng=shuffling).augment(data.RandomShift(1)),
        loss=F.softmax_cross_entropy,
        validation=data.batches(DIGITS, 40),
        epochs=EPOCHS,
        metrics={"accuracy": metrics.Accuracy()},
        schedule=lambda step: 0.01 / (1 + step),
        callbacks=[
            training.EarlyStopping(patience=1),
            training.AverageWeights(decay=0.9),
            training.JSONLines(folder / LOG, every=3),
            training.Checkpoint(folder / CHECKPOINT, every=1),
        ],
        resume=folder / CHECKPOINT,
        progress=False,
    )
    records = [{name: value for name, value in each.items() if name != "seconds"} for each in history.epochs]
    state = {**model.state_dict(), **optimizer.state_dict(), **{k: np.array(v) for k, v in history.steps.items()}}
    result = repr((records, [(name, array.tobytes()) for name, array in state.items()])).encode()
    lines = len((folder / LOG).read_text(encoding="utf-8").splitlines())
    result += f" {lines} lines".encode()
    (folder / RESULT).write_bytes(result)
    return result


def clear(folder):
    for file in folder.iterdir():
        file.unlink()


if __name__ == "__main__":
    command(attack, count=500, unit="kills")
