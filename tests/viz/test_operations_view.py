"""The operations view: valid, escaped and always the same text."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import minigrad as mg
from minigrad.viz import DrawOptions, dot, formatting, operations_view
from minigrad.viz.graph import Edge, Graph, Node, Tensor
from minigrad.viz.trace import trace

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[{}\[\]=;]|\w+)', re.DOTALL)


def tokens(text):
    """The tokens of the DOT language; fails at anything that is none."""
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        if text[place] == "<":
            end, depth = place, 0
            while True:
                depth += {"<": 1, ">": -1}.get(text[end], 0)
                end += 1
                if depth == 0:
                    break
            found.append(text[place:end])
            place = end
            continue
        token = TOKEN.match(text, place)
        assert token is not None, text[place : place + 40]
        found.append(token[1])
        place = token.end()
    return found


def texts(token):
    """The lines that a markup token shows."""
    root = ET.fromstring(f"<L>{token[1:-1]}</L>")  # noqa: S314 - our own text
    return "".join(root.itertext())


def graph_of(name, layer=""):
    tensor = Tensor((2,), "float32", 8)
    w = Node("parameter1", "parameter", f"{layer}.{name}" if layer else name, tensor=tensor, layer=layer)
    y = Node("operation1", "operation", name, (name,), tensor, "other", layer)
    return Graph((w, y), (Edge(w.id, y.id, 0, tensor),), 0)


@pytest.mark.parametrize(
    "name",
    [
        'a "quoted" name',
        "<b>&lt;&amp;",
        "--> <!-- ]]>",
        "{x|y}[z];",
        "back\\slash\\",
        '\\"];}',
        "é∂🙂",
        "%s%n\\L",
    ],
)
@pytest.mark.parametrize("layer", ["", "layer"])
def test_hostile_names_are_shown_as_they_are(name, layer):
    text = operations_view.write(graph_of(name, layer), DrawOptions(title=name))
    found = tokens(text)
    shown = [texts(token) for token in found if token[0] == "<"]
    written = name.replace("\\", "\\\\")  # Graphviz reads escapes in markup, too
    assert shown[0].startswith(written)  # the title
    assert sum(written in line for line in shown) == 3
    quoted = [token for token in found if token[0] == '"']
    assert all('"' not in re.sub(r"\\.", "", token[1:-1]) for token in quoted)
    assert found.count("{") == found.count("}")
    assert (found[0], found[-1]) == ("digraph", "}")


@pytest.mark.parametrize("layer", ["", "\n\ud800"])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines\t here", "two lines here"),
        ("nul\x00 \ud800 \u202eright to left", "nul\ufffd \ufffd \ufffdright to left"),
        ("", "unnamed"),
        (" \n", "unnamed"),
        ("x" * 5000 + "y" * 5000, "x" * 24 + "…" + "y" * 23),
    ],
)
def test_unprintable_and_long_names_are_mended(name, shown, layer):
    text = operations_view.write(graph_of(name, layer), DrawOptions(title=name))
    assert any(texts(token).startswith(shown) for token in tokens(text) if token[0] == "<")
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(max(text.splitlines(), key=len)) < 4000  # the heading with its legend
    text.encode()


def test_quoted():
    assert dot.quoted('a\\"&lt;') == r'"a\\\"&amp;lt;"'


def test_tooltips_are_read_twice():
    assert r'tooltip="\\\\N' in operations_view.write(graph_of("\\N"))


def test_attributes_are_sorted_and_quoted():
    text = operations_view.write(graph_of("x"), DrawOptions(title="title"))
    for line in text.splitlines():
        keys = re.findall(r' ?(\w+)=["<]', re.sub(r"<[A-Z/][^>]*>", "", line.partition("[")[2]))
        assert keys == sorted(keys)
        assert not re.search(r"\[\w+=\w", line)


def test_no_title():
    untitled = operations_view.write(graph_of("x"))
    assert 'POINT-SIZE="19"' in operations_view.write(graph_of("x"), DrawOptions(title="title"))
    assert 'POINT-SIZE="19"' not in untitled
    tokens(untitled)


def test_an_empty_graph():
    tokens(operations_view.write(Graph((), (), 0), DrawOptions(title="")))


def test_parameters_of_one_operation_share_a_cylinder_and_those_of_two_stand_alone():
    w, b, x = (mg.Variable(np.ones((2, 2), np.float32), name=name) for name in "wbx")
    text = operations_view.write(trace([(x @ w).sum()]))
    assert text.count("cylinder") == 1
    assert text.count("rank=same") == 1
    text = operations_view.write(trace([x @ w, w * b]))
    assert text.count("cylinder") == 3
    assert '"parameter2" -> "operation1"' in text
    assert '"parameter2" -> "operation2"' in text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        *((0, "0 B"), (640, "640 B"), (1023, "1023 B"), (1024, "1 KiB"), (18_560, "18.1 KiB"), (401_408, "392 KiB")),
        *((5_017_600, "4.8 MiB"), (102_350, "100 KiB"), (2**40, "1 TiB"), (2**60, "1048576 TiB")),
    ],
)
def test_units(size, text):
    assert formatting.format_bytes(size) == text


def test_edges_say_what_flows():
    x = mg.Variable(np.zeros((50, 32, 28, 28), np.float32))
    text = operations_view.write(trace([(x * 2).sum()]))
    assert "50×32×28×28  4.8 MiB" in text


def test_a_long_chain():
    y = mg.Variable(1.0)
    for _ in range(10_000):
        y = y + 1.0
    assert operations_view.write(trace([y])).count(" -> ") == 10_001
