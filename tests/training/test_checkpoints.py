"""Checkpoints: a resumed training is the uninterrupted one, bit for bit, and a wrong file changes nothing."""

import json
import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import data, metrics, nn, optim, training
from minigrad.optim import schedules
from tests.training.small import bits, digits, make

DIGITS = data.mnist()[0].split(24)[0]
STEPS = 3  # an epoch
EPOCHS = 3


class Run:
    """A training with all that has a state: generators, buffers, metrics, callbacks with states of their own."""

    def __init__(self, folder, seed=0, *, optimizer=optim.Adam, callbacks=(), images=24):
        mg.seed(seed)
        shuffling, dropping, noise = np.random.default_rng([seed, 1]).spawn(3)
        self.model = nn.Sequential(
            nn.AvgPool2d(7),
            nn.Conv2d(1, 2, 3, rng=np.random.default_rng(seed)),
            nn.BatchNorm2d(2),
            nn.Flatten(),
            nn.Dropout(0.3),  # of the context's generator
            nn.Linear(8, 10, rng=np.random.default_rng(seed)),
            nn.Dropout(0.2, rng=dropping),
        )
        self.optimizer = optimizer(self.model.parameters(), lr=0.01)
        dataset = DIGITS.split(images)[0]
        noisy = lambda x, _: x + noise.normal(0, 0.1, x.shape).astype(np.float32)  # noqa: E731 - with a closure
        self.train = data.batches(dataset, 8, rng=shuffling).augment(data.RandomShift(1), noisy)
        self.validation = data.batches(dataset, 10)  # shuffled, by the context's generator
        self.average = training.AverageWeights(decay=0.7)
        plateau = schedules.ReduceOnPlateau(0.01, factor=0.5, patience=0)
        self.callbacks = [
            self.average,
            training.EarlyStopping(patience=5),
            training.LearningRate(plateau, of="validation_loss"),
            training.JSONLines(folder / "log.jsonl", every=2),
            *callbacks,
        ]

    def fit(self, *, epochs=EPOCHS, **options):
        self.history = training.fit(
            self.model, self.optimizer, self.train, loss=F.softmax_cross_entropy, validation=self.validation,
            epochs=epochs, metrics={"accuracy": metrics.Accuracy(), "error": OneHotError()}, callbacks=self.callbacks,
            progress=False, **options,
        )  # fmt: skip
        return self

    def result(self):
        """All that a training leaves, without its time."""
        state = {name: array.tobytes() for name, array in self.optimizer.state_dict().items()}
        history = self.history.to_dict()
        for record in history["epochs"]:
            del record["seconds"]
        next_number = np.random.default_rng()
        next_number.bit_generator.state = mg.core.config.generator().bit_generator.state
        return bits(self.model), state, self.optimizer.lr, history, next_number.integers(2**60)


class OneHotError(metrics.MeanAbsoluteError):
    """The distance of the scores from one-hot labels: a sum of floats, whose bits depend on their order."""

    def update(self, predictions, labels):
        super().update(predictions, np.eye(10)[labels])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted training, and the checkpoints of each of its steps and epochs."""
    folder = tmp_path_factory.mktemp("whole")

    class Each(training.Checkpoint):
        def after_step(self, training):
            self.path = str(folder / "step-{step}.npz")
            super().after_step(training)

        def after_epoch(self, training):
            self.path = str(folder / "epoch-{epoch}.npz")
            super().after_epoch(training)

    run = Run(folder, callbacks=[Each(folder / "x", every=1)]).fit()
    assert len(run.history.epochs) == EPOCHS  # none of them is lost to early stopping
    return folder, run.result()


NAMES = [*(f"step-{step}" for step in range(1, EPOCHS * STEPS + 1)), *(f"epoch-{n}" for n in range(1, EPOCHS + 1))]


class Saving(training.Checkpoint):
    """As the one that wrote: when metrics count what waits is a part of the training."""


@pytest.mark.parametrize("name", NAMES)
def test_a_training_goes_on_from_any_step_as_if_nothing_had_happened(whole, tmp_path, name):
    folder, expected = whole
    saving = Saving(tmp_path / "again.npz", every=1)
    run = Run(tmp_path, seed=99, callbacks=[saving]).fit(resume=folder / f"{name}.npz")
    assert run.result() == expected


def test_the_log_of_a_resumed_training_is_that_of_the_whole_one(whole, tmp_path):
    def lines(path):
        return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in path.read_text().splitlines()]

    folder, _ = whole
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"torn')
    Run(tmp_path, callbacks=[Saving(tmp_path / "again.npz", every=1)]).fit(resume=folder / "step-5.npz")
    assert lines(tmp_path / "log.jsonl") == lines(folder / "log.jsonl")


def test_the_checkpoint_of_a_resumed_training_is_as_good(whole, tmp_path):
    folder, expected = whole
    path = tmp_path / "last.npz"

    class Killed(training.Callback):
        order = 20

        def after_step(self, training):
            if training.step == 7:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, callbacks=[training.Checkpoint(path, every=1), Killed()]).fit(resume=folder / "step-4.npz")
    run = Run(tmp_path, callbacks=[training.Checkpoint(path, every=1)]).fit(resume=path)
    assert run.result() == expected


def test_without_a_file_a_training_begins_at_its_beginning(whole, tmp_path):
    run = Run(tmp_path, callbacks=[Saving(tmp_path / "again.npz", every=1)]).fit(resume=tmp_path / "missing.npz")
    assert run.result() == whole[1]


def test_what_is_finished_is_not_trained_again(whole, tmp_path):
    folder, expected = whole
    steps = []

    class Counting(training.Callback):
        def after_step(self, training):
            steps.append(training.step)

    run = Run(tmp_path, callbacks=[Counting()]).fit(resume=folder / f"epoch-{EPOCHS}.npz")
    assert steps == []
    assert run.result()[0] == expected[0]
    Run(tmp_path, callbacks=[Counting()]).fit(resume=folder / f"epoch-{EPOCHS}.npz", epochs=EPOCHS + 1)
    assert len(steps) == STEPS


def test_a_training_that_was_stopped_stays_stopped(tmp_path):
    class Stop(training.Callback):
        def after_step(self, training):
            if training.step == 2:
                training.stop("enough")

    def run(**options):
        model, optimizer = make()
        callbacks = [Stop(), training.Checkpoint(tmp_path / "{step}-{epoch}.npz", every=1)]
        return training.fit(
            model, optimizer, digits(), loss=F.softmax_cross_entropy, epochs=4, callbacks=callbacks, progress=False,
            **options,
        )  # fmt: skip

    assert run().epochs[-1]["step"] == 2
    assert run(resume=tmp_path / "2-1.npz").epochs[-1]["step"] == 2


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM])
def test_generators_of_every_kind_go_on(tmp_path, kind):
    def run(seed, **options):
        model, optimizer = make(dropout=0.5, rng=np.random.Generator(kind(seed)))
        callbacks = [training.Checkpoint(tmp_path / "{step}.npz", every=1)]
        training.fit(
            model, optimizer, digits(), loss=F.softmax_cross_entropy, callbacks=callbacks, progress=False, **options
        )
        return bits(model)

    expected = run(1)
    assert run(2) != expected
    expected = run(1)
    assert run(3, resume=tmp_path / "2.npz") == expected


def test_minibatches_of_ones_own_are_gone_through_again(tmp_path):
    """Drawn one by one: they are made in vain up to the place, with the numbers of then."""

    class Drawn:
        def __init__(self, seed):
            self.rng = np.random.default_rng(seed)

        def __iter__(self):
            for _ in range(4):
                x = self.rng.normal(size=(8, 2)).astype(np.float32)
                yield x, x.argmax(1)

    def run(seed, **options):
        model, optimizer = make(dropout=0.5)
        train = Drawn(seed)
        callbacks = [training.Checkpoint(tmp_path / "{step}.npz", every=1)]
        loss = F.softmax_cross_entropy
        training.fit(model, optimizer, train, loss=loss, epochs=2, callbacks=callbacks, progress=False, **options)
        return bits(model), train.rng.bit_generator.state

    expected = run(0)
    assert all(run(7, resume=tmp_path / f"{step}.npz") == expected for step in (6, 3, 2))


def test_minibatches_that_can_start_later_do_so(tmp_path):
    class Startable(list):
        started = ()

        def start(self, skip=0):
            self.started = (*self.started, skip)
            return iter(self[skip:])

    def run(**options):
        model, optimizer = make()
        train = Startable(digits())
        callbacks = [training.Checkpoint(tmp_path / "{step}.npz", every=1)]
        loss = F.softmax_cross_entropy
        training.fit(model, optimizer, train, loss=loss, callbacks=callbacks, progress=False, **options)
        return bits(model), train.started

    expected, _ = run()
    assert [run(resume=tmp_path / f"{step}.npz") for step in (2, 1)] == [(expected, (step,)) for step in (2, 1)]


def test_what_an_epochs_beginning_changes_is_not_changed_twice(tmp_path):
    class Halving(training.Callback):
        def before_epoch(self, training):
            training.optimizer.lr *= 0.5
            training.model.parameters()[0].data += mg.core.config.generator().normal()

    def run(**options):
        model, optimizer = make(dropout=0.5)
        callbacks = [Halving(), training.Checkpoint(tmp_path / "{epoch}-{step}.npz", every=1)]
        loss = F.softmax_cross_entropy
        training.fit(model, optimizer, digits(), loss=loss, epochs=2, callbacks=callbacks, progress=False, **options)
        return bits(model), optimizer.lr

    expected = run()
    for name in ("2-5", "1-3", "1-2"):
        assert run(resume=tmp_path / f"{name}.npz") == expected


# which epochs are saved


def figures_of(path):
    with np.load(path) as arrays:
        return json.loads(arrays["training"].tobytes())


def test_the_best_epoch_is_kept(tmp_path):
    values = iter([3.0, 1.0, 2.0, float("nan"), 1.0])

    class Given(metrics.Metric):
        def update(self, predictions, labels):
            pass

        def value(self):
            return self.values

    class Set(training.Callback):
        def after_epoch(self, training):
            training.history.epochs[-1]["loss"] = next(values)

    model, optimizer = make()
    path = tmp_path / "best.npz"
    training.fit(
        model, optimizer, digits(), loss=F.softmax_cross_entropy, epochs=5, progress=False,
        callbacks=[training.Checkpoint(path, best="loss"), Set()],
    )  # fmt: skip
    assert figures_of(path)["epoch"] == 2


def test_a_name_with_the_epoch_keeps_each(tmp_path):
    model, optimizer = make()
    training.fit(
        model, optimizer, digits(), loss=F.softmax_cross_entropy, epochs=2, progress=False,
        callbacks=[training.Checkpoint(tmp_path / "{epoch}.npz")],
    )  # fmt: skip
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1.npz", "2.npz"]


def test_numpy_reads_a_checkpoint_and_its_model_is_an_archive_of_weights(whole):
    folder, expected = whole
    with np.load(folder / f"epoch-{EPOCHS}.npz", allow_pickle=False) as arrays:
        names = list(arrays)
    assert "model.layers.1.w" in names
    assert "optimizer.steps.layers.1.w" in names
    assert len(expected[0]) == sum(name.startswith("model.") for name in names)


# what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": 3}, "Checkpoint: path must be a path, not int"),
        ({"every": 0.5}, "Checkpoint: every must be an int, not 0.5"),
    ],
)
def test_options_of_the_wrong_type(options, message):
    with pytest.raises(TypeError, match=message):
        training.Checkpoint(**{"path": "x"} | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"best": "validation_f1"}, "is 'validation_f1' better small or large\\? Write mode="),
        ({"best": "loss", "every": 5}, "leave out every"),
        ({"best": "validation_loss"}, "best must be one of loss, not 'validation_loss'; fit needs validation= for it"),
        ({"best": "acc_loss"}, "best must be one of loss, not 'acc_loss'"),
    ],
)
def test_options_that_make_no_sense(tmp_path, options, message):
    model, optimizer = make()
    with pytest.raises(ValueError, match=message):
        training.fit(
            model, optimizer, digits(), loss=F.softmax_cross_entropy, progress=False,
            callbacks=[training.Checkpoint(tmp_path / "x", **options)],
        )  # fmt: skip


def test_a_folder_that_is_missing_is_said_before_the_training(tmp_path):
    model, optimizer = make()
    before = bits(model)
    with pytest.raises(FileNotFoundError, match="Checkpoint: there is no directory"):
        training.fit(
            model, optimizer, digits(), loss=F.softmax_cross_entropy, progress=False,
            callbacks=[training.Checkpoint(tmp_path / "missing" / "x")],
        )  # fmt: skip
    assert bits(model) == before


def test_a_metric_without_a_state_is_said_before_the_training(tmp_path):
    class Bare:
        def reset(self):
            pass

        def update(self, predictions, labels):
            pass

        def value(self):
            return 0.0

    model, optimizer = make()
    with pytest.raises(TypeError, match=r"metrics\['bare'\], a Bare, needs state_dict and load_state_dict"):
        training.fit(
            model, optimizer, digits(), loss=F.softmax_cross_entropy, progress=False, metrics={"bare": Bare()},
            callbacks=[training.Checkpoint(tmp_path / "x", every=1)],
        )  # fmt: skip


@pytest.fixture
def refused(whole, tmp_path):
    """Fails unless the file is refused in one ValueError, with the model and the optimizer as before."""

    def check(change, message, **run_options):
        path = tmp_path / "changed.npz"
        with np.load(whole[0] / "step-5.npz") as arrays:
            entries = dict(arrays)
        plain = json.loads(entries.pop("training").tobytes())
        change(entries, plain)
        text = {} if plain is None else {"training": np.frombuffer(json.dumps(plain).encode(), np.uint8)}
        np.savez(path, **entries, **text)
        run = Run(tmp_path, seed=3, **run_options)
        before = bits(run.model), run.optimizer.state_dict(), mg.core.config.generator().bit_generator.state
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            run.fit(resume=path)
        assert str(error.value).startswith(f"fit: {path} has no checkpoint of this training: ")
        state = mg.core.config.generator().bit_generator.state
        assert (bits(run.model), run.optimizer.state_dict(), state) == before

    return check


def nothing(entries, plain):
    pass


def setting(**changes):
    return lambda entries, plain: plain.update(changes)


def rid(*names):
    return lambda entries, plain: [entries.pop(name) for name in names]


def other_rng(entries, plain):
    plain["generators"]["train.rng"]["bit_generator"] = "MT19937"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (setting(format=2), "its format is not 1"),
        (setting(step=-1), "its step must be a count"),
        (setting(step=10**30), "its step must be a count"),
        (setting(step=6), "its history must have 6 steps"),
        (setting(epoch=1), "its counts contradict each other"),
        (setting(per_epoch=4), "it was written in the middle of an epoch of 4 minibatches, and now train has 3"),
        (setting(optimizer="SGD\n\x1b[0m"), r"it is of the optimizer 'SGD\n\x1b[0m', and this one is Adam"),
        (setting(settings=[{"lr": 1}]), "the optimizer's settings are others"),
        (setting(settings=None), "the optimizer's settings are others"),
        (setting(epochs=[{"loss": "small"}]), "its epochs' records must be dicts of numbers"),
        (setting(stopped=3), "stopped must be a text"),
        (setting(generators={}), "the training's generators are ['context', "),
        (setting(generators=[]), "the generators' states must be a dict"),
        (setting(pass_start=None), "the generators' states must be a dict"),
        (other_rng, "generator train.rng.bit_generator is PCG64, the state is of another kind"),
        (rid("model.layers.1.w"), "layers.1.w: missing, expected an array (2, 1, 3, 3) float32"),
        (rid("optimizer.m.layers.1.w"), "m.layers.1.w: missing"),
        (rid("steps.loss"), "it lacks \"'steps.loss'\""),
        (rid("metrics.accuracy/right"), "Accuracy.load_state_dict: it must have arrays of the shapes"),
        (rid("callbacks.EarlyStopping.0.best"), "it lacks"),
        (rid("callbacks.AverageWeights.0.layers.1.w"), "layers.1.w: missing"),
    ],
)
def test_a_checkpoint_that_does_not_fit(refused, change, message):
    refused(change, message)


def test_a_checkpoint_of_another_optimizer(refused):
    refused(nothing, "it is of the optimizer 'Adam', and this one is SGD", optimizer=optim.SGD)


def test_a_checkpoint_of_a_longer_epoch(refused):
    refused(nothing, "it was written in the middle of an epoch of 3 minibatches, and now train has 2", images=16)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100])
def test_a_file_that_is_none(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match="has no checkpoint of this training"):
        Run(tmp_path).fit(resume=tmp_path / "x")


def test_a_folder_is_none(tmp_path):
    with pytest.raises(OSError, match="is not a regular file"):
        Run(tmp_path).fit(resume=tmp_path)
