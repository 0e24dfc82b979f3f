"""Draw the pictures of docs/pictures.md anew, by running the page.

python examples/pictures.py [DIRECTORY]
"""

from __future__ import annotations

import doctest
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a clone needs no installation
PAGE = ROOT / "docs" / "pictures.md"


def pictures(page: str) -> Iterator[tuple[str, str]]:
    """Each picture's file, and the text from the picture before to it, whose code leaves it in `picture`."""
    start = 0
    for link in re.finditer(r"!\[[^]]*\]\(pictures/([a-z-]+\.png)\)", page):
        yield link[1], page[start : link.start()]
        start = link.end()


def main(directory: Path) -> None:
    """Run the page, and write its pictures into a directory."""
    import matplotlib as mpl
    import numpy as np

    mpl.use("Agg")
    directory.mkdir(parents=True, exist_ok=True)
    names: dict[str, Any] = {}
    for file, text in pictures(PAGE.read_text(encoding="utf-8")):
        for example in doctest.DocTestParser().get_examples(text):
            exec(compile(example.source, str(PAGE), "single"), names)  # noqa: S102 - our own page
        axes = np.ravel(names["picture"])[0]
        axes.get_figure().savefig(directory / file, dpi=96, pil_kwargs={"optimize": True})
        print(directory / file)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else PAGE.parent / "pictures")
