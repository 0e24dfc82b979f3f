"""theme: an SVG that is dark where its reader's screen is, by one style sheet; the drawing itself stays as it is."""

from __future__ import annotations

import re

from minigrad.viz import style

THEMES = ("auto", "light", "dark")


def with_theme(svg: str, theme: str) -> str:
    """The SVG with a theme's style sheet: "light" has none, "dark" is always dark, "auto" asks the reader's screen."""
    if theme == "light":
        return svg
    rules = "".join(
        f'[{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in style.DARK.items()
        for attribute in ("fill", "stroke")
    )
    sheet = rules if theme == "dark" else f"@media (prefers-color-scheme:dark){{{rules}}}"
    return re.sub(r"(<svg\b[^>]*>)", lambda found: f"{found[1]}\n<style>{sheet}</style>", svg, count=1)
