"""The pictures of docs/pictures.md and of examples/digits/: scripts make them; the page itself is a doctest."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "pictures"


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    yield
    for name in ("digits", "pictures"):
        sys.modules.pop(name, None)


def test_the_code_before_each_picture_of_the_page_draws_it():
    import pictures  # noqa: PLC0415

    found = dict(pictures.pictures(pictures.PAGE.read_text("utf-8")))
    assert found.keys() == {path.name for path in KEPT.iterdir()}
    for file, text in found.items():
        assert ">>> picture = plots." in text, file
        assert (KEPT / file).stat().st_size < 100_000, file


def test_the_script_draws_what_the_code_leaves(tmp_path, monkeypatch):
    import pictures  # noqa: PLC0415

    page = tmp_path / "page.md"
    page.write_text(
        "```python\n>>> from minigrad import plots\n>>> picture = plots.curves({'loss': [1.0, 0.5]})\n\n```\n"
        "![A curve.](pictures/a-curve.png)\n"
    )
    monkeypatch.setattr(pictures, "PAGE", page)
    pictures.main(tmp_path / "drawn")
    with Image.open(tmp_path / "drawn" / "a-curve.png") as drawn:
        assert drawn.width > 300


def test_the_digits_are_those_that_the_script_draws(tmp_path):
    import digits  # noqa: PLC0415

    digits.main(tmp_path)
    made, kept = ({path.name: path for path in folder.iterdir()} for folder in (tmp_path, ROOT / "examples" / "digits"))
    assert made.keys() == kept.keys()
    for name, path in made.items():
        with Image.open(path) as new, Image.open(kept[name]) as old:
            difference = np.asarray(new, int) - np.asarray(old, int)
        assert np.abs(difference).max() < 10
