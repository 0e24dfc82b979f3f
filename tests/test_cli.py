"""The command `minigrad`."""

import re

import pytest

from minigrad.cli import main

MODELS = """
import minigrad.functions as F
from minigrad import nn

class Net(nn.Module):
    def __init__(self, width=3):
        self.layer = nn.Linear(4, width)

    def forward(self, x):
        return F.relu(self.layer(x))

class Wide(Net):
    def __init__(self, width):
        super().__init__(width)

net = Net(5)

def product(a, b):
    return F.tanh(a @ b)

number = 3

class Broken:
    def __init__(self):
        raise ValueError("no")

class Leaving(nn.Module):
    def forward(self, x):
        raise SystemExit(3)

class Nameless:
    def named_parameters(self):
        raise KeyError("names")

    def __call__(self, x):
        return x
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "mine_for_the_command.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        (["mine_for_the_command:Net", "--input", "2,4"], "Net: 2 operations, 15 parameters"),
        (["mine_for_the_command:net", "--input", "1,4"], "Net: 2 operations, 25 parameters"),
        (
            ["mine_for_the_command:product", "--input", "2,3", "--input", "3,2"],
            "Compute graph: 2 operations, 12 parameters",
        ),
        (
            ["mine_for_the_command:net", "--input", "1,4", "--title", "my net", "--theme", "dark"],
            "my net: 2 operations",
        ),
    ],
)
def test_a_model_or_function_is_drawn(project, capsys, arguments, summary):
    assert main(["graph", *arguments]) == 0
    assert capsys.readouterr().out.startswith(f"graph.svg: {summary}")
    assert "<svg" in (project / "graph.svg").read_text()


def test_backward_is_drawn_beside_forward(project):
    assert main(["graph", "mine_for_the_command:net", "--input", "1,4", "--backward"]) == 0
    assert "∂Linear" in (project / "graph.svg").read_text()
    assert main(["graph", "mine_for_the_command:net", "--input", "1,4"]) == 0
    assert "∂Linear" not in (project / "graph.svg").read_text()


def test_the_same_command_writes_the_same_file(project):
    for options in (["--backward"], ["--view", "layers"]):
        for name in ("a.dot", "b.dot"):
            assert main(["graph", "mine_for_the_command:Net", "--input", "1,4", "-o", name, *options]) == 0
        assert (project / "a.dot").read_bytes() == (project / "b.dot").read_bytes()
    assert "<B>layer</B>" in (project / "a.dot").read_text()


def test_times_are_measured_where_they_are_the_colour(project):
    for color, shown in (("time", True), ("flops", False)):
        assert main(["graph", "mine_for_the_command:net", "--input", "1,4", "--color", color, "-o", "a.dot"]) == 0
        assert ("full bar" in (project / "a.dot").read_text()) is shown


def test_the_input_is_known_although_nothing_saved_it(project):
    main(["graph", "mine_for_the_command:net", "--input", "7,4", "-o", "a.dot"])
    assert "7×4" in (project / "a.dot").read_text()


def test_the_suffix_decides_the_format(project):
    assert main(["graph", "mine_for_the_command:net", "--input", "1,4", "-o", "net.json"]) == 0
    assert (project / "net.json").read_text().startswith("{")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine_for_the_command:Broken", "--input", "1"], "Broken cannot be made without arguments: ValueError: no"),
        (["mine_for_the_command:Leaving", "--input", "1"], "of inputs 1 raised SystemExit: 3"),
        (["mine_for_the_command:Nameless", "--input", "1"], "KeyError: 'names'"),
        (["mine_for_the_command:net", "--input", "1,,4"], "a shape is numbers with commas, such as 1,1,28,28"),
        (["mine_for_the_command:net", "--input", ",".join(["1"] * 70)], "raised ValueError"),
        (["nowhere:Net", "--input", "1"], "nowhere cannot be imported: ModuleNotFoundError"),
        (["mine_for_the_command", "--input", "1"], "write MODULE:OBJECT, such as models.deep_mnist:DeepMNIST"),
        (
            ["mine_for_the_command:number", "--input", "1"],
            "number is no model or function; there are Net, Wide, net, product",
        ),
        (["mine_for_the_command:Wide", "--input", "1"], "Wide cannot be made without arguments"),
        (["mine_for_the_command:net", "--input", "1,5"], "net of inputs 1,5 raised ValueError: linear: x must be"),
        (
            ["mine_for_the_command:net", "--input", "a,b"],
            "--input a,b: a shape is numbers with commas, such as 1,1,28,28",
        ),
        (["mine_for_the_command:net", "--input", "1,4", "-o", "net.gif"], "must end with one of the formats' suffixes"),
        (["mine_for_the_command:net"], "required: --input"),
    ],
)
def test_questions_that_make_no_sense(capsys, arguments, message):
    with pytest.raises(SystemExit) as exited:
        main(["graph", *arguments])
    assert exited.value.code == 2
    assert message in capsys.readouterr().err


def test_what_cannot_be_written_is_said(project, capsys, monkeypatch):
    assert main(["graph", "mine_for_the_command:net", "--input", "1,4", "-o", "missing/net.svg"]) == 1
    monkeypatch.setenv("MINIGRAD_DOT", "/missing/dot")
    assert main(["graph", "mine_for_the_command:net", "--input", "1,4"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("minigrad graph: ")
    assert "could not be started" in second


def test_the_doctor_says_what_is_missed(capsys, monkeypatch):
    monkeypatch.setattr("minigrad.backend.compiled.loading.compiled_kernels", lambda: (None, "No module named 'numba'"))
    assert main(["doctor"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("kernel sets"))
    assert line.split(maxsplit=2)[2] == "numpy; not the compiled ones, several times as fast: No module named 'numba'"


def test_the_doctor_says_which_kernels_are_forced(capsys, monkeypatch):
    monkeypatch.setenv("MINIGRAD_KERNELS", "numpy")
    assert main(["doctor"]) == 0
    assert "kernel sets  numpy (MINIGRAD_KERNELS)" in capsys.readouterr().out


def test_a_kernel_set_that_is_forced_and_missing_is_said(capsys, monkeypatch):
    monkeypatch.setenv("MINIGRAD_KERNELS", "numba")
    monkeypatch.setattr("minigrad.backend.compiled.loading.compiled_kernels", lambda: (None, "No module named 'numba'"))
    assert main(["doctor"]) == 0
    assert "kernel sets  none; not the compiled ones" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["doctor"], ["graph", "mine_for_the_command:net", "--input", "1,4"]])
def test_a_kernel_set_that_does_not_exist_is_said(project, capsys, monkeypatch, arguments):
    monkeypatch.setenv("MINIGRAD_KERNELS", "foo")
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    expected = "MINIGRAD_KERNELS: there is no kernel set 'foo'; the sets are: numpy, numba"
    assert line == f"minigrad {arguments[0]}: {expected}"
    assert not (project / "graph.svg").exists()


def test_the_doctor_says_what_is_there(capsys, monkeypatch):
    monkeypatch.delenv("MINIGRAD_KERNELS", raising=False)
    assert main(["doctor"]) == 0
    lines = dict(
        line.split(maxsplit=1) for line in capsys.readouterr().out.replace("kernel sets", "kernel_sets").splitlines()
    )
    assert re.match(
        r"numba \(float32, float64; Numba .*, vectors of \d+ bits, .*thread.*\), numpy$", lines["kernel_sets"]
    )
    assert lines["devices"].startswith("cpu")
    assert "graphviz-pure" in lines["diagrams"]
