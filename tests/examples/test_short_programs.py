"""The short programs: each runs for a few steps, and draws its figure."""

import re
import runpy
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(path for path in (ROOT / "examples" / "programs").glob("*.py") if path.stem != "command")
PAGE = (ROOT / "docs" / "programs.md").read_text("utf-8")
LONGEST = 90  # lines


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_runs_and_draws(program, tmp_path, monkeypatch, capsys):
    picture = tmp_path / "picture.png"
    monkeypatch.setattr(sys, "argv", [str(program), "--steps", "3", "--out", str(picture)])
    monkeypatch.setattr(sys, "path", [str(program.parent), *sys.path])
    runpy.run_path(str(program), run_name="__main__")
    plt.close("all")
    assert "nan" not in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_is_short_and_on_the_page(program):
    assert len(program.read_text("utf-8").splitlines()) <= LONGEST
    assert f"../examples/programs/{program.name}" in PAGE


def test_every_figure_of_the_page_is_there_and_no_other():
    figures = {path.name for path in (ROOT / "docs" / "programs").iterdir()}
    assert set(re.findall(r"!\[[^\]]+\]\(programs/(\w+\.png)\)", PAGE)) == figures
