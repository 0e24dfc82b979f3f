"""Logs: JSON lines, a table, event files, each written as the epochs come."""

import csv
import json
import sys

import pytest

import minigrad.functions as F
from minigrad import metrics, training
from tests.training.small import digits, make


def fit(*callbacks, epochs=2):
    model, optimizer = make()
    return training.fit(
        model, optimizer, digits(), loss=F.softmax_cross_entropy, epochs=epochs, callbacks=callbacks, progress=False,
        validation=digits(n=9), metrics={"accuracy": metrics.Accuracy(), "counts": metrics.ConfusionMatrix(3)},
    )  # fmt: skip


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_epoch_is_a_line(tmp_path):
    path = tmp_path / "log.jsonl"
    history = fit(training.JSONLines(path))
    assert lines(path) == history.epochs
    assert path.read_text() == history.to_json_lines()


def test_steps_are_lines_as_well(tmp_path):
    path = tmp_path / "log.jsonl"
    history = fit(training.JSONLines(path, every=2))
    assert [line["step"] for line in lines(path)] == [2, 3, 4, 6, 6]
    losses = history.steps["loss"]
    assert lines(path)[2] == {"step": 4, "lr": 0.05, "loss": pytest.approx((losses[2] + losses[3]) / 2)}


def test_each_epoch_is_a_row(tmp_path):
    path = tmp_path / "log.csv"
    history = fit(training.CSV(path))
    assert path.read_text() == history.to_csv()
    with path.open(newline="") as file:
        assert [float(row["validation_loss"]) for row in csv.DictReader(file)] == history["validation_loss"]


@pytest.mark.parametrize("log", [training.JSONLines, training.CSV])
def test_a_log_can_be_read_while_it_grows(tmp_path, log):
    path = tmp_path / "log"
    grown = []

    class Reading(training.Callback):
        order = 20

        def after_epoch(self, training):
            grown.append(len(path.read_text().splitlines()))

    fit(log(path), Reading(), epochs=3)
    assert [grown[i + 1] - grown[i] for i in range(2)] == [1, 1]


@pytest.mark.parametrize("log", [training.JSONLines, training.CSV])
def test_a_log_is_closed_after_an_error(tmp_path, log):
    class Failing(training.Callback):
        def after_step(self, training):
            raise ValueError("no")

    callback = log(tmp_path / "log")
    with pytest.raises(ValueError, match="no"):
        fit(callback, Failing())
    assert callback._file is None


def test_a_log_that_can_not_be_written_is_said_before_the_training(tmp_path):
    with pytest.raises(FileNotFoundError):
        fit(training.JSONLines(tmp_path / "missing" / "log"))


def test_every_is_a_number_of_steps():
    with pytest.raises(ValueError, match="JSONLines: every must be at least 1, not 0"):
        training.JSONLines("x", every=0)


def scalars(folder):
    """What is in the event files of a folder, (tag, step) -> value, as TensorBoard understands it."""
    from tensorboardX.proto.event_pb2 import Event  # noqa: PLC0415

    found = {}
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        while content:
            size = int.from_bytes(content[:8], "little")
            event = Event.FromString(content[12 : 12 + size])
            content = content[16 + size :]
            if event.session_log.status == event.session_log.START and event.HasField("session_log"):
                found = {(tag, step): value for (tag, step), value in found.items() if step < event.step}
            found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
    return found


def test_tensorboard_gets_each_epoch_and_losses_between(tmp_path):
    pytest.importorskip("tensorboardX")
    history = fit(training.TensorBoard(tmp_path / "runs", every=2))
    found = scalars(tmp_path / "runs")
    assert found["loss/validation", 6] == pytest.approx(history["validation_loss"][1])
    assert found["accuracy/training", 3] == pytest.approx(history["accuracy"][0])
    assert [step for tag, step in found if tag == "loss/step"] == [2, 4, 6]
    assert not any(tag.startswith("counts") for tag, _ in found)


def test_tensorboard_forgets_the_steps_that_a_resumed_training_takes_again(tmp_path):
    pytest.importorskip("tensorboardX")
    runs, path = tmp_path / "runs", tmp_path / "training.npz"

    class Failing(training.Callback):
        order = 20

        def after_step(self, training):
            if training.step == 8:
                raise InterruptedError

    def fit_on(*callbacks, every):
        model, optimizer = make()
        training.fit(
            model, optimizer, digits(), loss=F.softmax_cross_entropy, epochs=4, resume=path, progress=False,
            callbacks=[training.TensorBoard(runs, every=every), *callbacks],
        )  # fmt: skip
        return [step for tag, step in scalars(runs) if tag == "loss/step"]

    with pytest.raises(InterruptedError):
        fit_on(training.Checkpoint(path), Failing(), every=2)  # the checkpoint is of step 6
    assert ("loss/step", 8) in scalars(runs)
    assert fit_on(every=3) == [2, 4, 6, 9, 12]


def test_tensorboard_is_an_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'minigrad-nn\[tensorboard\]'"):
        fit(training.TensorBoard(tmp_path / "runs"))
