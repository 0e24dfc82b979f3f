"""python -m minigrad.testing."""

import re
import sys
from pathlib import Path

import pytest

from minigrad.testing.__main__ import main

ROOT = Path(__file__).parents[2]
CONTRACTS = str(ROOT / "tests/contracts")

HOMEWORK = """
import minigrad as mg
from minigrad.testing import OpSpec, gradtest

class Cube(mg.Function):
    def forward(self, x):
        self.save(x)
        return x**3

    def backward(self, gy):
        (x,) = self.saved
        return gy * x * x * 2

def cube(x):
    return mg.apply(Cube(), x)

contract = OpSpec(cube, lambda x: x * x * x)

@gradtest(contract)
def test_cube(report):
    pass
"""


@pytest.fixture
def homework(tmp_path):
    path = tmp_path / "homework.py"
    path.write_text(HOMEWORK)
    return path


def test_one_function_is_proved(capsys):
    assert main([CONTRACTS, "--op", "conv2d", "--examples", "3", "--seed", "7"]) == 0
    assert re.fullmatch(
        r"conv2d: \d+ examples right; \d+ derivatives, 0 at kinks, 0 without .*\n", capsys.readouterr().out
    )


def test_several_functions_are_proved(capsys):
    assert main([CONTRACTS, "--op", "power", "--op", "relu", "--examples", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "power", "power to a number", "power of a number", "relu", "4 of 4 right"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["contract", "test_cube"])
def test_a_wrong_function_in_a_file_is_found_shrunken_and_reproduced(homework, capsys, name):
    assert main(["--op", f"{homework}:{name}", "--seed", "7"]) == 1
    text = capsys.readouterr().out
    assert text.startswith("GradientMismatch: cube, input 0 (x), order 1, seed 7\n  analytic ")
    assert "  likely: a factor of 0.667\n" in text
    assert "  x float64 () C-order\n" in text
    reproduce = re.search(r"reproduce: python -m minigrad.testing --op (\S+) --reproduce '(\S+)'", text)
    assert reproduce[1] == f"{homework}:{name}"
    assert main(["--op", reproduce[1], "--reproduce", reproduce[2]]) == 1
    assert capsys.readouterr().out == text.replace(", seed 7", "")


def test_the_same_seed_gives_the_same_text(homework, capsys):
    texts = set()
    for _ in range(2):
        main(["--op", f"{homework}:contract"])
        texts.add(capsys.readouterr().out)
    assert len(texts) == 1


def test_all_contracts_of_a_file_are_proved(homework, capsys):
    assert main([str(homework), "--examples", "2"]) == 1
    assert capsys.readouterr().out.startswith("GradientMismatch: cube, ")


def test_the_table_in_the_documentation_is_that_of_the_contracts(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["tests/contracts", "--table"]) == 0
    assert capsys.readouterr().out == Path("docs/functions.md").read_text(), "write it anew: make docs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{contracts}", "--op", "sine"], "there is no contract of 'sine'"),
        (["--op", "relu"], "--op relu: where is its contract? Name the file or folder"),
        (["nowhere"], "there is no file nowhere"),
        ([], "name a file or a folder with contracts"),
        (["--op", "nowhere.py:contract"], "there is no file nowhere.py"),
        (["--op", "{homework}:cube"], "there is no contract of 'cube'; there are: contract, test_cube"),
        (["{contracts}", "--op", "relu", "--reproduce", "eNq"], "this is no example, or was cut short"),
        (["{contracts}", "--op", "relu", "--reproduce", "not base 64!"], "this is no example, or was cut short"),
        (
            ["{contracts}", "--op", "power", "--reproduce", "eNq"],
            '--reproduce needs one contract; --op names 3: "power"',
        ),
        (["--op", "{folder}/broken.py:contract"], "broken.py does not run: SyntaxError: "),
        (["--op", "{folder}/leaves.py:contract"], "leaves.py does not run: SystemExit: 5"),
        (["--op", "{folder}/notes.txt:contract"], "notes.txt is no Python file"),
        (["{contracts}", "--examples", "0"], "--examples must be at least 1"),
        (["--profile", "weekly"], "invalid choice"),
    ],
)
def test_questions_that_make_no_sense(homework, capsys, arguments, message):
    folder = homework.parent
    (folder / "broken.py").write_text("def f(:")
    (folder / "leaves.py").write_text("raise SystemExit(5)")
    (folder / "notes.txt").write_text("nothing")
    places = {"homework": homework, "folder": folder, "contracts": CONTRACTS}
    with pytest.raises(SystemExit) as exited:
        main([argument.format(**places) for argument in arguments])
    assert exited.value.code == 2
    assert message in capsys.readouterr().err


def test_without_hypothesis_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(SystemExit) as exited:
        main([CONTRACTS])
    assert exited.value.code == 2
    assert "pip install 'minigrad-nn[testing]'" in capsys.readouterr().err


def test_it_runs_as_a_module(fresh_python):
    code = """
import runpy, sys
sys.argv = ["minigrad.testing", "tests/contracts", "--op", "relu", "--examples", "1"]
runpy.run_module("minigrad.testing", run_name="__main__")
"""
    assert fresh_python(code).startswith("relu: 2 examples right")


def test_a_file_may_have_the_name_of_a_library(tmp_path, capsys):
    path = tmp_path / "operator.py"
    path.write_text(HOMEWORK.replace("* 2", "* 3"))
    before = sys.modules["operator"]
    assert main(["--op", f"{path}:contract", "--examples", "2"]) == 0
    assert sys.modules["operator"] is before
