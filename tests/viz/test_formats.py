"""Formats and engines: what a Diagram can be written as, and what happens where no engine is, or a bad one."""

import json
import os
import re
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import viz
from minigrad.viz import style
from minigrad.viz.cards import cards_of

HARD = ["<b>&amp;", '"quoted"', "{a|b}", "line\nbreak", "back\\slash", "x" * 10_000, "ünïcode ∂ 漢字", "]]>", "\\N", ""]


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
    module = sys.modules["minigrad.viz.engines"]
    monkeypatch.setattr(module, "_installed_by", lambda _: None)
    monkeypatch.setattr(module.shutil, "which", lambda _: None)


# Pictures


def test_the_svg_shows_every_node(y):
    diagram = viz.draw(y, view="ops")
    root = ET.fromstring(diagram.svg())  # noqa: S314 - our own
    titles = {element.text for element in root.iter("{http://www.w3.org/2000/svg}title")}
    cards = {card.first.id for card in cards_of(diagram.graph)}
    assert cards <= titles
    assert {f"{edge.source}->{edge.target}" for edge in diagram.graph.edges if edge.source in cards} <= titles


def test_the_png_is_as_wide_as_asked_for(y):
    for width in (300, 1600):
        png = viz.draw(y).png(width=width)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert abs(struct.unpack(">I", png[16:20])[0] - width) <= 2
    for width in (0, 10**7, float("nan")):
        with pytest.raises(ValueError, match="png: width must be 16 to 20,000 pixels, not "):
            viz.draw(y).png(width=width)


def test_the_page_stands_alone(y):
    page = viz.draw(y, title="a < b & c").html()
    assert page.startswith("<!doctype html>")
    assert "<title>a &lt; b &amp; c</title>" in page
    assert "<svg" in page
    assert not re.search(r"(src|href)=.http", page)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".html", ".dot", ".json", ".SVG"])
def test_the_suffix_decides_the_format(y, tmp_path, suffix):
    path = tmp_path / f"graph{suffix}"
    viz.draw(y).save(path)
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".html": b"<!doctype", ".dot": b"digraph", ".json": b"{"}
    assert path.read_bytes().startswith(start[suffix.lower()])


@pytest.mark.parametrize("name", HARD, ids=range(len(HARD)))
def test_any_name_makes_a_right_picture(name):
    x = mg.Variable(np.ones(2, np.float32), name=name)
    diagram = viz.draw((x * 2).sum(), title=name)
    ET.fromstring(diagram.svg())  # noqa: S314
    assert json.loads(diagram.json())["title"] == name


def test_a_graph_without_operations():
    for variable in (mg.Variable(1.0), mg.Variable(np.ones(3), requires_grad=False)):
        ET.fromstring(viz.draw(variable).svg())  # noqa: S314


# Themes


def test_every_light_colour_has_a_dark_one():
    fills = {colors.fill for colors in style._COLORS.values()} - {style._COLORS["output"].fill}
    texts = {colors.text for colors in style._COLORS.values()} - {style._COLORS["output"].text}
    assert fills | texts | {style.BACKGROUND, style.LAYER_FILL, style.FAINT_TEXT} <= set(style.DARK)


@pytest.mark.parametrize("kind", [kind for kind in style._COLORS if kind != "output"])
def test_texts_have_contrast_in_the_dark(kind):
    colors = style._COLORS[kind]
    for text in (colors.text, style.TEXT, style.FAINT_TEXT):
        assert contrast(style.DARK[text], style.DARK[colors.fill]) >= 4.5
    assert contrast(style._COLORS["output"].text, style._COLORS["output"].fill) >= 4.5


def contrast(a, b):
    """The ratio of two colours' luminances, after WCAG 2."""

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_theme_is_one_style_sheet(y):
    light, dark, auto = (viz.draw(y, theme=theme).svg() for theme in ("light", "dark", "auto"))
    assert "<style>" not in light
    assert "@media" not in dark
    assert dark.count("<style>") == auto.count("<style>") == 1
    assert "@media (prefers-color-scheme:dark){" in auto
    assert re.sub(r"\n<style>.*?</style>", "", auto) == light
    with pytest.raises(ValueError, match="theme must be one of 'auto', 'light', 'dark', not 'sepia'"):
        viz.draw(y, theme="sepia")


# Engines


def test_the_engines_that_are_there():
    names = [found.name for found in viz.engines()]
    assert "graphviz-pure" in names
    assert all(Path(found.path).is_file() for found in viz.engines())


def test_the_environment_names_one(y, engine):
    path = engine("cat > /dev/null; echo '<svg></svg>'")
    assert viz.engines()[0] == viz.Engine(path, path)
    assert viz.draw(y, theme="light").svg() == "<svg></svg>\n"


def test_an_argument_names_one(y, engine):
    path = engine("cat > /dev/null; echo '<svg></svg>'")
    os.environ.pop("MINIGRAD_DOT")
    assert viz.draw(y, engine=path, theme="light").svg() == "<svg></svg>\n"
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
