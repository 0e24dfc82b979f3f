"""What docs/gpu.md shows runs."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "gpu.md").read_text("utf-8")


def test_the_pages_programs_run(capsys):
    names = {}
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for program in programs:
        exec(program, names)  # noqa: S102 - of the page itself
    assert len(programs) == 3
    loss, *_, error = capsys.readouterr().out.splitlines()
    assert 2 < float(loss.split()[0]) < 3
    assert error.startswith(
        "Mul: all must be on one device; a (2, 3) float32 on cuda:0, b (3,) float32 on cpu; move one"
    )
