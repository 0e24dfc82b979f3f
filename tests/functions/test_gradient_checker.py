"""check_gradients accepts right gradients and rejects wrong ones."""

import numpy as np
import pytest
from gradients import check_gradients

import minigrad as mg
import minigrad.functions as F

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.6], [0.9, -0.8, 1.1]])
W = np.array([[0.2, -0.5, 1.3], [-0.7, 0.6, 0.1], [1.4, -0.3, -0.9]])


class Cube(mg.Function):
    def forward(self, x):
        self.save(x)
        return x**3

    def backward(self, gy):
        (x,) = self.saved
        return gy * x * x * 3


class SignFlipped(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy * x * x * -3


class FactorTooLarge(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy * x * x * 3.001


class CotangentIgnored(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return x * x * 3 + gy * 0


class CotangentSquared(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy * gy * x * x * 3


class OneElementOff(Cube):
    def backward(self, gy):
        (x,) = self.saved
        mask = np.ones(x.shape)
        mask[2, 1] = 1.01
        return gy * x * x * 3 * mask


class SecondDerivativeDetached(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy * x.detach() * x.detach() * 3


class SecondDerivativeHalfDetached(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy * x * x.detach() * 3


class CutOffFromCotangent(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy.detach() * x * x * 3


class CutOffFromEverything(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy.detach() * x.detach() * x.detach() * 3


class NotANumber(Cube):
    def backward(self, gy):
        return gy * np.nan


class WrongSquare(mg.Function):
    """Its own gradient is right, the gradient of that is not."""

    def forward(self, x):
        self.save(x)
        return x * x

    def backward(self, gy):
        (x,) = self.saved
        return gy * mg.apply(Twice(), x)


class Twice(mg.Function):
    def forward(self, x):
        return 2 * x

    def backward(self, gy):
        return gy * 3


class ConstantSoftmax(mg.Function):
    """A gradient of zero is right for the sum of the outputs."""

    def forward(self, x):
        y = np.exp(x)
        return y / y.sum(-1, keepdims=True)

    def backward(self, gy):
        return gy * 0


class Product(mg.Function):
    def forward(self, a, b):
        self.save(a, b)
        return a @ b

    def backward(self, gy):
        a, b = self.saved
        return gy @ b.T, a.T @ gy


class FactorTransposed(Product):
    def backward(self, gy):
        a, b = self.saved
        return gy @ b, a.T @ gy


class ProductTransposed(Product):
    def backward(self, gy):
        a, b = self.saved
        return gy @ b.T, (a.T @ gy).T


class Exchanged(Product):
    def backward(self, gy):
        return super().backward(gy)[::-1]


class OneForgotten(Product):
    def backward(self, gy):
        return super().backward(gy)[0], None


class RowsAdded(mg.Function):
    def forward(self, x, b):
        return x + b

    def backward(self, gy):
        return gy, gy.sum(0)


class OneRowOnly(RowsAdded):
    def backward(self, gy):
        return gy, gy[0]


class MeanOfRows(RowsAdded):
    def backward(self, gy):
        return gy, gy.mean(0)


class Shifted(mg.Function):
    def forward(self, x):
        return np.roll(x, 1, 0)

    def backward(self, gy):
        return F.concatenate([gy[1:], gy[:1]])


class ShiftedTheSameWay(Shifted):
    def backward(self, gy):
        return F.concatenate([gy[-1:], gy[:-1]])


RIGHT = [(Cube, [X]), (Product, [X, W]), (RowsAdded, [X, W[0]]), (Shifted, [X])]

WRONG = [
    (SignFlipped, [X]),
    (FactorTooLarge, [X]),
    (CotangentIgnored, [X]),
    (CotangentSquared, [X]),
    (OneElementOff, [X]),
    (NotANumber, [X]),
    (ConstantSoftmax, [X]),
    (FactorTransposed, [X, W]),
    (ProductTransposed, [X, W]),
    (Exchanged, [X, W]),
    (OneForgotten, [X, W]),
    (OneRowOnly, [X, W[0]]),
    (MeanOfRows, [X, W[0]]),
    (ShiftedTheSameWay, [X]),
]

WRONG_IN_SECOND_ORDER = [
    (SecondDerivativeDetached, [X]),
    (SecondDerivativeHalfDetached, [X]),
    (CutOffFromCotangent, [X]),
    (WrongSquare, [X]),
]


def applied(function):
    return lambda *xs: mg.apply(function(), *xs)


def ids(table):
    return [function.__name__ for function, _ in table]


@pytest.mark.parametrize(("function", "arrays"), RIGHT, ids=ids(RIGHT))
def test_right_gradients_pass_to_the_third_order(function, arrays):
    check_gradients(applied(function), arrays, order=3)


@pytest.mark.parametrize(("function", "arrays"), WRONG, ids=ids(WRONG))
def test_wrong_gradients_are_rejected(function, arrays):
    with pytest.raises(AssertionError, match=r"order 1, input \d .* worst at .*: analytic .*, numeric "):
        check_gradients(applied(function), arrays, order=1)


@pytest.mark.parametrize(("function", "arrays"), WRONG_IN_SECOND_ORDER, ids=ids(WRONG_IN_SECOND_ORDER))
def test_gradients_wrong_only_in_the_second_order_are_rejected_there(function, arrays):
    check_gradients(applied(function), arrays, order=1)
    with pytest.raises(AssertionError, match=r"order 2, input \d .* worst at "):
        check_gradients(applied(function), arrays, order=2)


def test_a_gradient_cut_off_from_everything_has_no_second_derivative():
    with pytest.raises(TypeError, match="CutOffFromEverything has no second derivative"):
        check_gradients(applied(CutOffFromEverything), [X])


@pytest.mark.parametrize("f", [F.relu, abs, F.sqrt], ids=["relu", "abs", "sqrt"])
def test_kinks_and_poles_are_no_place_to_check(f):
    with pytest.raises((AssertionError, RuntimeWarning)):
        check_gradients(f, [np.zeros(2)])


def test_the_worst_index_is_named():
    with pytest.raises(AssertionError, match=r"worst at \(2, 1\).*1 of 9 wrong"):
        check_gradients(applied(OneElementOff), [X], order=1)


def test_several_outputs_are_checked_together():
    check_gradients(lambda x: F.split(x * x, 3), [X])
    with pytest.raises(AssertionError):
        check_gradients(lambda x: [mg.apply(Cube(), x), mg.apply(SignFlipped(), x)], [X])


def test_a_function_may_be_linear_or_constant():
    check_gradients(lambda x: x + x, [X], order=3)
    check_gradients(lambda x: x**0, [X])


def test_inputs_may_be_empty_or_without_dimensions():
    check_gradients(lambda a, b: a * b, [np.zeros((0, 3)), np.array(2.0)])
