"""The notebooks of docs/tutorials/: they run in their short form, and are kept as they ran in their long one."""

import json
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

from minigrad import data

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))
NAMES = ["chapter7", "codelab", "deep_mnist", "fashion_mnist"]
LARGEST = 500_000  # bytes
LONGEST = 150  # lines of code

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def tutorials(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import tutorials  # noqa: PLC0415

    yield tutorials
    sys.modules.pop("tutorials")


def cells_of(notebook, kind):
    return [cell for cell in json.loads(notebook.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def test_the_notebooks_are_these_and_the_readme_leads_to_each():
    assert [path.stem for path in NOTEBOOKS] == NAMES
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"docs/tutorials/{name}.ipynb" in readme for name in NAMES)


@each_notebook
def test_a_notebook_runs_in_its_short_form(notebook, tutorials, monkeypatch):
    def of_the_same_form(*, directory):
        return data.mnist()

    monkeypatch.setattr(data, "fashion_mnist", of_the_same_form)
    names = {"__name__": "__main__"}
    try:
        for i, source in enumerate(tutorials.code(notebook, quick=True), 1):
            exec(compile(source, f"{notebook.name}, code cell {i}", "exec"), names)  # noqa: S102 - our own notebook
        assert plt.get_fignums()
    finally:
        plt.close("all")


@each_notebook
def test_a_notebook_is_kept_with_what_it_printed_and_drew_in_one_run(notebook, tutorials):
    cells = cells_of(notebook, "code")
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert len(tutorials.code(notebook)) == len(cells)


@each_notebook
def test_a_notebook_is_small_and_its_links_lead_somewhere(notebook):
    text = notebook.read_text("utf-8")
    assert len(text) < LARGEST
    assert sum(len(cell["source"]) for cell in cells_of(notebook, "code")) <= LONGEST
    for cell in cells_of(notebook, "markdown"):
        for link in "".join(cell["source"]).split("](")[1:]:
            assert (notebook.parent / link.split(")")[0]).exists(), link


def test_a_notebook_without_its_switch_has_no_short_form(tutorials, tmp_path):
    notebook = tmp_path / "plain.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}]}))
    with pytest.raises(ValueError, match=r"plain\.ipynb must have one line 'QUICK = False'"):
        tutorials.code(notebook, quick=True)
