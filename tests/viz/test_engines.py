"""engines: the programs that lay out a diagram, and the errors where there is none, or a bad one."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import viz


@pytest.fixture
def y():
    x = mg.Variable(np.ones((2, 3), np.float32), name="x")
    w = mg.Variable(np.ones((3, 2), np.float32), name="w")
    return F.relu(x @ w).sum()


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Makes a program of a shell script the only engine."""

    def make(script):
        path = tmp_path / "engine"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("MINIGRAD_DOT", str(path))
        return str(path)

    return make


@pytest.fixture
def no_engine(monkeypatch):
    monkeypatch.delenv("MINIGRAD_DOT", raising=False)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


def test_the_engines_that_are_there():
    names = [found.name for found in viz.engines()]
    assert "graphviz-pure" in names
    assert all(Path(found.path).is_file() for found in viz.engines())


def without_style(svg):
    return re.sub(r"\n<style>.*?</style>", "", svg)


def test_the_environment_names_one(y, engine):
    path = engine("cat > /dev/null; echo '<svg></svg>'")
    assert viz.engines()[0] == viz.Engine(path, path)
    assert without_style(viz.draw(y, theme="light").svg()) == "<svg></svg>\n"


def test_an_argument_names_one(y, engine):
    path = engine("cat > /dev/null; echo '<svg></svg>'")
    os.environ.pop("MINIGRAD_DOT")
    assert without_style(viz.draw(y, engine=path, theme="light").svg()) == "<svg></svg>\n"
    with pytest.raises(viz.EngineError, match="there is no engine 'nowhere': pip install"):
        viz.draw(y, engine="nowhere").svg()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'syntax error in line 1' >&2; exit 3", "failed with exit status 3: syntax error in line 1"),
        ("exit 0", "printed what is no svg: it gave no reason"),
        ("echo hello", "printed what is no svg"),
        ("echo '<svg><g>'", "printed what is no svg"),
        ("head -c 100 /dev/urandom", "printed what is no svg"),
        ("echo '<svg></svg>'; exit 1", "failed with exit status 1: it gave no reason"),
        ("kill -SEGV $$", "failed with exit status -11"),
    ],
)
def test_an_engine_that_crashes(y, engine, tmp_path, script, message):
    engine(script)
    (tmp_path / "graph.svg").write_text("the old picture")
    with pytest.raises(viz.EngineError, match=message):
        viz.draw(y).save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text() == "the old picture"


def test_an_engine_that_hangs(y, engine):
    path = engine("exec sleep 60")
    with pytest.raises(
        viz.EngineError, match=r"took more than 0\.2 s and was stopped; \.dot and \.json need no engine"
    ):
        viz.Engine("slow", path).render(viz.draw(y).dot, "svg", timeout=0.2)


def test_an_engine_that_cannot_be_started(y, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGRAD_DOT", str(tmp_path / "missing"))
    with pytest.raises(viz.EngineError, match=r"could not be started: No such file or directory: .*missing"):
        viz.draw(y).svg()


def test_without_an_engine_text_can_be_written_and_words_say_what_to_install(y, no_engine, tmp_path):
    diagram = viz.draw(y)
    assert viz.engines() == []
    with pytest.raises(viz.EngineError, match=r"there is no Graphviz: pip install 'minigrad-nn\[viz\]' brings one"):
        diagram.save(tmp_path / "graph.svg")
    diagram.save(tmp_path / "graph.dot")
    diagram.save(tmp_path / "graph.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.dot", "graph.json"]


def test_a_notebook_gets_a_picture_or_words(y, engine):
    shown = viz.draw(y)._repr_mimebundle_()
    assert shown["image/svg+xml"].count("<svg") == 1
    assert shown["text/plain"] == "Compute graph: 3 operations, 12 parameters, saved for backward 4 B"
    engine("exit 1")
    shown = viz.draw(y)._repr_mimebundle_(include=None, exclude=None)
    assert list(shown) == ["text/plain"]
    assert "no picture: " in shown["text/plain"]
