"""Names with quotes, markup, line breaks, nulls or 100,000 characters: in pictures, tables, files and errors.

A picture has the same nodes and elements as with harmless names, a table the same lines, a file the same weights; what
can't be done is refused with one clear message.
"""

import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

import minigrad as mg
from minigrad import Function, nn, viz
from tests.campaigns.campaign import command
from tests.campaigns.damage import unclear

PIECES = [
    "w",
    "",
    " ",
    '"',
    "'",
    "`",
    "\\",
    "\\N",
    "\\n",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x1b[31m",
    "\x7f",
    "\u2028",
    "\u202e",
    "\ufeff",
]
PIECES += [
    "<b>",
    "</TABLE>",
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    "]]>",
    "&",
    "&amp;",
    "&#0;",
    "{",
    "}",
    "|",
    ";",
    "//",
]
PIECES += ["a -> b", '"]; evil [label="', "%s%n", "{0.__class__}", "$(touch harmed)", "../../harmed", "/", ".", ".npy"]
PIECES += [
    "é",
    "e\u0301",
    "日本",
    "🙂",
    "\U0001f468\u200d\U0001f469",
    "\u0627\u0628",
    "\ud800",
    "x" * 300,
    "x" * 100_000,
    "é" * 40_000,
]
HARMLESS = "harmless"
LONG = 5_000
VIEWS = ["ops", "teach", "layers", "model"]


class Scale(Function):
    """y = 2x."""

    def forward(self, x):
        return 2 * x

    def backward(self, gy):
        return gy * 2


class Named(nn.Module):
    """A layer and a parameter that have a name."""

    def __init__(self, name):
        self.layers = {name: nn.Linear(2, 2)}
        self.scale = nn.Parameter(np.ones(2, np.float32), name=name)
        self.name = name

    def forward(self, x):
        return self.layers[self.name](x) * self.scale


class WrongError(Exception):
    """Something was done with a name that must not be."""


def attack(account, count, seed):
    rng = np.random.default_rng(seed)
    for number in range(count):
        pieces = [PIECES[number % len(PIECES)]] if number < len(PIECES) else rng.choice(PIECES, rng.integers(2, 5))
        name, place = "".join(pieces), PLACES[int(rng.integers(len(PLACES)))]
        try:
            account.note(f"{place.__name__}: {place(name, VIEWS[number % len(VIEWS)])}")
        except Exception as error:  # noqa: BLE001 - any but one is a finding
            if "can't be a name" in str(error) and not (
                unclear(error, "Named: ") or (name.isprintable() and len(name) < LONG)
            ):
                account.note(f"{place.__name__}: refused")
                continue
            kind = str(error) if isinstance(error, WrongError) else f"{type(error).__name__}: {str(error)[:80]!r}"
            account.fail(f"{place.__name__}: {kind}", ascii(name)[:80])


def variables(name, view):
    """The names of a Variable, a Function and a diagram."""

    def diagram(name):
        x = mg.Variable(2.0, name=name)
        function = type(class_name(name), (Scale,), {})()
        return viz.draw(mg.apply(function, x) * x, title=name, view=view)

    drawn, usual = diagram(name), diagram(HARMLESS)
    pictures(drawn, usual)
    named = {node["name"] for node in json.loads(drawn.json())["nodes"]}
    if name and name.encode(errors="replace").decode() not in named:
        raise WrongError("the name in the JSON text is another")
    return "drawn"


def class_name(name):
    """`name` where Python lets a class have it."""
    return HARMLESS if "\0" in name or "\ud800" in name else name


def layers(name, view):
    """The path of a layer and of its parameters."""
    x = np.ones((3, 2), np.float32)

    def diagram(model):
        return viz.draw(model(x).sum(), model=model, view=view)

    model, usual = Named(name), Named(HARMLESS)
    pictures(diagram(model), diagram(usual))
    return "drawn"


def pictures(drawn, usual):
    """Raise WrongError where a picture has other elements than the usual one, or more lines than one in a word."""
    if elements(drawn.svg()) != elements(usual.svg()):
        raise WrongError("the SVG has other elements")
    if tags(drawn.html()) != tags(usual.html()):
        raise WrongError("the page has other tags")
    if len(drawn.dot.splitlines()) != len(usual.dot.splitlines()):
        raise WrongError("the DOT text has other lines")
    one_line(drawn.summary(), "the summary")
    json.loads(drawn.json())


def elements(picture):
    """Tags and attributes; those of texts aside, of which a long name may need more."""
    nodes = ET.fromstring(picture).iter()  # noqa: S314 - written here
    tags = [(node.tag.rpartition("}")[2], *sorted(node.attrib)) for node in nodes]
    return Counter(tag for tag in tags if tag[0] not in ("text", "title"))


def tags(page):
    return set(re.findall(r"<[!/]?[\w-]+", page)) - {"<text", "</text"}


def one_line(text, what):
    if not text.isprintable():
        raise WrongError(f"{what} has line breaks or characters that can't be printed")
    if len(text) > 1_000:
        raise WrongError(f"{what} is too long")


def tables(name, view):
    """The table of a model's layers, and its text."""
    model, usual = Named(name), Named(HARMLESS)
    lines = model.summary((2,)).split("\n")
    if len(lines) != len(usual.summary((2,)).split("\n")):
        raise WrongError("the summary has other lines")
    for line in lines:
        one_line(line, "a line of the summary")
    if len(repr(model).splitlines()) != len(repr(usual).splitlines()):
        raise WrongError("repr of a module has other lines")
    return "written"


def files(name, view):
    """A file of a parameter with that name."""
    model, other = Named(name), Named(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        try:
            nn.save(model, path)
        finally:
            if set(path.parent.iterdir()) - {path}:
                raise WrongError("save made another file")
        nn.load(other, path)
        if [p.data.tobytes() for p in model.parameters()] != [p.data.tobytes() for p in other.parameters()]:
            raise WrongError("loaded wrong")
        refuse(nn.load, Named(HARMLESS), path)
    return "saved and loaded"


def states(name, view):
    """A state with that name, whose errors name it."""
    model = Named(name)
    model.load_state_dict(model.state_dict())
    refuse(model.load_state_dict, Named(HARMLESS).state_dict())
    refuse(Named(HARMLESS).load_state_dict, model.state_dict())
    refuse(viz.draw, mg.Variable(1.0), view=name)
    return "copied and refused"


def refuse(function, *arguments, **options):
    """Raise WrongError unless that is a ValueError with a clear message."""
    try:
        function(*arguments, **options)
    except ValueError as error:
        if reason := unclear(error, ""):
            raise WrongError(f"{function.__name__}: {reason}") from None
    else:
        raise WrongError(f"{function.__name__} refuses nothing")


PLACES = [variables, layers, tables, files, states]


if __name__ == "__main__":
    command(attack, count=1_500, unit="names")
