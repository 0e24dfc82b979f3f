"""Bands: the frames around what belongs to a layer; a layer's own layers lie inside its frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minigrad.viz import style
from minigrad.viz.cards import Card
from minigrad.viz.dot import Markup, attributes, escaped, font, quoted, read_twice
from minigrad.viz.words import clean, counted, in_bytes

_ANCHORS = {"parameter": "operation", "gradient": "derivative"}
"""What stands at a side of which kind."""


def framed(cards: Sequence[Card], statement: Callable[[Card], str]) -> list[str]:
    """The statements of all cards, in their order, those of each layer in its frame.

    Args:
        cards: in execution order.
        statement: makes that of a card.
    """
    layers = dict.fromkeys(card.layer for card in cards if card.layer and card.first.kind != "folded")
    numbers = {layer: number for number, layer in enumerate(layers, 1)}
    sides = {(card.layer, _side(card)) for card in cards if card.beside is not None}
    wanted = {side for _, side in sides}
    members: dict[str, list[Card]] = {layer: [] for layer in ("", *layers)}
    places: dict[str, list[tuple[int, list[str]]]] = {layer: [] for layer in ("", *layers)}  # of what is inside
    for place, card in enumerate(cards):
        layer = card.layer if card.layer in layers else _around(card.layer, layers)
        members[layer].append(card)
        places[layer].append((place, [statement(card)]))
    for layer in sorted(layers, key=lambda path: -path.count(".")):  # what is inside, before what is around it
        outer = _around(layer, layers)
        inner = sorted(places[layer])
        missing = [side for side in _ANCHORS if side in wanted and (layer, side) not in sides]
        lines = [
            f'  subgraph "cluster_{numbers[layer]}" {{',
            _head(layer, outer, members[layer]),
            *(line for _, some in inner for line in some),
            *_spaces(numbers[layer], members[layer], missing),
            "  }",
        ]
        places[outer].append((inner[0][0], lines))
        members[outer] += [card for card in members[layer] if card.first.kind == "parameter"] if outer else []
    return [line for _, lines in sorted(places[""]) for line in lines]


def _around(layer: str, layers: dict[str, None]) -> str:
    """The innermost frame around a layer; "" if there is none."""
    while layer:
        layer = layer.rpartition(".")[0]
        if layer in layers:
            return layer
    return ""


def _side(card: Card) -> str:
    return "gradient" if card.first.kind == "gradient" else "parameter"


def _head(layer: str, outer: str, cards: list[Card]) -> str:
    tensors = [
        node.tensor
        for card in cards
        if not card.again
        for node in card.nodes
        if node.kind == "parameter" and node.tensor
    ]
    size, count = sum(tensor.bytes for tensor in tensors), sum(tensor.size for tensor in tensors)
    name = layer.removeprefix(f"{outer}.") if outer else layer
    words = ""
    if tensors:
        words = f"{counted(count, 'parameter')} · {in_bytes(size)}"
    elif not any(card.first.kind == "folded" for card in cards):
        words = "no parameters"
    text = font(f"<B>{escaped(name)}</B>", "12", style.TEXT) + font(f"&#160;&#160;{words}", "9.5", style.FAINT_TEXT)
    return "    graph" + attributes(
        color=style.LAYER_BORDER,
        fillcolor=style.LAYER_FILL,
        label=Markup(text),
        labeljust="l",
        margin="11",
        style="rounded,filled",
        tooltip=read_twice(clean(layer)),
    )


def _spaces(number: int, cards: list[Card], missing: list[str]) -> list[str]:
    """Room at the sides of a layer that has nothing there: all frames are as wide, and no arrow runs over a name."""
    lines = []
    for side in missing:
        anchor = next((quoted(card.id) for card in cards if card.first.kind == _ANCHORS[side]), None)
        if anchor is not None:
            space = quoted(f"space {side} {number}")
            ends = (space, anchor) if side == "parameter" else (anchor, space)
            lines.append(f"    {space}" + attributes(height="0.1", label="", style="invis", width="1.3"))
            arrow = attributes(style="invis", weight="3").rstrip(";")
            lines.append(f"    {{rank=same; {ends[0]} -> {ends[1]}{arrow}}}")
    return lines
