"""Functions that users write: what is refused with a message that names the Function."""

import re

import numpy as np
import pytest
from user_functions import Give, Square

import minigrad as mg
from minigrad import Function, Variable, apply, grad
from minigrad.settings import settings


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32))


def test_applied_twice(x):
    f = Square()
    apply(f, x)
    with pytest.raises(TypeError, match="Square was applied before"):
        apply(f, x)


@pytest.mark.parametrize("wrong", [[1.0], np.array([1]), None])
def test_a_failed_application_is_none(wrong, x):
    """The Function is as before, and may be applied when its forward is mended."""

    class Wrong(Function):
        result = wrong

        def forward(self, x):
            return self.result

    function = Wrong()
    for _ in range(2):
        with pytest.raises(TypeError, match="forward of Wrong returned"):
            apply(function, x)
    assert function.inputs == ()
    function.result = x.data
    assert apply(function, x).creator is function


def test_applied_twice_to_constants(x):
    f = Square()
    apply(f, np.ones(3))
    with pytest.raises(TypeError, match="Square was applied before"):
        apply(f, x)


def test_a_class_instead_of_an_instance(x):
    """It must not spoil the class either."""

    class Cube(Square):
        pass

    with pytest.raises(TypeError, match="Cube"):
        apply(Cube, x)
    assert Cube.inputs == ()
    assert apply(Cube(), x).data.tolist() == [1, 4, 9]


@pytest.mark.parametrize("wrong", [np.exp, "Square", None, 3, lambda x: x])
def test_what_is_no_function(wrong, x):
    with pytest.raises(TypeError):
        apply(wrong, x)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (None, "NoneType"),
        ([1.0], "list"),
        ((np.ones(2), np.ones(2)), "tuple"),
        (3.0, "float"),
        (1, "int"),
        (Variable(1.0), "Variable"),
        ("a", "str"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_forward_must_return_an_array(given, named, x):
    with pytest.raises(TypeError, match=f"forward of Give returned {named}"):
        apply(Give(lambda a: given), x)


@pytest.mark.parametrize("given", [np.array(["a"]), np.array([None]), np.array([1j]), np.complex64(1)], ids=repr)
def test_forward_must_return_numbers(given, x):
    with pytest.raises(TypeError, match="Give"):
        apply(Give(lambda a: given), x)


@pytest.mark.parametrize("dtype", [np.int64, bool])
def test_integers_that_forward_returns_are_never_differentiated_wrongly(dtype, x):
    with pytest.raises(TypeError, match=r"forward of Give returned .*; only floats have gradients"):
        apply(Give(lambda a: (a > 1).astype(dtype), lambda gy: gy), x)


def test_a_missing_forward(x):
    class Nothing(Function):
        pass

    with pytest.raises(TypeError, match="Nothing has no forward"):
        apply(Nothing(), x)


def test_a_missing_backward(x):
    class Step(Function):
        def forward(self, x):
            return (x > 0).astype(x.dtype)

    y = apply(Step(), x)
    assert y.data.tolist() == [1, 1, 1]
    with pytest.raises(TypeError, match="Step has no derivative"):
        y.sum().backward()
    assert x.grad is None


def test_a_forward_that_raises_keeps_its_error(x):
    f = Give(lambda a: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        apply(f, x)


def test_a_forward_with_other_inputs(x):
    with pytest.raises(TypeError, match="forward"):
        apply(Square(), x, x)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_backward_must_return_a_gradient_for_each_input(count, x):
    f = Give(lambda a, b: a + b, lambda gy: (gy,) * count)
    with pytest.raises(TypeError, match=f"backward of Give returned {count} gradients? for 2 inputs"):
        apply(f, x, x).sum().backward()
    assert x.grad is None


def test_one_gradient_for_two_inputs(x):
    with pytest.raises(TypeError, match=r"backward of Give returned 1 gradients? for 2 inputs"):
        apply(Give(lambda a, b: a + b, lambda gy: gy), x, x).sum().backward()


@pytest.mark.parametrize("given", [np.ones(3, np.float32), 1.0, "a", [1.0, 2.0, 3.0]], ids=lambda v: type(v).__name__)
def test_gradients_must_be_variables(given, x):
    kind = type(given).__name__
    with pytest.raises(TypeError, match=rf"backward of Give returned {kind}.*expected a Variable"):
        apply(Give(None, lambda gy: given), x).sum().backward()
    with pytest.raises(TypeError, match=f"backward of Give returned {kind} for input 1, expected a Variable"):
        apply(Give(lambda a, b: a + b, lambda gy: (gy, given)), x, x).sum().backward()
    assert x.grad is None


def test_a_list_of_gradients_is_no_tuple(x):
    with pytest.raises(TypeError, match=r"backward of Give returned (list|1 gradient)"):
        apply(Give(lambda a, b: a + b, lambda gy: [gy, gy]), x, x).sum().backward()


@pytest.mark.parametrize("reshape", [lambda g: g.sum(), lambda g: g.reshape(3, 1), lambda g: g[:2]])
def test_gradients_must_have_the_inputs_shape(reshape, x):
    f = Give(None, reshape)
    with pytest.raises(
        ValueError, match=r"backward of Give returned shape .* for input 0, whose shape is " + re.escape("(3,)")
    ):
        apply(f, x).sum().backward()
    assert x.grad is None


def test_gradients_of_integers_become_floats(x):
    f = Give(None, lambda gy: Variable(np.ones(3, np.int64), requires_grad=False))
    assert grad(apply(f, x).sum(), x).dtype == np.float32


class CutOff(Function):
    """x², whose backward computes on bare arrays."""

    def forward(self, x):
        self.save(x)
        return x * x

    def backward(self, gy):
        (x,) = self.saved
        return Variable(gy.data * x.data * 2, requires_grad=False)


def test_a_backward_cut_off_from_gy_has_a_first_derivative(x):
    assert grad(apply(CutOff(), x).sum(), x).data.tolist() == [2, 4, 6]
    apply(CutOff(), x).sum().backward()
    assert x.grad.data.tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    "around",
    [lambda y: y, lambda y: y * 2, lambda y: y.reshape(1, 1), lambda y: y * y, lambda y: y + 1],
    ids=["bare", "linear", "reshaped", "squared", "shifted"],
)
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_backward_cut_off_from_gy_has_no_second_derivative(around, shape):
    """Not zero: an error that names the Function."""
    x = Variable(np.full(shape, 3.0))
    with pytest.raises(TypeError, match="CutOff has no second derivative"):
        grad(around(apply(CutOff(), x)), x, create_graph=True)
    with pytest.raises(TypeError, match="CutOff has no second derivative"):
        around(apply(CutOff(), x)).backward(create_graph=True)
    assert x.grad is None


def test_a_linear_function_is_not_cut_off(x):
    gx = grad((x * np.ones(3, np.float32)).sum(), x, create_graph=True)
    assert gx.data.tolist() == [1, 1, 1]
    assert grad(gx.sum(), x).data.tolist() == [0, 0, 0]


def test_a_backward_without_create_graph_records_nothing(x):
    seen = []
    y = apply(Give(None, lambda gy: seen.append(settings.get().grad_mode.enabled) or gy), x)
    grad(y.sum(), x)
    grad(y.sum(), x, create_graph=True)
    assert seen == [False, True]


def test_the_order_of_differentiation_is_recorded():
    x = mg.Variable(2.0)
    y = x**3
    gx = grad(y, x, create_graph=True)
    penalty = gx * gx
    ggx = grad(penalty, x, create_graph=True)
    assert [v.creator.derivative_order for v in (y, gx, penalty, ggx)] == [0, 1, 0, 2]
    gx.backward(create_graph=True)
    assert x.grad.creator.derivative_order == 2
