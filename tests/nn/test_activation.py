"""The activations as layers."""

import numpy as np
import pytest
from scipy import special

import minigrad as mg
import minigrad.functions as F
from minigrad import nn


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (nn.ReLU(), lambda x: np.maximum(x, 0)),
        (nn.LeakyReLU(), lambda x: np.where(x > 0, x, 0.01 * x)),
        (nn.LeakyReLU(0.3), lambda x: np.where(x > 0, x, 0.3 * x)),
        (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (nn.Tanh(), np.tanh),
        (nn.Softplus(), lambda x: np.log(1 + np.exp(x))),
        (nn.ELU(), lambda x: np.where(x > 0, x, np.exp(x) - 1)),
        (nn.ELU(0.3), lambda x: np.where(x > 0, x, 0.3 * (np.exp(x) - 1))),
        (nn.SELU(), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))),
        (nn.GELU(), lambda x: x * special.ndtr(x)),
        (nn.GELU("tanh"), lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
        (nn.SiLU(), lambda x: x / (1 + np.exp(-x))),
        (nn.HardSigmoid(), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
        (nn.HardTanh(), lambda x: np.clip(x, -1, 1)),
        (nn.Softsign(), lambda x: x / (1 + np.abs(x))),
        (nn.Softmax(), lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
        (nn.Softmax(0), lambda x: np.exp(x) / np.exp(x).sum(0)),
        (nn.LogSoftmax(1), lambda x: x - np.log(np.exp(x).sum(1, keepdims=True))),
    ],
    ids=lambda value: repr(value) if isinstance(value, nn.Module) else "",
)
def test_activations(layer, formula):
    x = np.random.default_rng(0).standard_normal((3, 4, 5))
    np.testing.assert_allclose(layer(x).data, formula(x), rtol=1e-12)
    assert layer.parameters() == []


@pytest.mark.parametrize("channels", [1, 4])
def test_prelu_learns_a_slope_for_each_channel_or_one(channels):
    layer, x = nn.PReLU(channels), np.random.default_rng(0).standard_normal((3, 4, 5)).astype(np.float32)
    assert [(name, p.shape) for name, p in layer.named_parameters()] == [("slope", (channels,))]
    layer.slope.data = np.linspace(0.1, 0.4, channels, dtype=np.float32)
    slopes = layer.slope.data.reshape(-1, 1)
    y = layer(x)
    np.testing.assert_allclose(y.data, np.where(x > 0, x, slopes * x), rtol=1e-6)
    y.sum().backward()
    negative = np.minimum(x, 0).sum((0, 2))
    expected = negative if channels == 4 else negative.sum(keepdims=True)
    np.testing.assert_allclose(layer.slope.grad.data, expected, rtol=1e-5)


def test_prelu_begins_with_a_quarter_or_as_it_is_told():
    assert nn.PReLU(2).slope.data.tolist() == [0.25, 0.25]
    assert nn.PReLU(init=nn.init.Constant(0.5)).slope.data.tolist() == [0.5]


def test_prelu_computes_in_the_float_type_of_its_slopes():
    x = mg.Variable(np.array([[-1.0, 2.0]]))
    y = nn.PReLU(2)(x)
    assert y.dtype == np.float32
    assert mg.grad(y.sum(), x).dtype == np.float64


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.PReLU(), "PReLU()"),
        (nn.PReLU(3), "PReLU(3)"),
        (nn.ELU(), "ELU()"),
        (nn.ELU(0.5), "ELU(0.5)"),
        (nn.GELU(), "GELU()"),
        (nn.GELU("tanh"), "GELU('tanh')"),
        (nn.SiLU(), "SiLU()"),
    ],
)
def test_layers_show_what_is_not_the_default(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.GELU(True), r'^GELU: approximate must be "none" or "tanh", not True$'),
        (lambda: nn.ELU("1"), r"^ELU: alpha must be a number, not '1'$"),
        (lambda: nn.PReLU(0), r"^PReLU: channels must be at least 1, not 0$"),
        (lambda: nn.PReLU(init=0.3), r"^PReLU: init must be an initializer such as .*, not 0\.3$"),
        (lambda: nn.PReLU(3)(np.ones((2, 4))), r"^prelu: slope must be one number, or \(C,\) .*; slope \(3,\) float32"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_an_attribute_that_is_set_later_counts():
    layer = nn.ELU()
    layer.alpha = 0.5
    np.testing.assert_array_equal(layer(np.array([-2.0])).data, F.elu(np.array([-2.0]), 0.5).data)
    with pytest.raises(AttributeError, match="channels is fixed"):
        nn.PReLU(2).channels = 3
