"""Style: the colours of a diagram, light and dark, after Okabe and Ito.

Each text has a contrast of 4.5:1 or more on its fill.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from minigrad.viz.graph import Node


class Colors(NamedTuple):
    """The fill, the border and the bold text of a shape."""

    fill: str
    border: str
    text: str


TEXT, FAINT_TEXT = "#1f2933", "#5b6773"
BACKGROUND = "#ffffff"
LAYER_FILL, LAYER_BORDER = "#f5f7f9", "#d3dae1"
TENSOR_EDGE = "#52606d"
GRADIENT, SAVED, BAD = "#c2410c", "#7450b0", "#b3261e"
ORDERS = (TENSOR_EDGE, GRADIENT, "#8a6bbf", "#0e8a9a")  # of arrows, by order; the last is that of all higher ones
TRACK = "#e3e8ed"  # behind a bar of time

HEAT = ("#ffffff", "#fff1dc", "#ffdfb0", "#ffc77d", "#ffab57", "#ff8f3d")  # from little to much
HEAT_BORDER = "#8a6a45"

CHANGES = {"added": "#1b7f3b", "removed": "#b3261e", "changed": "#8a5a00"}
SIGNS = {"added": "+", "removed": "−", "changed": "~"}

_PALETTE = {  # fill, border and text; fill and text in the dark
    "product": ("#dcecf7", "#0072b2", "#004a75", "#12344d", "#9fd3f5"),
    "elementwise": ("#d9f2ea", "#009e73", "#00543d", "#0c3b2e", "#8fe0c6"),
    "reduction": ("#faf6cf", "#a39400", "#534b00", "#3a3500", "#ece08a"),
    "pooling": ("#f6e3f2", "#aa4499", "#6d1f60", "#451a3f", "#eeb0e2"),
    "view": ("#eceff2", "#7a8590", "#3d464f", "#2a3138", "#c7d0d9"),
    "loss": ("#fde5d6", "#d55e00", "#843a00", "#4d2405", "#f7b48a"),
    "parameter": ("#fdf1d3", "#c98a00", "#6b4900", "#3f2d00", "#f0cd7a"),
    "input": ("#e2f3fc", "#3a9fd6", "#0d5780", "#0d3349", "#9bd4f3"),
}
COLORS = {name: Colors(*colors[:3]) for name, colors in _PALETTE.items()} | {
    "other": Colors(BACKGROUND, TENSOR_EDGE, TEXT),
    "seed": Colors(BACKGROUND, GRADIENT, GRADIENT),
    "constant": Colors(BACKGROUND, "#9aa5b1", TENSOR_EDGE),
    "output": Colors("#b84f00", "#843a00", "#fffdfa"),
}

DARK = {
    TEXT: "#e4e9ee",
    FAINT_TEXT: "#a7b3bf",
    BACKGROUND: "#14181c",
    LAYER_FILL: "#1b2127",
    LAYER_BORDER: "#38434e",
    TENSOR_EDGE: "#93a1af",
    GRADIENT: "#f59a6b",
    SAVED: "#b79ae8",
    BAD: "#ff8a80",
    TRACK: "#38434e",
    **dict(zip(HEAT[1:], ("#33230f", "#4a2f0c", "#643b09", "#7d4606", "#955003"), strict=True)),
    CHANGES["added"]: "#6fd392",
    CHANGES["changed"]: "#f0b75a",
} | {light: dark for colors in _PALETTE.values() for light, dark in (colors[::3], colors[2::2])}
"""The dark colour of each light one of fills and texts; borders and arrows serve both."""


def colors_of(node: Node) -> Colors:
    """The colours of an operation's family, or else of a node's kind; white is the fill of all that is not forward."""
    colors = COLORS[node.family or ("parameter" if node.kind == "gradient" else node.kind)]
    return colors if node.order == 0 or node.kind == "output" else colors._replace(fill=BACKGROUND)


def heat(part: float) -> Colors:
    """The colours for so much of the largest amount, from 0 to 1."""
    return Colors(HEAT[min(int(part * len(HEAT)), len(HEAT) - 1)], HEAT_BORDER, TEXT)


def with_theme(svg: str, theme: str) -> str:
    """The SVG with its fonts and a theme: "light", "dark", or "auto", which asks the reader's screen."""
    # Fonts as wide as Helvetica, by which Graphviz places texts; most systems have one of them.
    families = 'Helvetica,Arial,"Liberation Sans","Nimbus Sans","DejaVu Sans Condensed",sans-serif'
    rules = "".join([f'[{a}="{light}"]{{{a}:{dark}}}' for light, dark in DARK.items() for a in ("fill", "stroke")])
    themes = {"light": "", "dark": rules, "auto": f"@media (prefers-color-scheme:dark){{{rules}}}"}
    sheet = f"<style>[font-family^=Helvetica]{{font-family:{families}}}{themes[theme]}</style>"
    return re.sub(r"(<svg\b[^>]*>)", lambda found: f"{found[1]}\n{sheet}", svg, count=1)
