"""A convolution, a ReLU and a max-pooling that follow each other in a Sequential run as one, and nobody can tell."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, viz
from minigrad.core.arithmetic import MulScalar
from minigrad.core.variable import apply_chain
from minigrad.nn import sequential
from minigrad.testing import check_grad

SETTINGS = {
    "plain": ({}, {}),
    "same": ({"pad": "same"}, {}),
    "stride": ({"stride": 2, "pad": 1}, {"kernel": 3, "stride": 1, "pad": 1}),
    "dilation": ({"dilation": 2}, {"kernel": 3, "stride": 2}),
    "groups": ({"groups": 3}, {"kernel": 3, "stride": 2, "ceil_mode": True}),
    "no bias": ({"bias": False}, {}),
}


@pytest.fixture
def one_by_one(monkeypatch):
    """Switches the fusion off."""
    return lambda: monkeypatch.setattr("minigrad.nn.sequential._are_plain", lambda layers: False)


@pytest.fixture
def runs(monkeypatch):
    """Which sequences ran as one."""
    calls = []
    fused = sequential.pooled_convolution
    monkeypatch.setattr(sequential, "pooled_convolution", lambda *given: calls.append(given) or fused(*given))
    return calls


def stage(convolving=None, pooling=None):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, rng=np.random.default_rng(0), **(convolving or {})),
        nn.ReLU(),
        nn.MaxPool2d(**{"kernel": 2, **(pooling or {})}),
    )


def images(dtype=np.float32):
    return np.random.default_rng(1).standard_normal((2, 3, 11, 10)).astype(dtype)


def outcome(model, x, **options):
    """The numbers, the gradients, and what the graph says."""
    y = model(x)
    gradients = mg.grad((y * y).sum(), [x, *model.parameters()], **options)
    nodes, node = [], y.creator
    while isinstance(node, mg.Function):
        nodes.append((node.name, node.output, node.flops(), [type(edge) for edge in node.inputs]))
        nodes.append([None if array is None else array.shape for array in node.saved_arrays])
        node = node.inputs[0]
    return y.numpy(), [gradient.numpy() for gradient in gradients], nodes, viz.draw(y).dot


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_numbers_gradients_graph_and_diagram_are_the_same_bit_for_bit(setting, create_graph, one_by_one, runs):
    model, x = stage(*SETTINGS[setting]), mg.Variable(images())
    found = outcome(model, x, create_graph=create_graph)
    assert len(runs) == 1
    one_by_one()
    expected = outcome(model, x, create_graph=create_graph)
    assert len(runs) == 1
    np.testing.assert_array_equal(found[0], expected[0])
    for got, wanted in zip(found[1], expected[1], strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert found[2:] == expected[2:]


def test_second_derivatives_are_right(runs):
    model = stage()
    w, b = model[0].w.data.astype(np.float64), model[0].b.data.astype(np.float64)

    def f(x, w, b):
        model[0].w, model[0].b = w, b
        return model(x)

    check_grad(f, [images(np.float64)[:1, :, :6, :6], w, b], order=2)
    assert runs


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
def test_images_of_another_type_than_the_filters(dtype, one_by_one):
    model, x = stage(), images(dtype)
    found = model(x)
    one_by_one()
    expected = model(x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_a_frozen_layer_and_no_grad_record_nothing():
    model, x = stage(), images()
    with mg.no_grad():
        assert not model(x).requires_grad
    for parameter in model.parameters():
        parameter.requires_grad = False
    assert not model(x).requires_grad
    model[0].b.requires_grad = True
    y = model(x)
    y.sum().backward()
    assert model[0].b.grad is not None
    assert model[0].w.grad is None


def test_images_that_are_the_filters_get_both_gradients(one_by_one):
    w = mg.Variable(images()[:, :, :3, :3])
    model = nn.Sequential(nn.Conv2d(3, 2, 3, pad=1, bias=False), nn.ReLU(), nn.MaxPool2d(2))
    model[0].w = w
    found = mg.grad(model(w).sum(), w).numpy()
    one_by_one()
    np.testing.assert_allclose(found, mg.grad(model(w).sum(), w, create_graph=True).numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 3, 4)), np.zeros((2, 4, 8, 8)), np.zeros((2, 3, 2, 2)), np.zeros((2, 3, 3, 3))]
)
def test_the_errors_are_the_same(bad, one_by_one):
    model = stage()
    with pytest.raises(ValueError, match=r"^(conv2d|max_pool2d): ") as found:
        model(bad)
    one_by_one()
    with pytest.raises(ValueError, match=rf"^{re.escape(str(found.value))}$"):
        model(bad)


def test_layers_that_do_something_of_their_own_run_one_by_one(runs):
    class Louder(nn.ReLU):
        def forward(self, x):
            return super().forward(x) * 2

    x = images()
    quiet = stage()
    loud = nn.Sequential(quiet[0], Louder(), quiet[2])
    np.testing.assert_array_equal(loud(x).numpy(), 2 * F.max_pool2d(F.relu(quiet[0](x)), 2).numpy())
    assert runs == []
    quiet[0].forward = lambda x: F.conv2d(x, quiet[0].w) * 0
    assert (quiet(x).numpy() == 0).all()
    assert runs == []


def test_a_layer_whose_class_was_patched_runs_as_patched(monkeypatch, runs):
    calls = []
    forward = nn.ReLU.forward
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: calls.append(self) or forward(self, x))
    stage()(images())
    assert len(calls) == 1
    assert runs == []


def test_a_chain_that_fails_was_not_applied():
    def fails(*arrays):
        raise KeyboardInterrupt

    functions = [MulScalar(2.0), MulScalar(3.0)]
    with pytest.raises(KeyboardInterrupt):
        apply_chain(functions, fails, mg.Variable(1.0))
    assert [function.inputs for function in functions] == [(), ()]
    assert mg.apply(functions[0], 1.0).item() == 2


def test_whoever_looks_on_sees_each_operation():
    model, x = stage(), images()
    with viz.record(model) as seen:
        model(x).sum()
    for operation in ("Conv2d", "ReLU", "MaxPool2d"):
        assert operation in seen.draw().dot
    assert [line.split()[0] for line in model.summary(x).splitlines() if "2d" in line or "ReLU" in line] != []
    assert model.summary(x).count("MaxPool2d") == 1
    x[0, 0, 0, 0] = np.nan
    with mg.detect_anomaly(), pytest.raises(mg.NonFiniteError, match=r"Conv2d at .* made"):
        model(x)


def test_what_follows_is_fused_as_well(runs):
    model = nn.Sequential(
        *stage(), nn.Conv2d(6, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(2, 1, 1), nn.ReLU()
    )
    assert model(np.zeros((1, 3, 12, 12), np.float32)).shape == (1, 1, 1, 1)
    assert len(runs) == 2
