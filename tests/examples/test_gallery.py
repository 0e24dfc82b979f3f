"""The gallery: a script makes every picture of it, and the page is the one that the script writes."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs"


def test_the_script_makes_the_page_and_its_pictures(tmp_path):
    subprocess.run([sys.executable, ROOT / "examples" / "gallery.py", tmp_path], check=True)  # noqa: S603
    assert (tmp_path / "gallery.md").read_text("utf-8") == (KEPT / "gallery.md").read_text("utf-8")
    made, kept = ({path.name: path for path in (folder / "gallery").iterdir()} for folder in (tmp_path, KEPT))
    assert made.keys() == kept.keys()
    for name, path in made.items():
        assert _parts(path) == _parts(kept[name]), f"{name} is not what `make docs` draws"


def _parts(path):
    """What a picture shows, without numbers: they differ between machines and runs."""
    root = ET.parse(path).getroot()  # noqa: S314 - ours
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
