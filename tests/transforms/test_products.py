"""Gradients and products with derivatives, against matrices made by differences or by hand."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, transforms
from tests.transforms.vectors import HESSIAN, RNG, X, Y, by_differences, energy, f, jacobian_of_f, two


def test_value_and_grad_against_differences():
    value, gx = transforms.value_and_grad(energy, X)
    assert value.item() == energy(mg.Variable(X)).item()
    np.testing.assert_allclose(gx.data, by_differences(lambda x: energy(x).data, X), rtol=1e-7, atol=1e-8)
    assert not value.requires_grad
    assert not gx.requires_grad


def test_several_arguments_have_a_tuple_of_gradients():
    _, gradients = transforms.value_and_grad(lambda x, y: (two(x, y) ** 2).sum(), (X, Y))
    assert [g.shape for g in gradients] == [(4,), (2, 3)]
    np.testing.assert_allclose(
        gradients[1].data, by_differences(lambda y: (two(X, y) ** 2).sum().data, Y), rtol=1e-6, atol=1e-8
    )
    (only,) = transforms.value_and_grad(lambda x: (x * x).sum(), (X,))[1]
    np.testing.assert_allclose(only.data, 2 * X)


def test_numbers_lists_and_variables_are_places_too():
    assert transforms.value_and_grad(lambda x: x * x, 3.0)[1].item() == 6
    x = mg.Variable(np.array([1.0, 2.0]))
    _, gx = transforms.value_and_grad(lambda x: (x * x).sum(), x)
    assert gx.data.tolist() == [2, 4]
    assert x.grad is None


def test_an_argument_that_is_not_used_has_zeros():
    _, (gx, gy) = transforms.value_and_grad(lambda x, y: (x * x).sum(), (X, Y))
    assert gx.data.any()
    assert gy.data.tolist() == np.zeros((2, 3)).tolist()


def test_parameters_stand_for_themselves():
    model = nn.Linear(4, 2)
    x = RNG.standard_normal((5, 4)).astype(np.float32)
    value, gradients = transforms.value_and_grad(lambda *_: (model(x) ** 2).sum(), model.parameters())
    loss = (model(x) ** 2).sum()
    loss.backward()
    assert value.item() == loss.item()
    for p, g in zip(model.parameters(), gradients, strict=True):
        np.testing.assert_array_equal(g.data, p.grad.data)


def test_vjp_is_the_vector_times_the_jacobian():
    v = RNG.standard_normal(3)
    value, product = transforms.vjp(f, X, v)
    np.testing.assert_array_equal(value.data, f(mg.Variable(X)).data)
    np.testing.assert_allclose(product.data, v @ jacobian_of_f(X), rtol=1e-12)


def test_jvp_is_the_jacobian_times_the_vector():
    v = RNG.standard_normal(4)
    value, product = transforms.jvp(f, X, v)
    np.testing.assert_array_equal(value.data, f(mg.Variable(X)).data)
    np.testing.assert_allclose(product.data, jacobian_of_f(X) @ v, rtol=1e-12)


def test_jvp_of_several_arguments_adds_up():
    vx, vy = RNG.standard_normal(4), RNG.standard_normal((2, 3))
    _, product = transforms.jvp(two, (X, Y), (vx, vy))
    np.testing.assert_allclose(product.data, Y @ (jacobian_of_f(X) @ vx) + vy @ f(X).data, rtol=1e-12)


def test_hvp_is_the_hessian_times_the_vector():
    v = RNG.standard_normal(4)
    value, product = transforms.hvp(energy, X, v)
    assert value.item() == energy(mg.Variable(X)).item()
    np.testing.assert_allclose(product.data, HESSIAN @ v, rtol=1e-6)


def test_hvp_of_several_arguments_mixes_them():
    _, (gx, gy) = transforms.hvp(lambda x, y: (x[:3] * y).sum(), (X, Y[0]), (np.ones(4), 2 * np.ones(3)))
    assert (gx.data.tolist(), gy.data.tolist()) == ([2, 2, 2, 0], [1, 1, 1])


@pytest.mark.parametrize("linear", [lambda x: x.sum(), lambda x: (2 * x).sum() + 1], ids=["sum", "2x + 1"])
def test_hvp_of_a_linear_function_is_zero(linear):
    assert transforms.hvp(linear, X, X)[1].data.tolist() == [0, 0, 0, 0]


def test_gnvp_leaves_out_the_curvature_of_f():
    v = RNG.standard_normal(4)
    value, product = transforms.gnvp(f, lambda y: (y**4).sum(), X, v)
    y, J = f(X).data, jacobian_of_f(X)
    assert value.item() == pytest.approx((y**4).sum())
    np.testing.assert_allclose(product.data, J.T @ (12 * y**2 * (J @ v)), rtol=1e-12)


def test_gnvp_of_a_linear_loss_is_zero():
    assert not transforms.gnvp(f, lambda y: y.sum(), X, X)[1].data.any()


def test_gnvp_of_the_parameters_of_a_model():
    model, x, t = nn.Linear(4, 3), RNG.standard_normal((5, 4)), np.array([0, 1, 2, 1, 0])
    with mg.default_dtype(np.float64):
        model = nn.Linear(4, 3)

    def loss(logits):
        return F.softmax_cross_entropy(logits, t)

    v = [RNG.standard_normal(p.shape) for p in model.parameters()]
    _, products = transforms.gnvp(lambda *_: model(x), loss, model.parameters(), v)
    _, exact = transforms.hvp(lambda *_: loss(model(x)), model.parameters(), v)  # a linear model has no curvature
    for product, right in zip(products, exact, strict=True):
        np.testing.assert_allclose(product.data, right.data, rtol=1e-10)


TRANSFORMS = {
    "value_and_grad": lambda x, **o: transforms.value_and_grad(energy, x, **o)[1],
    "value": lambda x, **o: transforms.value_and_grad(energy, x, **o)[0],
    "vjp": lambda x, **o: transforms.vjp(f, x, np.ones(3), **o)[1],
    "jvp": lambda x, **o: transforms.jvp(f, x, np.ones(4), **o)[1],
    "value of jvp": lambda x, **o: transforms.jvp(f, x, np.ones(4), **o)[0],
    "hvp": lambda x, **o: transforms.hvp(energy, x, np.ones(4), **o)[1],
    "gnvp": lambda x, **o: transforms.gnvp(f, lambda y: (y**4).sum(), x, np.ones(4), **o)[1],
    "value of gnvp": lambda x, **o: transforms.gnvp(f, lambda y: (y**4).sum(), x, np.ones(4), **o)[0],
    "jacobian": lambda x, **o: transforms.jacobian(f, x, **o),
    "hessian": lambda x, **o: transforms.hessian(energy, x, **o),
    "batched_jacobian": lambda x, **o: transforms.batched_jacobian(
        lambda rows: F.stack([f(rows[0])]), x.reshape(1, 4), **o
    ),
}
every_transform = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


@every_transform
def test_with_create_graph_results_can_be_differentiated(transform):
    x = mg.Variable(X)
    y = transform(x, create_graph=True)
    v = RNG.standard_normal(y.shape)
    numeric = by_differences(lambda x: (transform(mg.Variable(x)).data * v).sum(), X)
    np.testing.assert_allclose(mg.grad(y, x, v).data, numeric, rtol=1e-5, atol=1e-6)


@every_transform
def test_without_create_graph_results_are_constants(transform):
    assert not transform(mg.Variable(X)).requires_grad


@every_transform
def test_recording_may_be_off_outside(transform):
    with mg.no_grad():
        np.testing.assert_array_equal(transform(mg.Variable(X)).data, transform(mg.Variable(X)).data)
        assert transform(mg.Variable(X), create_graph=True).requires_grad


@every_transform
def test_float32_stays_float32(transform):
    y = transform(mg.Variable(X.astype(np.float32)))
    assert y.dtype == np.float32


ERRORS = {
    "value_and_grad: f must give a scalar, not (3,) float64": lambda: transforms.value_and_grad(f, X),
    "hvp: f must give a scalar, not (3,) float64": lambda: transforms.hvp(f, X, X),
    "hessian: f must give a scalar, not (3,) float64": lambda: transforms.hessian(f, X),
    "gnvp: loss must give a scalar, not (3,) float64": lambda: transforms.gnvp(f, lambda y: y, X, X),
    "vjp: v must have shape (3,), not (4,)": lambda: transforms.vjp(f, X, X),
    "jvp: v must have shape (4,), not (3,)": lambda: transforms.jvp(f, X, X[:3]),
    "jvp: v[1] must have shape (2, 3), not (3,)": lambda: transforms.jvp(two, (X, Y), (X, X[:3])),
    "hvp: v must hold as many arrays as x, 2, not 1": lambda: transforms.hvp(lambda *xs: two(*xs).sum(), (X, Y), X),
    "jvp: v must hold as many arrays as x, 2, not 3": lambda: transforms.jvp(two, (X, Y), (X, Y, Y)),
    "jacobian: x is empty": lambda: transforms.jacobian(f, ()),
    "jacobian: the value of f was computed without Variables": lambda: transforms.jacobian(lambda x: f(x.data), X),
    "gnvp: the value of loss was computed without": lambda: transforms.gnvp(f, lambda y: y.detach().sum(), X, X),
    "batched_jacobian: x and f(x) must have the same number of rows; x (4,) float64, f(x) (3,)": lambda: (
        transforms.batched_jacobian(f, X)
    ),
    "batched_jacobian: x and f(x) must have the same number of rows; x () float32": lambda: transforms.batched_jacobian(
        lambda x: x * x, 1.0
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_what_does_not_fit_is_a_value_error(message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        ERRORS[message]()
    assert str(error.value).startswith(message)


TYPE_ERRORS = {
    "jacobian: f must give one Variable, not ndarray": lambda: transforms.jacobian(lambda x: x.data, X),
    "vjp: f must give one Variable, not tuple": lambda: transforms.vjp(lambda x: (x, x), X, X),
    "jvp: f must be a function, not Variable": lambda: transforms.jvp(mg.Variable(X), X, X),
    "hessian: x: Variable: only floats have gradients": lambda: transforms.hessian(f, np.arange(4)),
    "value_and_grad: x: expected an array": lambda: transforms.value_and_grad(f, "x"),
    "value_and_grad: missing a required argument: 'x'": lambda: transforms.value_and_grad(f),
    "jacobian: there is no keyword argnums; put what f is not differentiated by": lambda: transforms.jacobian(
        f, X, argnums=0
    ),
}


@pytest.mark.parametrize("message", TYPE_ERRORS)
def test_what_is_something_else_is_a_type_error(message):
    with pytest.raises(TypeError) as error:
        TYPE_ERRORS[message]()
    assert str(error.value).startswith(message)


def test_one_variable_twice_would_mix_two_derivatives():
    x = mg.Variable(3.0)
    with pytest.raises(ValueError, match=r"^jacobian: x has one Variable twice; give x\.astype\(x\.dtype\)"):
        transforms.jacobian(lambda a, b: a * a * b, (x, x))
    da, db = transforms.jacobian(lambda a, b: a * a * b, (x.astype(x.dtype), x.astype(x.dtype)))
    assert (da.item(), db.item()) == (18, 9)
