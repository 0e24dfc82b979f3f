"""`minigrad train --device cuda`: the images, the model and the metrics stay on the device."""

import json

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, nn, training
from minigrad.cli import main
from minigrad.cli import train as command
from minigrad.training import Recipe
from models import RECIPES


def digits(n):
    """Images that give themselves away: label t has row t lit."""
    labels = np.arange(n) % 10
    images = np.random.default_rng(0).integers(0, 50, (n, 1, 28, 28))
    images[np.arange(n), 0, labels] = 255
    return data.LabelledImages(images.astype(np.uint8), labels)


@pytest.fixture(autouse=True)
def no_diagram(monkeypatch):
    monkeypatch.setattr(command.viz, "RecordStep", lambda *_: training.Callback())


def first_losses(device, tmp_path, *, steps=10):
    """The losses of the first steps of SimpleConvNet, which has no dropout."""
    mg.seed(3)
    recipe = RECIPES["simple_conv_net"]["quick"]
    model, dataset = recipe.build().to(device), digits(20).to(device)
    initial = model.state_dict()
    few = Recipe(**(vars(recipe) | {"steps": steps, "epochs": None, "batch_size": 4}))
    return initial, command.fit(model, few, dataset, dataset, tmp_path, resume=False).steps["loss"]


def test_the_same_seed_gives_the_same_weights_and_to_rounding_the_same_losses(tmp_path):
    initial, expected = first_losses("cpu", tmp_path)
    there, found = first_losses("cuda", tmp_path)
    assert all((there[name] == array).all() for name, array in initial.items())
    assert len(found) == 10
    np.testing.assert_allclose(found, expected, rtol=2e-4)


def test_a_step_with_its_metrics_waits_for_nothing(hosted, tmp_path):
    model, dataset = RECIPES["softmax_regression"]["quick"].build().to("cuda"), digits(20).to("cuda")
    recipe = Recipe(**(vars(RECIPES["softmax_regression"]["quick"]) | {"epochs": None, "batch_size": 4}))
    waits = []
    for steps in (3, 5):
        few = Recipe(**(vars(recipe) | {"steps": steps}))
        with hosted.counting() as counts:
            command.fit(model, few, dataset, dataset, tmp_path, resume=False)
        waits.append(counts.synchronizations)
    assert waits[0] == waits[1]


def test_the_command_trains_on_a_device(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(command.SETS, "mnist", lambda: (digits(60), digits(20)))
    monkeypatch.setattr(command, "_draw", lambda *_: None)
    arguments = ["train", "models/softmax_regression.py", "--epochs", "4", "--device", "cuda", "--out", str(tmp_path)]
    assert main(arguments) == 0
    last = json.loads((tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert f"(loss {last['test_loss']:.4f})" in capsys.readouterr().out
    assert last["test_accuracy"] > 0.5
    model = RECIPES["softmax_regression"]["quick"].build()
    nn.load(model, tmp_path / "weights.npz")  # on the CPU
    figures = command.evaluate(model, digits(20))
    assert figures == pytest.approx({"loss": last["test_loss"], "accuracy": last["test_accuracy"]})


def test_a_device_that_is_missing_is_said(capsys, monkeypatch):
    monkeypatch.setitem(command.SETS, "mnist", lambda: (digits(60), digits(20)))
    with pytest.raises(SystemExit):
        main(["train", "models/softmax_regression.py", "--device", "cuda:99"])
    assert "device 'cuda:99' does not exist; there are cpu, cuda:0" in capsys.readouterr().err
