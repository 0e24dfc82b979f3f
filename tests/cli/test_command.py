"""The command `minigrad`."""

import re
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

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

class Unspeakable(Exception):
    def __str__(self):
        raise ValueError

class Raising(nn.Module):
    def forward(self, x):
        raise Unspeakable

class Returning(Net):
    def forward(self, x):
        hidden = self.layer(x)
        return self.wrapped(hidden, F.relu(hidden))

class Tuple(Returning):
    def wrapped(self, *ys):
        return ys

class Dict(Returning):
    def wrapped(self, hidden, y):
        return {"hidden": hidden, "rest": [None, 3, (y,)]}

class Nothing(Returning):
    def wrapped(self, *ys):
        return {"y": None}

class Interrupted(Returning):
    def wrapped(self, *ys):
        raise KeyboardInterrupt

class Multiline(Returning):
    def wrapped(self, *ys):
        raise RuntimeError("one\\ntwo")

def __getattr__(name):
    if name == "hostile":
        return 1 / 0
    raise AttributeError(name)
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "mine_for_the_command.py").write_text(MODELS)
    (tmp_path / "misspelt_for_the_command.py").write_text("\n\nx = (\n")
    (tmp_path / "raising_for_the_command.py").write_text("import numpy as np\nnp.load('no file')\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
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
        (["minigrad.nn:ReLU", "--input", "2,4"], "ReLU: 1 operation"),
        (["mine_for_the_command:Tuple", "--input", "2,4"], "Tuple: 2 operations, 15 parameters"),
        (["mine_for_the_command:Dict", "--input", "2,4"], "Dict: 2 operations, 15 parameters"),
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
        (["mine_for_the_command:Leaving", "--input", "1"], "of inputs 1: SystemExit: 3"),
        (["mine_for_the_command:Raising", "--input", "1"], "Unspeakable: its message cannot be read (at mine_for"),
        (["mine_for_the_command:Multiline", "--input", "1,4"], "one two (at mine_for_the_command.py:69, in wrapped)"),
        (["mine_for_the_command:Nothing", "--input", "1,4"], "returned dict; a Variable is drawn, or those of a tuple"),
        (["mine_for_the_command:hostile", "--input", "1"], "hostile cannot be found: ZeroDivisionError: division by"),
        (["misspelt_for_the_command:f", "--input", "1"], "SyntaxError: '(' was never closed (misspelt_for_the_comman"),
        (["raising_for_the_command:f", "--input", "1"], "'no file' (at raising_for_the_command.py:2, in <module>)"),
        (["mine_for_the_command:Nameless", "--input", "1"], "KeyError: 'names'"),
        (["mine_for_the_command:net", "--input", "1,,4"], "a shape is numbers with commas, such as 1,1,28,28"),
        (["mine_for_the_command:net", "--input", ",".join(["1"] * 70)], "ValueError"),
        (["nowhere:Net", "--input", "1"], "nowhere cannot be imported: ModuleNotFoundError"),
        *(
            ([name, "--input", "1"], f"{name}: write MODULE:OBJECT, such as models.deep_mnist:DeepMNIST")
            for name in ("mine_for_the_command", ":Net", "..:Net", ".mine_for_the_command:Net", "models/dense:Dense")
        ),
        (
            ["mine_for_the_command:number", "--input", "1"],
            "number is no model or function; there are Net, Wide, net, product",
        ),
        (["mine_for_the_command:Wide", "--input", "1"], "Wide cannot be made without arguments"),
        (["mine_for_the_command:net", "--input", "1,5"], "net of inputs 1,5: ValueError: linear: x must be"),
        (
            ["mine_for_the_command:net", "--input", "a,b"],
            "--input a,b: a shape is numbers with commas, such as 1,1,28,28",
        ),
        (["mine_for_the_command:net", "--input", "1,4", "-o", "net.gif"], "must end with one of the formats' suffixes"),
    ],
)
def test_questions_that_make_no_sense_are_answered_in_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as exited:
        main(["graph", *arguments])
    assert exited.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("minigrad graph: ")
    assert message in line


def test_control_c_needs_no_words(capsys):
    assert main(["graph", "mine_for_the_command:Interrupted", "--input", "1,4"]) == 130
    assert capsys.readouterr().err == ""


def test_an_input_must_be_given(capsys):
    with pytest.raises(SystemExit) as exited:
        main(["graph", "mine_for_the_command:net"])
    assert exited.value.code == 2
    assert "required: --input" in capsys.readouterr().err


def test_times_of_several_outputs_are_measured(project):
    options = ["--input", "1,4", "--backward", "--color", "time", "-o", "a.dot"]
    assert main(["graph", "mine_for_the_command:Dict", *options]) == 0
    assert "∂Linear" in (project / "a.dot").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["minigrad.cli", "graph", "mine_for_the_command:net", "--input", "1,4", "--title", "×…−"],
        ["minigrad.cli", "graph", "mine_for_the_command:net", "--input", "é"],
        ["minigrad.cli", "doctor"],
        ["minigrad.testing", "wrong_for_the_command.py", "--examples", "1"],
        ["minigrad.testing", "wrong_for_the_command.py", "--table"],
    ],
)
def test_every_command_prints_to_an_ascii_terminal(project, monkeypatch, arguments):
    (project / "wrong_for_the_command.py").write_text(
        "import minigrad.functions as F\nfrom minigrad.testing import OpSpec\n"
        'contract = OpSpec(lambda x: x * x.detach(), formula="x²", kinks="±", name="é")\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, check=False, timeout=120)  # noqa: S603
    assert "Traceback" not in done.stderr.decode("ascii")
    assert done.stdout.decode("ascii") or done.returncode == 2


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


@pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")
def test_the_doctor_says_that_cupy_is_missing(capsys):
    assert main(["doctor"]) == 0
    expected = "CuPy         none (No module named 'cupy'); arrays on a GPU need it: pip install 'minigrad-nn[cuda]'"
    assert expected in capsys.readouterr().out.splitlines()


@pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")
def test_the_doctor_says_that_there_is_no_gpu(capsys, monkeypatch):
    runtime = SimpleNamespace(driverGetVersion=lambda: 0, runtimeGetVersion=lambda: 13020)
    cuda = SimpleNamespace(is_available=lambda: False, runtime=runtime)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=type(None), cuda=cuda, __version__="14.2.0"))
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "devices      cpu" in printed
    assert "CuPy         14.2.0; CUDA runtime 13.2, no driver; it finds no GPU" in printed


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
