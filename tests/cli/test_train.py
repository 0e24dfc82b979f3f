"""`minigrad train`: a model on digits, with what is kept of the training, and how it goes on."""

import json
import struct
import sys

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from minigrad import data, training, viz
from minigrad.cli import main
from minigrad.cli.train import SETS
from minigrad.viz import RecordStep

MODELS = """
from minigrad import nn, optim
from minigrad.training import Recipe

class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.reshape(len(x), 784))

class Interrupted(Net):
    calls = 0

    def forward(self, x):
        type(self).calls += 1
        if self.calls == 12:  # the summary, an epoch, its validation, three steps
            raise KeyboardInterrupt
        return super().forward(x)

class Failing(Net):
    def forward(self, x):
        raise RuntimeError("one\\ntwo")

def function(x):
    return x

RECIPES = {
    "quick": Recipe(Net, optim.Adam, lr=0.01, batch_size=20, epochs=3, decay=True, shift=1),
    "paper": Recipe(Net, optim.SGD, lr=0.01, batch_size=30, steps=7, reduction="sum", held_out=30),
    "interrupted": Recipe(Interrupted, optim.SGD, lr=0.01, batch_size=20, epochs=3),
}
"""


def write_idx(path, array):
    path.write_bytes(struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "models_for_training.py").write_text(MODELS)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)  # to draw takes longer than to train
    monkeypatch.setattr(viz, "RecordStep", lambda *_: training.Callback())  # likewise
    sys.modules.pop("models_for_training", None)
    rng = np.random.default_rng(0)
    (tmp_path / "digits").mkdir()
    for name, n in (("train", 120), ("t10k", 30)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
        images[np.arange(n), 2 * labels, :] = 255  # a bar whose height is the class
        write_idx(tmp_path / "digits" / f"{name}-images-idx3-ubyte", images)
        write_idx(tmp_path / "digits" / f"{name}-labels-idx1-ubyte", labels)
    return tmp_path


def train(model, *options):
    return main(["train", model, "--data", "digits", *options])


def records(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def weights(folder):
    with np.load(folder / "weights.npz") as file:
        return {name: file[name].tobytes() for name in file}


def test_a_recipe_is_followed_and_its_fruits_are_kept(project, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", matplotlib.figure)
    monkeypatch.setattr(viz, "RecordStep", RecordStep)
    assert train("models_for_training.py") == 0
    out = project / "runs" / "models_for_training-quick"
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint.npz",
        "curves.png",
        "graph.svg",
        "metrics.jsonl",
        "weights.npz",
    ]
    printed = capsys.readouterr().out
    assert "Linear(784, 10)" in printed
    assert "models_for_training-quick, seed 0, 120 training images, 20 in a minibatch" in printed
    assert printed.splitlines()[-1].startswith("accuracy on the 30 test images: ")
    assert "<svg" in (out / "graph.svg").read_text(encoding="utf-8")
    assert f"{records(out)[-1]['test_accuracy']:.2%}" in printed
    epochs = [record for record in records(out) if "epoch" in record]
    assert [record["step"] for record in epochs] == [6, 12, 18]
    assert epochs[-1]["validation_accuracy"] > 0.5
    assert epochs[-1]["lr"] == pytest.approx(0.01 / 18)  # it falls linearly to 0
    with Image.open(out / "curves.png") as curves:
        assert curves.width > 1000


def test_a_recipe_of_steps_holds_images_back(project, capsys):
    assert train("models_for_training", "--preset", "paper", "--out", "mine") == 0
    printed = capsys.readouterr()
    assert "100 training images, 30 in a minibatch" in printed.out  # 5/6 of them at least
    assert "no curves.png: it needs matplotlib (pip install 'minigrad-nn[plots]')" in printed.err
    assert records(project / "mine")[-2]["step"] == 7


def test_a_module_in_a_package_lends_its_last_name(project):
    (project / "package").mkdir()
    (project / "models_for_training.py").rename(project / "package" / "inside.py")
    (project / "package" / "__init__.py").touch()
    assert train("package.inside", "--epochs", "1") == 0
    assert train("package/inside.py", "--epochs", "1", "--preset", "paper") == 0
    assert {path.name for path in (project / "runs").iterdir()} == {"inside-quick", "inside-paper"}


def test_a_file_hides_no_module_of_its_name(project):
    (project / "models_for_training.py").rename(project / "fractions.py")
    import fractions  # noqa: PLC0415

    assert train("fractions.py", "--epochs", "1") == 0
    assert sys.modules["fractions"] is fractions


def test_the_command_line_changes_the_recipe(project):
    options = ("--preset", "paper", "--epochs", "2", "--batch-size", "50", "--lr", "0.5", "--out", "mine")
    assert train("models_for_training", *options) == 0
    last = records(project / "mine")[-2]
    assert (last["epoch"], last["step"], last["lr"]) == (2, 4, 0.5)


def test_one_model_is_trained_with_adam(project):
    assert train("models_for_training:Net", "--epochs", "1") == 0
    assert records(project / "runs" / "Net")[-2]["lr"] == 0.001


def test_the_same_seed_gives_the_same_weights_and_another_one_others(project):
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert train("models_for_training", "--seed", seed, "--out", out) == 0
    assert weights(project / "a") == weights(project / "b") != weights(project / "c")


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(project, capsys):
    options = ("--preset", "interrupted", "--out")
    assert train("models_for_training", *options, "mine") == 130
    printed = capsys.readouterr()
    assert "the same command with --resume goes on from mine" in printed.err
    assert printed.out.splitlines()[-1].startswith("accuracy on the 30 test images: ")
    assert (project / "mine" / "weights.npz").exists()  # what was reached by then
    sys.modules["models_for_training"].Interrupted.calls = 100
    assert train("models_for_training", *options, "mine", "--resume") == 0
    assert train("models_for_training", *options, "whole") == 0
    assert weights(project / "mine") == weights(project / "whole")


def test_predict_takes_the_weights(project, capsys):
    assert train("models_for_training.py", "--out", "mine") == 0
    picture = np.full((40, 40), 255, np.uint8)
    picture[20:23, 5:35] = 0
    Image.fromarray(picture).save("bar.png")
    arguments = ["--weights", "mine/weights.npz", "--model", "models_for_training.py:Net", "bar.png"]
    assert main(["predict", *arguments]) == 0
    assert capsys.readouterr().out.splitlines()[-4].startswith("bar.png: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["minigrad.nn"], "minigrad.nn: it has no RECIPES, preset -> training.Recipe; write minigrad.nn:OBJECT"),
        (
            ["models_for_training", "--preset", "best"],
            "--preset best: models_for_training has quick, paper, interrupted",
        ),
        (["models_for_training:Net", "--preset", "quick"], "models_for_training:Net is one model; presets are in"),
        (["models_for_training:function"], "it must be a Module, not function"),
        (["models_for_training:Failing"], "on images (1, 28, 28): RuntimeError: one two (at models_for_training.py:"),
        (["missing.py"], "missing.py cannot be imported: FileNotFoundError"),
    ],
)
def test_what_cannot_be_trained_is_answered_in_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as exited:
        train(*arguments)
    assert exited.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("minigrad train: ")
    assert message in line


def test_a_broken_checkpoint_is_one_line(project, capsys):
    assert train("models_for_training", "--out", "mine") == 0
    (project / "mine" / "checkpoint.npz").write_bytes(b"nothing")
    capsys.readouterr()
    with pytest.raises(SystemExit) as exited:
        train("models_for_training", "--out", "mine", "--resume")
    assert exited.value.code == 2
    assert "checkpoint.npz" in capsys.readouterr().err


def test_a_warning_is_one_line(project, capsys, monkeypatch):
    monkeypatch.setattr(viz, "RecordStep", RecordStep)
    monkeypatch.setenv("MINIGRAD_DOT", str(project / "missing"))  # nothing lays out diagrams
    assert train("models_for_training:Net", "--epochs", "1") == 0
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("minigrad train: RecordStep: no graph.svg, but graph.dot: ") for line in lines)
    assert (project / "runs" / "Net" / "graph.dot").exists()


def test_a_data_set_may_be_named(project, capsys, monkeypatch):
    asked_for = []
    monkeypatch.setitem(SETS, "kmnist", lambda: asked_for.append("kmnist") or data.idx("digits"))
    assert main(["train", "models_for_training:Net", "--data", "kmnist", "--epochs", "1"]) == 0
    assert asked_for == ["kmnist"]


def test_a_named_set_that_can_not_be_had_is_said_in_one_line(project, capsys, monkeypatch):
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(SystemExit):
        main(["train", "models_for_training:Net", "--data", "fashion_mnist"])
    assert "pip install 'minigrad-nn[download]'" in capsys.readouterr().err


def test_missing_data_is_said(capsys):
    assert main(["train", "models_for_training", "--data", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--epochs", "0"], ["--lr", "inf"], ["--seed", "-1"], ["--batch-size", "x"]])
def test_numbers_that_make_no_sense_are_refused(capsys, option):
    with pytest.raises(SystemExit) as exited:
        train("models_for_training", *option)
    assert exited.value.code == 2
    assert option[0] in capsys.readouterr().err
