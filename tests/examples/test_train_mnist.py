"""examples/train_mnist.py: what it prints and leaves behind, and what it says to bad options."""

import contextlib
import gzip
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from examples import train_mnist
from minigrad import nn, training
from models import RECIPES

FILES = ["checkpoint.npz", "curves.png", "graph.svg", "metrics.jsonl", "weights.npz"]


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


def write_set(directory, name, labels, size=28):
    """Images that give themselves away: label t has row t lit."""
    images = np.random.default_rng(0).integers(0, 50, (len(labels), size, size))
    images[np.arange(len(labels)), labels] = 255
    write_idx(directory / f"{name}-images-idx3-ubyte.gz", images)
    write_idx(directory / f"{name}-labels-idx1-ubyte.gz", labels)


def write_digits(tmp_path):
    """300 images to train on, 100 to test on."""
    directory = tmp_path / "digits"
    directory.mkdir()
    write_set(directory, "train", np.arange(300) % 10)
    write_set(directory, "t10k", np.arange(100) % 10)
    return str(directory)


def train(tmp_path, digits, *options):
    """Train softmax regression for some epochs, with the files in tmp_path/out."""
    arguments = ["--model", "softmax_regression", "--data", digits, "--out", str(tmp_path / "out")]
    return train_mnist.main([*arguments, "--epochs", "4", *options])


@pytest.fixture
def digits(tmp_path):
    return write_digits(tmp_path)


@pytest.fixture
def run(digits, tmp_path, capsys):
    return lambda *options: (train(tmp_path, digits, *options), capsys.readouterr())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run that went well: its folder, its status and what it printed."""
    tmp_path, printed = tmp_path_factory.mktemp("trained"), io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = train(tmp_path, write_digits(tmp_path))
    return tmp_path, status, printed.getvalue()


def test_it_ends_with_the_accuracy_on_the_test_images(trained):
    _, status, printed = trained
    assert status == 0
    assert printed.splitlines()[-1].startswith("accuracy on the 100 test images: 100.00% (loss ")


def test_it_leaves_metrics_curves_graph_and_weights(trained):
    out = trained[0] / "out"
    assert sorted(file.name for file in out.iterdir()) == FILES
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "graph.svg").read_text(encoding="utf-8")
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert records[-1]["test_accuracy"] == 1.0
    assert records[-2]["step"] == 4 * 5  # 250 of the 300 images are trained on, in minibatches of 50
    assert [record["epoch"] for record in records if "validation_accuracy" in record] == [1, 2, 3, 4]


def test_the_saved_weights_are_the_trained_model(trained):
    model = RECIPES["softmax_regression"]["quick"].build()
    nn.load(model, trained[0] / "out" / "weights.npz")
    _, test = train_mnist.load(str(trained[0] / "digits"))
    assert train_mnist.evaluate(model, test)["accuracy"] == 1.0


def test_the_seed_fixes_every_number(run, tmp_path, monkeypatch):
    monkeypatch.setattr(train_mnist, "draw_curves", lambda *args: None)
    monkeypatch.setattr(train_mnist.viz, "RecordStep", lambda *args: training.Callback())
    weights = []
    for seed in ("5", "5", "6"):
        run("--model", "deep_mnist", "--epochs", "1", "--batch-size", "125", "--seed", seed)
        with np.load(tmp_path / "out" / "weights.npz") as arrays:
            weights.append({name: arrays[name] for name in arrays})
    first, again, other = weights
    assert all((first[name] == again[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)


def test_options_change_the_recipe(run, tmp_path):
    run("--batch-size", "25", "--epochs", "2", "--lr", "1e-30")
    records = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert records[-2]["step"] == 2 * 10
    assert records[-1]["test_loss"] == pytest.approx(np.log(10), rel=1e-5)  # nothing was learned


def test_an_interrupted_training_goes_on(digits, tmp_path, monkeypatch, capsys):
    def weights():
        with np.load(tmp_path / "out" / "weights.npz") as arrays:
            return {name: arrays[name].tobytes() for name in arrays}

    class Interrupted(training.Callback):
        order = 20

        def after_epoch(self, training):
            if training.epoch == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(train_mnist, "draw_curves", lambda *args: None)
    monkeypatch.setattr(train_mnist.viz, "RecordStep", lambda *args: training.Callback())
    assert train(tmp_path, digits) == 0
    expected = weights()
    with monkeypatch.context() as patch:
        patch.setattr(train_mnist.viz, "RecordStep", lambda *args: Interrupted())
        assert train(tmp_path, digits) == 130
    assert weights() != expected
    assert train(tmp_path, digits, "--resume") == 0
    assert weights() == expected


def test_a_checkpoint_of_another_model_is_refused(run):
    run("--epochs", "1")
    status, printed = run("--model", "dense", "--resume")
    assert status == 2
    assert "checkpoint.npz has no checkpoint of this training: " in printed.err


def test_control_c_saves_what_there_is(digits, tmp_path):
    out = tmp_path / "out"
    script = Path(train_mnist.__file__)
    command = [sys.executable, str(script), "--model", "softmax_regression", "--data", digits, "--out", str(out)]
    with subprocess.Popen(  # noqa: S603
        [*command, "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a shell's & would ignore it
    ) as process:
        deadline = time.monotonic() + 60
        while not (out / "checkpoint.npz").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    assert "interrupted after" in printed
    assert printed.splitlines()[-1].startswith("accuracy on the 100 test images: ")
    assert sorted(file.name for file in out.iterdir()) == FILES


def test_without_matplotlib_there_are_no_curves(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, printed = run()
    assert status == 0
    assert "no curves.png: it needs matplotlib" in printed.err
    assert "curves.png" not in [file.name for file in (tmp_path / "out").iterdir()]


def test_without_an_engine_the_graph_is_text(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGRAD_DOT", str(tmp_path / "missing"))
    with pytest.warns(RuntimeWarning, match="RecordStep: no graph.svg, but graph.dot: "):
        status, _ = run()
    assert status == 0
    assert (tmp_path / "out" / "graph.dot").read_text(encoding="utf-8").startswith("digraph")


# Bad options


def test_an_out_that_is_a_file(run, tmp_path):
    (tmp_path / "out").write_text("mine")
    status, printed = run()
    assert status == 2
    assert f"--out {tmp_path / 'out'} can't be written: File exists" in printed.err
    assert (tmp_path / "out").read_text() == "mine"


def test_an_out_below_a_file(run, tmp_path):
    (tmp_path / "file").touch()
    status, printed = run("--out", str(tmp_path / "file" / "out"))
    assert status == 2
    assert "can't be written" in printed.err


def test_a_data_directory_that_is_not_there(run):
    status, printed = run("--data", "nowhere")
    assert status == 2
    assert printed.err == "train_mnist: idx: there is no directory nowhere\n"


def test_broken_data(run, digits):
    (Path(digits) / "train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b garbage")
    status, printed = run()
    assert status == 2
    assert "train-labels-idx1-ubyte.gz" in printed.err


@pytest.mark.parametrize(("labels", "size"), [(np.arange(12), 28), (np.arange(10), 32)])
def test_data_that_the_models_do_not_take(run, digits, labels, size):
    write_set(Path(digits), "train", labels, size)
    write_set(Path(digits), "t10k", labels, size)
    status, printed = run()
    assert status == 2
    assert "the models take 28×28 images in 10 classes" in printed.err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--epochs", "0", "must be above 0, not 0"),
        ("--batch-size", "-1", "must be above 0, not -1"),
        ("--lr", "nan", "must be above 0, not nan"),
        ("--lr", "inf", "must be above 0, not inf"),
        ("--seed", "-1", "must be 0 or more, not -1"),
        ("--epochs", "two", "invalid int value: 'two'"),
        ("--model", "gpt", "invalid choice: 'gpt'"),
        ("--preset", "slow", "invalid choice: 'slow'"),
    ],
)
def test_an_option_out_of_range(capsys, option, value, said):
    with pytest.raises(SystemExit) as stopped:
        train_mnist.main([f"{option}={value}"])
    assert stopped.value.code == 2
    assert f"argument {option}: {said}" in capsys.readouterr().err
