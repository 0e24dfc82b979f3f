"""The short programs: each runs for a few steps, and draws its figure."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(path for path in (ROOT / "examples" / "programs").glob("*.py") if path.stem != "command")
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
    page = (ROOT / "docs" / "programs.md").read_text("utf-8")
    assert f"../examples/programs/{program.name}" in page
    assert (ROOT / "docs" / "programs" / f"{program.stem}.png").is_file()
    assert re.search(rf"!\[[^\]]+\]\(programs/{program.stem}\.png\)", page)
