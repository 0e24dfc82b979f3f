"""The short programs: each runs for a few steps, and draws its figure."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(path for path in (ROOT / "examples" / "programs").glob("*.py") if path.stem != "command")
PAGE = (ROOT / "docs" / "programs.md").read_text("utf-8")
LONGEST = 90  # lines


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_runs_and_draws(program, tmp_path):
    picture = tmp_path / "picture.png"
    command = [sys.executable, program, "--steps", "3", "--out", picture]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "nan" not in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_is_short_and_on_the_page(program):
    assert len(program.read_text("utf-8").splitlines()) <= LONGEST
    assert f"../examples/programs/{program.name}" in PAGE


def test_every_figure_of_the_page_is_there_and_no_other():
    figures = {path.name for path in (ROOT / "docs" / "programs").iterdir()}
    assert set(re.findall(r"!\[[^\]]+\]\(programs/(\w+\.png)\)", PAGE)) == figures
