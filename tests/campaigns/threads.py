"""Threads that train at once: each has the bits that it has alone, whatever switches and seeds the others use."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import metrics, nn, optim, training, viz
from tests.campaigns.campaign import command

AT_ONCE = 8
STEPS = 6
METRICS = {"accuracy": metrics.Accuracy()}  # which all of the trainings are given
IMPATIENT = 1e-5  # seconds until a thread must let another go on; usually 5 ms


def attack(account, count, seed):
    before = sys.getswitchinterval()
    sys.setswitchinterval(IMPATIENT)
    try:
        for start in range(0, count, AT_ONCE):
            numbers = range(seed + start, seed + min(start + AT_ONCE, count))
            compare(account, numbers)
    finally:
        sys.setswitchinterval(before)


def compare(account, numbers):
    """Train once in turn and once at the same time, with a leaf that all of the threads add to."""
    barrier, shared = Barrier(len(numbers)), mg.Variable(np.zeros(3))

    def at_once(number):
        barrier.wait()
        return train(number, shared)

    with ThreadPoolExecutor(1) as pool:
        alone = list(pool.map(train, numbers))
    with ThreadPoolExecutor(len(numbers)) as pool:
        found = list(pool.map(at_once, numbers))
    for number, one, other in zip(numbers, alone, found, strict=True):
        if one == other:
            account.note("the same bits")
        else:
            account.fail("other bits than alone", f"number {number}")
    expected = np.full(3, float(sum(numbers) * STEPS))
    if not np.array_equal(shared.grad.data, expected):
        account.fail("a shared leaf's gradient lacks some of the threads'", f"{shared.grad.data}, expected {expected}")


def train(number, shared=None):
    """All that a training gives, as bytes; the number decides about its switches, its seed and its layers."""
    mg.seed(number)
    dtype = (np.float32, np.float64, np.float16)[number % 3]
    found, rng = [], np.random.default_rng(number)
    with mg.default_dtype(dtype):
        model = nn.Sequential(nn.Linear(6, 5 + number % 4), nn.ReLU(), nn.Dropout(0.4), nn.Linear(5 + number % 4, 3))
        optimizer = (optim.Adam, optim.SGD, optim.Adagrad)[number % 3](model.parameters(), lr=0.05)
        for _ in range(STEPS):
            x = rng.standard_normal((7, 6)).astype(dtype)
            loss = F.softmax_cross_entropy(model(x), np.arange(7) % 3)
            optimizer.zero_grad()
            with viz.record(model) if number % 2 else mg.enable_grad():
                loss.backward()
            optimizer.step()
            with mg.inference():
                found.append(model(x).data)
            if shared is not None:
                (shared * float(number)).sum().backward()
            w = mg.Variable(x)
            (gw,) = mg.grad((w**3).sum(), [w], create_graph=True)
            found += [loss.data, mg.grad(gw.sum(), w).data, mg.Variable(1.0).data]
        x = rng.standard_normal((20, 6)).astype(dtype)
        minibatches = [(x[i : i + 5], np.arange(i, i + 5) % 3) for i in range(0, 20, 5)]
        history = training.fit(
            model, optimizer, minibatches, loss=F.softmax_cross_entropy, validation=minibatches, epochs=2,
            metrics=METRICS, callbacks=[training.EarlyStopping(), training.AverageWeights()], progress=False,
        )  # fmt: skip
        found += [np.array(history[name]) for name in ("loss", "accuracy", "validation_loss", "validation_accuracy")]
        found += [p.data for p in model.parameters()]
    return [(array.dtype.str, array.tobytes()) for array in found]


if __name__ == "__main__":
    command(attack, count=400, unit="trainings")
