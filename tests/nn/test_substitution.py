"""functional_call: a model with other parameters, which it does not keep."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
Pair = namedtuple("Pair", ["first", "second"])  # noqa: PYI024


class Nested(nn.Module):
    """Layers in every container that a Module looks through, one of them in two places."""

    def __init__(self):
        self.layers = [nn.Linear(3, 3), (nn.Linear(3, 3),), {"key": nn.Linear(3, 3)}]
        self.pair = Pair(nn.Linear(3, 3), 7)
        self.ordered = OrderedDict(last=nn.Linear(3, 2))
        self.shift = [nn.Parameter(np.ones(3, np.float32))]
        self.again = self.layers[0]
        self.calls = 0

    def forward(self, x, *, factor=1.0):
        self.calls += 1
        x = self.layers[2]["key"](self.layers[1][0](self.layers[0](x))) + self.shift[0]
        return self.ordered["last"](self.pair.first(self.again(x))) * (factor * self.pair.second)


def replaced(model, change):
    return {name: mg.Variable(change(p.data)) for name, p in model.named_parameters()}


def test_it_computes_what_a_model_with_these_parameters_does():
    model, other = Nested(), Nested()
    parameters = {name: mg.Variable(p.data.copy()) for name, p in other.named_parameters()}
    y = nn.functional_call(model, parameters, X, factor=2.0)
    np.testing.assert_array_equal(y.data, other(X, factor=2.0).data)
    gradients = mg.grad(y.sum(), list(parameters.values()))
    other(X, factor=2.0).sum().backward()
    for gradient, p in zip(gradients, other.parameters(), strict=True):
        np.testing.assert_array_equal(gradient.data, p.grad.data)


def test_the_model_is_as_before():
    model = Nested()
    before, attributes = model(X).data, dict(vars(model))
    nn.functional_call(model, replaced(model, lambda p: p * 0), X)
    assert list(vars(model)) == list(attributes)
    assert all(vars(model)[name] is value for name, value in attributes.items())
    np.testing.assert_array_equal(model(X).data, before)
    assert all(p.grad is None for p in model.parameters())


def test_the_model_is_as_before_during_the_call_too():
    model, seen = nn.Linear(3, 2), []
    watched = nn.Sequential(model, nn.Lambda(lambda y: seen.append(model(X).data) or y))
    before = model(X).data
    nn.functional_call(watched, {"layers.0.w": mg.Variable(np.zeros((3, 2), np.float32))}, X)
    np.testing.assert_array_equal(seen[0], before)


def test_also_after_an_error():
    model = Nested()
    before = model(X).data
    with pytest.raises(ValueError, match="linear"):
        nn.functional_call(model, replaced(model, lambda p: p * 0), X[:, :2])
    np.testing.assert_array_equal(model(X).data, before)


def test_parameters_that_are_not_given_are_the_models_own():
    model = nn.Linear(3, 2)
    b = mg.Variable(np.array([1.0, 2.0], np.float32))
    nn.functional_call(model, {"b": b}, X).sum().backward()
    assert b.grad.data.tolist() == [4, 4]
    assert model.w.grad is not None
    assert model.b.grad is None


def test_a_step_of_gradient_descent_is_differentiated():
    model = nn.Linear(3, 1)
    own = dict(model.named_parameters())
    loss = F.square(model(X)).mean()
    gradients = mg.grad(loss, list(own.values()), create_graph=True)
    step = {name: p - g * 0.1 for (name, p), g in zip(own.items(), gradients, strict=True)}
    F.square(nn.functional_call(model, step, X)).mean().backward()
    w, eps = model.w.data.copy(), 1e-2

    def after(change):
        model.w.data = w + change
        grads = mg.grad(F.square(model(X)).mean(), list(model.parameters()))
        w2, b2 = (p.data - g.data * 0.1 for p, g in zip(model.parameters(), grads, strict=True))
        return np.square(X @ w2 + b2).mean()

    change = np.array([[eps], [0], [0]], np.float32)
    np.testing.assert_allclose(model.w.grad.data[0, 0], (after(change) - after(-change)) / (2 * eps), rtol=2e-2)


def test_buffers_can_be_given_and_are_the_models_own_otherwise():
    model = nn.BatchNorm1d(3)
    x = np.ones((1, 3), np.float32)
    with mg.inference():
        y = nn.functional_call(model, {"mean": mg.Variable(np.ones(3, np.float32), requires_grad=False)}, x)
    assert y.data.tolist() == [[0, 0, 0]]
    nn.functional_call(model, {}, X)
    assert model.mean.data.any()


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"weight": mg.Variable(1.0)}, ValueError, "Linear has no parameter 'weight'; there are w, b"),
        ({"W": mg.Variable(1.0)}, ValueError, "no parameter 'W'"),
        (
            {"w": mg.Variable(np.ones((2, 3)))},
            ValueError,
            r"'w'\] has another shape; \(2, 3\) float64, the model's \(3, 2\)",
        ),
        ({"w": np.ones((3, 2))}, TypeError, r"'w'\] must be a Variable, not ndarray"),
        ([mg.Variable(1.0)], TypeError, "a dict of Variables, not list"),
    ],
)
def test_parameters_that_do_not_fit_are_an_error(parameters, kind, message):
    with pytest.raises(kind, match=message):
        nn.functional_call(nn.Linear(3, 2), parameters, X)


def test_a_function_is_no_model():
    with pytest.raises(TypeError, match="model must be a Module, not function"):
        nn.functional_call(lambda x: x, {}, X)


def test_freezing_and_unfreezing():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    assert model.freeze() is model
    assert not any(p.requires_grad for p in model.parameters())
    assert not model(X).requires_grad
    assert "trainable  0" in " ".join(model.summary((3,)).split()).replace("trainable 0", "trainable  0")
    assert model.unfreeze() is model
    assert all(p.requires_grad for p in model.parameters())
    assert model(X).requires_grad
