"""Run the notebooks of docs/tutorials/ anew, with their trainings, and keep in them what they print and draw.

python examples/tutorials.py [NAME ...]    # codelab, for example; all of them without a name; needs the extra notebooks

Fashion-MNIST is fetched, unless the environment variable FASHION_MNIST names a directory that has it.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[1] / "docs" / "tutorials"
SWITCH = "QUICK = False"


def code(notebook: Path, *, quick: bool = False) -> list[str]:
    """The source of each code cell; with `quick`, of the short form.

    Raises:
        ValueError: there is no short form: not one line of the notebook is its switch.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    if sum(source.count(SWITCH) for source in sources) != 1:
        raise ValueError(f"{notebook.name} must have one line {SWITCH!r}")
    return [source.replace(SWITCH, "QUICK = True") for source in sources] if quick else sources


def smaller(png: str) -> str:
    """A picture, PNG as base64, with 256 colours of its own: some half as large, and nobody sees it."""
    from PIL import Image

    picture, file = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def run(notebook: Path) -> None:
    """Execute a notebook in a kernel of its own, and write it with its outputs; an error leaves the file as it was."""
    import nbformat
    from nbclient import NotebookClient

    content = nbformat.read(notebook, as_version=4)
    NotebookClient(content, timeout=None, record_timing=False, coalesce_streams=True).execute()
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).get("image/png"):
                output["data"]["image/png"] = smaller(png)
    content.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(content, notebook)


if __name__ == "__main__":
    for path in [DIRECTORY / f"{name}.ipynb" for name in sys.argv[1:]] or sorted(DIRECTORY.glob("*.ipynb")):
        run(path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
