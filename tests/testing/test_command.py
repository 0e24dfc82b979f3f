"""python -m minigrad.testing."""

import base64
import json
import re
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest

from minigrad.testing import case
from minigrad.testing.__main__ import main
from minigrad.testing.contracts import named
from minigrad.testing.example import _packed, decoded
from minigrad.testing.table import table

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
    assert main(["--op", "conv2d", "--examples", "3", "--seed", "7"]) == 0
    assert re.fullmatch(
        r"conv2d: \d+ examples right; \d+ derivatives, 0 at kinks, 0 without .*\n", capsys.readouterr().out
    )


def test_several_functions_are_proved(capsys):
    assert main(["--op", "power", "--op", "relu", "--examples", "2"]) == 0
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


def test_the_table(capsys):
    assert main(["--table"]) == 0
    assert capsys.readouterr().out == table() + "\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--op", "sine"], "there is no contract of 'sine'"),
        (["--op", "nowhere.py:contract"], "there is no file nowhere.py"),
        (["--op", "{homework}:cube"], "cube is no OpSpec; there are: contract, test_cube"),
        (["--op", "relu", "--reproduce", "eNq"], "this is no example, or was cut short"),
        (["--op", "relu", "--reproduce", "not base 64!"], "this is no example, or was cut short"),
        (["--op", "power", "--reproduce", "eNq"], '--reproduce needs one contract; --op names 3: "power"'),
        (["--op", "{folder}/broken.py:contract"], "broken.py does not run: SyntaxError: "),
        (["--op", "{folder}/leaves.py:contract"], "leaves.py does not run: SystemExit: 5"),
        (["--op", "{folder}/notes.txt:contract"], "notes.txt is no Python file"),
        (["--op", "relu", "--examples", "0"], "--examples must be at least 1"),
        (["--profile", "weekly"], "invalid choice"),
    ],
)
def test_questions_that_make_no_sense(homework, capsys, arguments, message):
    folder = homework.parent
    (folder / "broken.py").write_text("def f(:")
    (folder / "leaves.py").write_text("raise SystemExit(5)")
    (folder / "notes.txt").write_text("nothing")
    with pytest.raises(SystemExit) as exited:
        main([a.replace("{homework}", str(homework)).replace("{folder}", str(folder)) for a in arguments])
    assert exited.value.code == 2
    assert message in capsys.readouterr().err


def test_without_hypothesis_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(SystemExit) as exited:
        main(["--op", "relu"])
    assert exited.value.code == 2
    assert "pip install 'minigrad-nn[testing]'" in capsys.readouterr().err


def test_it_runs_as_a_module(fresh_python):
    code = """
import runpy, sys
sys.argv = ["minigrad.testing", "--op", "relu", "--examples", "1"]
runpy.run_module("minigrad.testing", run_name="__main__")
"""
    assert fresh_python(code).startswith("relu: 2 examples right")


def test_a_file_may_have_the_name_of_a_library(tmp_path, capsys):
    path = tmp_path / "operator.py"
    path.write_text(HOMEWORK.replace("* 2", "* 3"))
    before = sys.modules["operator"]
    assert main(["--op", f"{path}:contract", "--examples", "2"]) == 0
    assert sys.modules["operator"] is before


def test_selfcheck_says_by_its_exit_status_whether_something_survived(monkeypatch, capsys):
    from minigrad.testing.bench import selfcheck  # noqa: PLC0415 - what is replaced

    few = [wrong for wrong in selfcheck.BENCH if wrong.family == "power"]
    monkeypatch.setattr(selfcheck, "BENCH", few)
    assert main(["--selfcheck"]) == 0
    monkeypatch.setattr(selfcheck, "BENCH", [replace(few[0], spec=named("relu")[0])])
    assert main(["--selfcheck", "--profile", "dev"]) == 1
    assert "survived: " in capsys.readouterr().out


HOSTILE = [
    [[], {}, [], False, 0, None],
    [[np.zeros(2)], {}, [], False, -1, None],
    [[np.zeros(2)], {}, ["sideways", "C-order"], False, 0, None],
    [[np.zeros(2)], {}, [], True, 0, None],
    [[np.zeros(2, np.int64)], {}, [], False, 0, None],
    [[np.zeros(9999)], {}, [], False, 0, None],
    [[np.zeros(2)], [], [], False, 0, None],
    [[1, 2], {}, [], False, 0, None],
    "nothing",
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_that_no_finding_printed_is_refused(content):
    text = base64.urlsafe_b64encode(zlib.compress(json.dumps(_packed(content)).encode())).decode()
    with pytest.raises(ValueError, match="reproduce: this is no example"):
        decoded(text)


def test_a_bomb_is_refused():
    for bomb in (b"[" * 200_000, b" " * 10**8):
        with pytest.raises(ValueError, match="reproduce: this is no example"):
            decoded(base64.urlsafe_b64encode(zlib.compress(bomb)).decode())


def test_every_kind_of_parameter_comes_back():
    key = (slice(None, None, -1), ..., None, np.array([True, False]), 2)
    example = case([1.0, np.inf], gradient=[0, 1], key=key, words={"a": [1, 2.5, "b"]})
    again = decoded(example.encoded())
    assert again.encoded() == example.encoded()
    assert again.kwargs["key"][:3] == key[:3]
    np.testing.assert_array_equal(again.kwargs["key"][3], key[3])
    assert again.kwargs["words"] == {"a": [1, 2.5, "b"]}
    assert case(1.0, key=object()).encoded() == ""
