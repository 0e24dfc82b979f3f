"""draw and Diagram: from Variables to a file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import viz

SCRIPT = """
import sys
import numpy as np
import minigrad as mg
from minigrad import viz
class Net:
    def named_parameters(self):
        return {f"{c}.w": p for c, p in zip("abc", parameters)}.items()
hold = [mg.Variable(1.0) + 1.0 for _ in range(int(sys.argv[1]))]
parameters = [mg.Variable(np.ones((2, 2), np.float32)) for _ in "abc"]
y = np.ones((2, 2), np.float32)
for p in parameters:
    y = (y @ p).max(axis=0) * p
sys.stdout.buffer.write(viz.draw(y.sum(), *parameters, model=Net()).dot.encode())
"""


@pytest.fixture
def y():
    return mg.Variable(np.ones(2, np.float32), name="x").sum()


class Net:
    def __init__(self, **parameters):
        self.parameters = parameters

    def named_parameters(self):
        yield from self.parameters.items()


def test_public_names():
    assert viz.__all__ == ["Diagram", "Engine", "EngineError", "Recorder", "diff", "draw", "engines", "record"]
    assert isinstance(viz.draw(mg.Variable(1.0)), viz.Diagram)


def test_the_same_bytes_in_every_process():
    root = Path(mg.__file__).parents[1]
    texts = []
    for seed, earlier in (("0", "0"), ("1", "5")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", SCRIPT, earlier]
        texts.append(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)  # noqa: S603
    assert texts[0] == texts[1]
    assert b"cluster_3" in texts[0]


def test_titles(y):
    assert viz.draw(y).title == "Compute graph"
    assert viz.draw(y, model=Net()).title == "Net"
    assert viz.draw(y, title="A <title>").title == "A <title>"
    assert "A &lt;title&gt;" in viz.draw(y, title="A <title>").dot


def test_a_model_names_its_parameters():
    w = mg.Variable(np.ones(2, np.float32), name="own name")
    graph = viz.draw(w * 2, model=Net(first=w, again=w)).graph
    assert [node.name for node in graph.nodes] == ["first", "MulScalar", "output"]


def test_a_dotted_name_frames_the_layer():
    w = mg.Variable(np.ones(2, np.float32))
    net = Net(**{"conv1.w": w})
    assert 'subgraph "cluster_1"' in viz.draw(w * 2, model=net).dot


@pytest.mark.parametrize("outputs", [(np.ones(2),), (3.0,), (None,), ([],), (mg.Variable(1.0), "x")])
def test_what_is_no_variable(outputs):
    with pytest.raises(TypeError, match=rf"outputs\[{len(outputs) - 1}\] must be a Variable, not "):
        viz.draw(*outputs)


def test_nothing_to_draw():
    with pytest.raises(TypeError, match="nothing to draw"):
        viz.draw()


def test_a_model_without_parameters(y):
    with pytest.raises(TypeError, match=r"named_parameters.*dict has none"):
        viz.draw(y, model={})


@pytest.mark.parametrize("name", ["graph.dot", "graph.DOT", "größe [1].dot"])
@pytest.mark.parametrize("kind", [str, Path])
def test_save(y, tmp_path, name, kind):
    diagram = viz.draw(y)
    for _ in range(2):  # the second time the file is there
        diagram.save(kind(tmp_path / name))
    assert (tmp_path / name).read_bytes() == diagram.dot.encode()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.dot.ps", ".dot", "graph."])
def test_an_unknown_suffix(y, tmp_path, name):
    with pytest.raises(ValueError, match=r"suffixes: \.svg, \.png, \.pdf, \.html, \.dot, \.json$"):
        viz.draw(y).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder(y, tmp_path):
    with pytest.raises(FileNotFoundError):
        viz.draw(y).save(tmp_path / "missing" / "graph.dot")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way(y, tmp_path):
    (tmp_path / "graph.dot").mkdir()
    with pytest.raises(OSError, match=r"graph\.dot"):
        viz.draw(y).save(tmp_path / "graph.dot")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.dot"]


def test_a_failing_write_leaves_the_old_file(y, tmp_path, monkeypatch):
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        viz.draw(y).save(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("graph.dot", "old")]


def test_a_real_model(tmp_path):
    F = mg.functions
    rng = np.random.default_rng(0)
    shapes = {"conv1.w": (4, 1, 3, 3), "conv1.b": (4,), "fc.w": (64, 10), "fc.b": (10,)}
    p = {name: mg.Variable(rng.normal(size=shape).astype(np.float32)) for name, shape in shapes.items()}
    x = np.zeros((2, 1, 8, 8), np.float32)
    h = F.max_pool2d(F.relu(F.conv2d(x, p["conv1.w"], p["conv1.b"], pad=1)), 2)
    loss = F.softmax_cross_entropy(F.linear(F.flatten(h), p["fc.w"], p["fc.b"]), np.array([1, 2]))
    diagram = viz.draw(loss, model=Net(**p))
    names = [node.name for node in diagram.graph.nodes if node.kind == "operation"]
    assert names == ["Conv2d", "ReLU", "MaxPool2d", "Reshape", "Linear", "SoftmaxCrossEntropy"]
    nodes = {node.name: node for node in diagram.graph.nodes}
    assert nodes["Conv2d"].layer == nodes["conv1.b"].layer == "conv1"
    assert nodes["input"].kind == "input"
    assert nodes["loss"].kind == "output"
    assert nodes["Conv2d"].label == ("3×3, pad 1",)
