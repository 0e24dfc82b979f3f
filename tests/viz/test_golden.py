"""The texts of diagrams are what they were; what changes is looked at, and written by `python -m tests.viz.goldens`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.viz.goldens import CASES, FOLDER, texts

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from tests.viz.goldens import CASES, texts
import minigrad as mg
hold = [mg.Variable(1.0) + 1.0 for _ in range(int(sys.argv[1]))]
for name in CASES:
    sys.stdout.write("".join(texts(name).values()))
    mg.seed(0)
    sys.stdout.write(CASES[name]().svg())
"""


def portable(text):
    """The text without what differs between machines, and when goldens.py is edited."""
    text = re.sub(r"\d+\.\d{6,}(e[+-]\d+)?", lambda found: f"{float(found[0]):.4g}", text)
    return re.sub(r"goldens\.py:\d+", "goldens.py", text)


@pytest.mark.parametrize("name", CASES)
def test_the_texts_are_what_they_were(name):
    for file, text in texts(name).items():
        assert portable(text) == portable((FOLDER / file).read_text("utf-8"))


def test_every_kept_text_belongs_to_a_case():
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}{kind}" for name in CASES for kind in (".dot", ".json")}


def test_dot_json_and_svg_are_the_same_bytes_in_every_process():
    found = set()
    for seed, earlier in (("0", "0"), ("1", "7")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", SCRIPT, earlier]
        found.add(subprocess.run(command, env=environment, capture_output=True, check=True, cwd=ROOT).stdout)  # noqa: S603
    assert len(found) == 1
    assert b"</svg>" in found.pop()


@pytest.mark.parametrize("name", CASES)
def test_the_json_has_all_that_the_graph_has(name):
    content = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    ids = [node["id"] for node in content["nodes"]]
    assert len(set(ids)) == len(ids)
    assert all(edge["source"] in ids and edge["target"] in ids for edge in content["edges"])
