"""backward_arrays, and Functions that compare by value: what a user's Function may get wrong."""

from dataclasses import dataclass

import numpy as np
import pytest

from minigrad import Function, Variable, apply, grad


class Doubled(Function):
    """x + x, whose backward_arrays is given."""

    def __init__(self, backward_arrays):
        self.backward_arrays = backward_arrays

    def forward(self, x):
        return x + x

    def backward(self, gy):
        return gy * 2


@pytest.fixture
def x():
    return Variable([1.0, 2.0])


@pytest.mark.parametrize("given", [lambda gy: gy * 2, lambda gy: (gy * 2,), lambda gy: (gy * 2, None)])
def test_it_may_return_one_array_or_a_tuple_as_backward_does(given, x):
    assert grad(apply(Doubled(given), x).sum(), x).data.tolist() == [2, 2]


def test_it_is_not_called_where_gradients_are_recorded(x):
    gx = grad(apply(Doubled(lambda gy: gy * 0), x).sum(), x, create_graph=True)
    assert gx.data.tolist() == [2, 2]


def test_an_array_of_a_subclass_is_an_array(x):
    class Tagged(np.ndarray):
        pass

    assert grad(apply(Doubled(lambda gy: (gy * 2).view(Tagged)), x).sum(), x).data.tolist() == [2, 2]


def test_a_scalar_of_numpy_is_an_array():
    x = Variable(3.0)
    gx = grad(apply(Doubled(lambda gy: np.float32(2)), x), x)
    assert gx.item() == 2
    assert type(gx.data) is np.ndarray


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda gy: 2.0, "returned float for input 0, expected an array"),
        (lambda gy: [gy], "returned list for input 0, expected an array"),
        (lambda gy: (gy, gy), "returned 2 gradients for 1 inputs"),
        (lambda gy: (), "returned 0 gradients for 1 inputs"),
    ],
)
def test_anything_else_is_an_error_that_names_the_function(given, message, x):
    with pytest.raises(TypeError, match=f"backward of Doubled {message}"):
        grad(apply(Doubled(given), x).sum(), x)


def test_one_array_is_not_taken_for_the_gradients_of_two_inputs(x):
    """Its rows would be gradients of the right shape."""

    class Sum(Doubled):
        def forward(self, a, b):
            return a + b

    with pytest.raises(TypeError, match="backward of Sum returned 1 gradients for 2 inputs"):
        grad(apply(Sum(lambda gy: np.stack([gy, gy])), x, x * 1).sum(), x)


def test_a_function_that_compares_by_value_is_refused_though_it_has_a_hash(x):
    """The gradients of two such nodes would be added up as those of one."""

    @dataclass(unsafe_hash=True)
    class Scale(Function):
        c: float

        def forward(self, x):
            return x * self.c

    with pytest.raises(TypeError, match=r"Scale can't be a node, it compares by value: write @dataclass\(eq=False\)"):
        apply(Scale(3.0), x)
    assert apply(Scale(3.0), x.data).data.tolist() == [3, 6]


class Tripled(Function):
    """3x, on arrays as well."""

    def forward(self, x):
        return x * 3

    def backward(self, gy):
        return gy * 3

    def backward_arrays(self, gy):
        return gy * 3


class Quadrupled(Tripled):
    """4x: a subclass with another backward alone."""

    def forward(self, x):
        return x * 4

    def backward(self, gy):
        return gy * 4


def test_another_backward_does_not_inherit_its_form_on_arrays():
    x = Variable(1.0)
    assert grad(apply(Tripled(), x), x).item() == 3
    assert grad(apply(Quadrupled(), x), x).item() == 4
