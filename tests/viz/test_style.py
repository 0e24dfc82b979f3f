"""style: the colours of both themes, and their contrast."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import viz
from minigrad.viz import style
from minigrad.viz.graph import FAMILIES


def contrast(a, b):
    """The ratio of two colours' luminances, after WCAG 2."""

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("family", sorted(style.COLORS))
def test_texts_can_be_read(family):
    colors = style.COLORS[family]
    others = () if family == "output" else (style.TEXT, style.FAINT_TEXT)
    assert min(contrast(text, colors.fill) for text in (colors.text, *others)) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_heat_and_coloured_words_can_be_read(dark):
    def shown(color):
        return style.DARK.get(color, color) if dark else color

    for fill in style.HEAT:
        assert contrast(shown(style.TEXT), shown(fill)) >= 4.5
    for text in (style.SAVED, style.GRADIENT, style.BAD, style.FAINT_TEXT):
        for ground in (style.BACKGROUND, style.LAYER_FILL):
            assert contrast(shown(text), shown(ground)) >= 4.5
    for family in FAMILIES:  # NaN 12 / 401,408
        assert contrast(shown(style.BAD), shown(style.COLORS[family].fill)) >= 4.5


def test_every_light_colour_has_a_dark_one():
    fills = {colors.fill for colors in style.COLORS.values()} - {style.COLORS["output"].fill}
    texts = {colors.text for colors in style.COLORS.values()} - {style.COLORS["output"].text}
    assert fills | texts | {style.BACKGROUND, style.LAYER_FILL, style.FAINT_TEXT} <= set(style.DARK)


@pytest.mark.parametrize("kind", [kind for kind in style.COLORS if kind != "output"])
def test_texts_have_contrast_in_the_dark(kind):
    colors = style.COLORS[kind]
    for text in (colors.text, style.TEXT, style.FAINT_TEXT):
        assert contrast(style.DARK[text], style.DARK[colors.fill]) >= 4.5
    assert contrast(style.COLORS["output"].text, style.COLORS["output"].fill) >= 4.5


def test_the_theme_is_one_style_sheet():
    y = mg.Variable(np.ones(2, np.float32), name="x").sum()
    light, dark, auto = (viz.draw(y, theme=theme).svg() for theme in ("light", "dark", "auto"))
    assert light.count("<style>") == dark.count("<style>") == auto.count("<style>") == 1
    assert "[fill=" not in light
    assert "[fill=" in dark
    assert "@media" not in dark
    assert "@media (prefers-color-scheme:dark){" in auto
    without = [re.sub(r"\n<style>.*?</style>", "", svg) for svg in (light, dark, auto)]
    assert without[0] == without[1] == without[2]
    with pytest.raises(ValueError, match="theme must be one of 'auto', 'light', 'dark', not 'sepia'"):
        viz.draw(y, theme="sepia")


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_fonts_are_as_wide_as_graphviz_takes_them_for(theme):
    svg = viz.draw(mg.Variable(np.ones(2, np.float32)).sum(), theme=theme).svg()
    assert set(re.findall(r'font-family="(\w+)', svg)) == {"Helvetica"}
    assert '[font-family^=Helvetica]{font-family:Helvetica,Arial,"Liberation Sans","Nimbus Sans",' in svg
