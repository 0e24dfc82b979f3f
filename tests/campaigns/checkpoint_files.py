"""Broken and hostile checkpoints: each is one clear error that changes nothing, or the training that was saved."""

import io
import json
import tempfile
from pathlib import Path

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import metrics, nn, optim, training
from minigrad.core import config
from tests.campaigns import npz_files
from tests.campaigns.campaign import command
from tests.campaigns.damage import DAMAGE, MOST_MIB, peak_mib, unclear

PLAIN = [
    None,
    True,
    0,
    -1,
    1,
    3,
    2**53,
    2**200,
    1e308,
    float("nan"),
    "",
    "PCG64",
    "\x1b[2J\n",
    "x" * 9_000,
    [],
    {},
    [[]],
]
ODD = [
    np.zeros(0),
    np.zeros((3, 4)),
    np.array(np.nan),
    np.array(7),
    np.zeros(4, np.int8),
    np.ones(2, bool),
    np.array("x"),
]


class Run:
    """A training of two epochs of three steps."""

    def __init__(self, seed):
        mg.seed(seed)
        self.model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.2, rng=np.random.default_rng(seed)))
        self.optimizer = optim.Adam(self.model.parameters(), lr=0.05)
        x = np.random.default_rng(7).normal(size=(12, 2)).astype(np.float32)
        self.train = [(x[i : i + 4], x[i : i + 4].argmax(1)) for i in range(0, 12, 4)]

    def fit(self, **options):
        callbacks = [training.EarlyStopping("loss"), training.AverageWeights(), *options.pop("callbacks", ())]
        return training.fit(
            self.model, self.optimizer, self.train, loss=F.softmax_cross_entropy, callbacks=callbacks, epochs=2,
            metrics={"accuracy": metrics.Accuracy()}, progress=False, **options,
        )  # fmt: skip

    def state(self):
        """All that a refused file must leave as it was."""
        arrays = {**self.model.state_dict(), **self.optimizer.state_dict()}
        generators = [config.generator().bit_generator.state, self.model[2].rng.bit_generator.state]
        return {name: array.tobytes() for name, array in arrays.items()}, self.optimizer.lr, generators


def attack(account, count, seed):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.npz"
        harmed = path.with_name("harmed")  # what a pickle in a file makes, if it is run
        run = Run(1)
        run.fit(callbacks=[training.Checkpoint(Path(folder) / "{step}", every=1)])
        files = [(Path(folder) / str(step)).read_bytes() for step in range(1, 7)]
        result = run.state()[0]
        before = peak_mib()
        for _ in range(count):
            base, other = (files[i] for i in rng.choice(len(files), 2, replace=False))
            if (kind := rng.random()) < 0.4:
                harm = rng.choice(DAMAGE)
                data = harm(base, other, rng)
            elif kind < 0.5:
                harm = rng.choice(npz_files.HOSTILE)
                data = harm(rng, harmed)
            else:
                harm = rng.choice(CHANGES)
                data = changed(base, other, harm, rng)
            path.write_bytes(data)
            outcome(account, harm.__name__, path, result, same=data in files)
        if peak_mib() > before + MOST_MIB:
            account.fail("too much memory was taken", f"{peak_mib() - before:.0f} MiB")
        if harmed.exists():
            account.fail("a pickle was run")


def outcome(account, harm, path, result, *, same):
    run = Run(9)
    before = run.state()
    try:
        with np.errstate(all="ignore"):  # of numbers that a file may well have
            run.fit(resume=path)
    except (ValueError, OSError) as error:
        if reason := unclear(error, f"fit: {path}"):
            account.fail(f"{harm}: {reason}", repr(error))
        elif run.state() != before:
            account.fail(f"{harm}: the file was refused, but something has changed", repr(error))
        else:
            account.note(f"{harm}: refused")
    except Exception as error:  # noqa: BLE001 - no other is allowed
        account.fail(f"{harm}: {type(error).__name__}", repr(error))
    else:
        if run.state()[0] == result:
            account.note(f"{harm}: the saved training")
        elif same or harm in {each.__name__ for each in DAMAGE}:
            account.fail(f"{harm}: another training than was saved")
        else:
            account.note(f"{harm}: a training as the file says")


def changed(base, other, harm, rng):
    """A file in good order, of which `harm` has changed what it says."""
    entries, others = (dict(np.load(io.BytesIO(content))) for content in (base, other))
    harm(entries, others, rng)
    buffer = io.BytesIO()
    np.savez(buffer, **entries)
    return buffer.getvalue()


def odd_arrays(entries, others, rng):
    """Other arrays than a training has."""
    for name in rng.choice(list(entries), rng.integers(1, 3)):
        entries[name] = ODD[rng.integers(len(ODD))]


def missing_arrays(entries, others, rng):
    for name in rng.choice(list(entries), rng.integers(1, 3), replace=False):
        del entries[name]


def mixed_arrays(entries, others, rng):
    """Arrays of another step's checkpoint."""
    for name in rng.choice(list(others), rng.integers(1, 5)):
        entries[name] = others[name]


def odd_values(entries, others, rng):
    """Other values in the text about where the training stands."""
    plain = json.loads(entries["training"].tobytes())
    for _ in range(rng.integers(1, 3)):
        where, key = plain, rng.choice(list(plain))
        while isinstance(where[key], (dict, list)) and where[key] and rng.random() < 0.8:
            where = where[key]
            key = rng.choice(list(where)) if isinstance(where, dict) else int(rng.integers(len(where)))
        where[key] = PLAIN[rng.integers(len(PLAIN))]
    entries["training"] = np.frombuffer(json.dumps(plain).encode(), np.uint8)


def odd_texts(entries, others, rng):
    """A text that is no such text."""
    text = entries["training"].tobytes()
    texts = [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"format":' + b"9" * 9_000 + b"}",
        text[: rng.integers(len(text))],
        text + b"}",
    ]
    texts += [text.replace(b"1", b"9", int(rng.integers(1, 9))), b"\xff\xfe", text.replace(b'"', b"'")]
    entries["training"] = np.frombuffer(texts[rng.integers(len(texts))], np.uint8)


CHANGES = [odd_arrays, missing_arrays, mixed_arrays, odd_values, odd_texts]


if __name__ == "__main__":
    command(attack, count=10_000, unit="files")
