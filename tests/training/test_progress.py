"""Progress: a line for each epoch, or a bar on a terminal."""

import io
import re
import sys
import threading

import pytest

import minigrad.functions as F
from minigrad import metrics, training
from minigrad.training import progress
from tests.training.small import digits, make


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Trains while the standard error output is a terminal, which is written to in each step."""
    monkeypatch.setattr(progress, "EVERY", 0.0)

    def train(**options):
        with monkeypatch.context() as patch:  # between a test's phases pytest sets it itself
            patch.setattr(sys, "stderr", train.found)
            fit(**options)

    train.found = Terminal()
    return train


def fit(**options):
    model, optimizer = make()
    arguments = {"validation": digits(n=9), "metrics": {"accuracy": metrics.Accuracy()}, "epochs": 2} | options
    return training.fit(model, optimizer, digits(), loss=F.softmax_cross_entropy, **arguments)


def test_without_a_terminal_there_is_a_line_for_each_epoch(capsys):
    history = fit()
    lines = capsys.readouterr().out.splitlines()
    record = history.epochs[1]
    assert len(lines) == 2
    assert re.fullmatch(
        rf"epoch 2/2  loss {record['loss']:.4g}  accuracy {record['accuracy']:.4g}  "
        rf"validation loss {record['validation_loss']:.4g}  validation accuracy {record['validation_accuracy']:.4g}  "
        r"\(\d+\.\d s\)",
        lines[1],
    )


def test_figures_that_are_no_numbers_are_left_out(capsys):
    fit(metrics={"counts": metrics.ConfusionMatrix(3)})
    assert "counts" not in capsys.readouterr().out


def test_a_terminal_has_a_bar_with_loss_metrics_rate_and_time_left(terminal, capsys):
    pytest.importorskip("tqdm")
    terminal()
    shown = terminal.found.getvalue()
    assert re.search(r"\d/6 \[.*<.*(step/s|s/step), epoch 1  loss [\d.]+\]", shown)
    assert "6/6" in shown
    assert capsys.readouterr().out.startswith("epoch 1/2  loss ")


def test_the_bar_leaves_no_thread(terminal):
    pytest.importorskip("tqdm")
    before = threading.active_count()
    terminal()
    assert threading.active_count() == before


def test_the_bar_is_closed_after_an_error(terminal):
    pytest.importorskip("tqdm")

    class Failing(training.Callback):
        def after_step(self, training):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        terminal(callbacks=[Failing()])
    assert terminal.found.getvalue().endswith("\n")


def test_a_terminal_without_tqdm_has_the_lines(terminal, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    terminal()
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert terminal.found.getvalue() == ""


def test_nothing_is_shown_if_that_is_wanted(terminal, capsys):
    terminal(progress=False)
    assert (terminal.found.getvalue(), *capsys.readouterr()) == ("", "", "")


def test_the_figures_are_looked_at_seldom(terminal, monkeypatch):
    """To read a loss waits for a device."""
    monkeypatch.setattr(progress, "EVERY", 1e9)
    looks = []
    monkeypatch.setattr(training.Training, "figures", lambda self: looks.append(self.step) or {"loss": 0.0})
    terminal(metrics={}, validation=None)
    assert looks == [3, 6]  # at the ends of the epochs
