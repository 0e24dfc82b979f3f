"""`minigrad predict`: which digit is on a picture, and whose weights a file has."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim
from minigrad.cli import main
from models.softmax_regression import SoftmaxRegression

ROOT = Path(__file__).parents[2]
DIGITS = sorted((ROOT / "examples" / "digits").glob("*.png"))
NUMBERS = {"two": 2, "three": 3, "five": 5, "seven": 7}

MODELS = """
from minigrad import nn
from models.softmax_regression import SoftmaxRegression

class Same(SoftmaxRegression):
    pass

class Pixels(nn.Module):
    def forward(self, x):
        return x

class Wrong(SoftmaxRegression):
    def forward(self, x):
        return super().forward(x) * float("nan")

def function(x):
    return x

RECIPES = {}
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Softmax regression, trained for a second: four of five digits right, and the examples."""
    mg.seed(0)
    train, _ = data.mnist()
    model = SoftmaxRegression()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _, (x, t) in zip(range(150), data.batches(train, 100), strict=False):
        loss = F.softmax_cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    nn.save(model, path)
    return str(path)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(ROOT)
    (tmp_path / "models_for_predict.py").write_text(MODELS)
    return tmp_path


def refused(capsys, *arguments):
    """What the command answers in one line, when it leaves with 2."""
    with pytest.raises(SystemExit) as exited:
        main(["predict", *arguments])
    assert exited.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("minigrad predict: ")


@pytest.mark.parametrize(
    "model",
    [
        [],
        ["--model", "models.softmax_regression"],
        ["--model", "models.softmax_regression:SoftmaxRegression"],
        ["--model", "models/softmax_regression.py:SoftmaxRegression"],
    ],
)
def test_the_digits_of_the_examples_are_known(capsys, weights, model):
    assert main(["predict", "--weights", weights, *model, *map(str, DIGITS)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for path, (first, *classes) in zip(DIGITS, np.reshape(lines, (-1, 4)), strict=True):
        assert first == f"{path}: {NUMBERS[path.stem]}"
        names, shares = zip(*(line.split() for line in classes), strict=True)
        assert int(names[0]) == NUMBERS[path.stem]
        shares = [float(share.removesuffix("%")) for share in shares]
        assert shares == sorted(shares, reverse=True)
        assert 50 < shares[0] <= sum(shares) < 100.1


def test_a_picture_that_cannot_be_read_does_not_stop_the_others(capsys, weights, project):
    (project / "text.png").write_text("no picture")
    missing = project / "missing.png"
    assert main(["predict", "--weights", weights, str(project / "text.png"), str(missing), str(DIGITS[0])]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{DIGITS[0]}: ")
    text, absent = printed.err.splitlines()
    assert text.endswith("text.png: it is no picture in PNG or JPEG form")
    assert absent.endswith("missing.png: No such file or directory")


def test_weights_that_fit_no_model_are_said(capsys, project):
    nn.save(nn.Linear(2, 2), project / "other.npz")
    line = refused(capsys, "--weights", str(project / "other.npz"), str(DIGITS[0]))
    assert line.endswith("other.npz fits none of the models in models/: say with --model MODULE:OBJECT whose it is")


def test_broken_weights_are_said_once(capsys, project):
    (project / "broken.npz").write_bytes(b"nothing")
    line = refused(capsys, "--weights", str(project / "broken.npz"), str(DIGITS[0]))
    assert "has no weights for this" in line
    assert line.endswith("File is not a zip file")


def test_weights_that_are_not_there_are_said(capsys, project):
    assert main(["predict", "--weights", str(project / "no.npz"), str(DIGITS[0])]) == 1
    assert "No such file" in capsys.readouterr().err


def test_elsewhere_the_model_must_be_named(capsys, weights, project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path or ".").resolve() != ROOT])
    for name in [name for name in sys.modules if name.split(".")[0] == "models"]:
        monkeypatch.delitem(sys.modules, name)
    line = refused(capsys, "--weights", weights, str(DIGITS[0]))
    assert line == "say with --model MODULE:OBJECT whose weights they are; there is no models/ here"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("function", "it must be a Module, not function"),
        ("Wrong", "its logits are not finite"),
        ("nothing", "is no model or function; there are"),
    ],
)
def test_models_that_do_not_serve_are_said(capsys, weights, project, model, message):
    file = f"{project / 'models_for_predict.py'}:{model}"
    assert message in refused(capsys, "--weights", weights, "--model", file, str(DIGITS[0]))


def test_a_model_that_returns_no_logits_is_said(capsys, project):
    empty = project / "empty.npz"
    np.savez(empty)
    file = f"{project / 'models_for_predict.py'}:Pixels"
    line = refused(capsys, "--weights", str(empty), "--model", file, str(DIGITS[0]))
    assert "must return logits (1, classes), not ndarray" in line


def test_a_file_without_recipes_is_no_models(capsys, weights, project):
    line = refused(capsys, "--weights", weights, "--model", str(project / "models_for_predict.py"), str(DIGITS[0]))
    assert "models_for_predict.py has no RECIPES; write" in line
