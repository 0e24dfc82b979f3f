"""check_grad accepts right gradients and rejects wrong ones, with words that help."""

import itertools

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.testing import ContractViolation, GradientMismatch, Inconclusive, OpSpec, check_grad, prove

X = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.6], [0.9, -0.8, 1.1]])
W = np.array([[0.2, -0.5, 1.3], [-0.7, 0.6, 0.1], [1.4, -0.3, -0.9]])


COUNT = itertools.count(1)


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
    report = check_grad(applied(function), arrays, order=3)
    assert report.orders == (1, 2, 3)
    assert report.counts.compared == sum(x.size for x in arrays)
    assert report.counts.closest <= 1


@pytest.mark.parametrize(("function", "arrays"), WRONG, ids=ids(WRONG))
def test_wrong_gradients_are_rejected(function, arrays):
    with pytest.raises(GradientMismatch, match=r"f, input \d \(\w+\) at .*, order 1\n  analytic .* numeric .* ± "):
        check_grad(applied(function), arrays, order=1)


@pytest.mark.parametrize(("function", "arrays"), WRONG_IN_SECOND_ORDER, ids=ids(WRONG_IN_SECOND_ORDER))
def test_gradients_wrong_only_in_the_second_order_are_rejected_there(function, arrays):
    check_grad(applied(function), arrays, order=1)
    with pytest.raises(GradientMismatch, match=r"order 2\n  analytic .*\n  likely: "):
        check_grad(applied(function), arrays, order=2)


def test_a_gradient_cut_off_from_everything_has_no_second_derivative():
    with pytest.raises(
        ContractViolation, match=r"the derivative of order 2 raised TypeError(.|\n)*no second derivative"
    ):
        check_grad(applied(CutOffFromEverything), [X])


# What it says


def finding(f, arrays, **options):
    with pytest.raises(AssertionError) as caught:
        check_grad(f, arrays, **options)
    return caught.value


def test_the_worst_index_is_named_and_how_many_are_wrong():
    text = str(finding(applied(OneElementOff), [X], order=1))
    assert "input 0 (xs0) at [2, 1], order 1" in text
    assert "(worst of 9; 1 of 9 wrong)" in text
    assert "xs0 float64 (3, 3)" in text


def test_inputs_have_the_names_of_the_parameters():
    def layer(images, weights):
        return mg.apply(OneForgotten(), images, weights)

    text = str(finding(layer, [X, W]))
    assert text.startswith("layer, input 1 (weights) at ")
    assert "likely: the gradient is missing" in text


def test_the_likely_mistake_is_a_line_of_its_own():
    assert finding(applied(SignFlipped), [X]).hint == "the sign"
    assert "\n  likely: the sign\n" in str(finding(applied(SignFlipped), [X]))


def test_small_inputs_are_shown():
    assert "xs0 = [1., 2.]" in str(finding(applied(SignFlipped), [np.array([1.0, 2.0])]))


def test_an_error_of_the_function_is_a_finding_with_the_users_line():
    def broken(x):
        return x.reshape(7)

    text = str(finding(broken, [X]))
    assert text.startswith("broken, forward raised ValueError\n  reshape: (3, 3) float64 cannot become (7,)\n")
    assert "test_gradient_check.py" in text
    assert "in broken: return x.reshape(7)" in text


# Kinks


def test_at_a_kink_the_gradient_lies_between_those_of_the_two_sides():
    for f in (F.relu, abs, F.max):
        report = check_grad(f, [np.array([0.0, 0.0, -1.0])])
        assert report.counts.bracketed == 2
        assert report.counts.skipped == 0


class KinkBeyond(mg.Function):
    """relu with derivative 2 at 0."""

    def forward(self, x):
        self.save(x)
        return np.maximum(x, 0)

    def backward(self, gy):
        (x,) = self.saved
        return gy * ((x.data > 0) + 2.0 * (x.data == 0))


def test_a_gradient_beyond_those_of_the_two_sides_is_wrong():
    with pytest.raises(GradientMismatch, match=r"at \[1\], order 1"):
        check_grad(applied(KinkBeyond), [np.array([1.0, 0.0, -1.0])], order=1)
    check_grad(applied(KinkBeyond), [np.array([1.0, 0.5, -1.0])], order=1)


def test_kinks_can_be_skipped_or_forbidden():
    x = np.array([1.0, 0.0, -1.0, 2.0])
    report = check_grad(applied(KinkBeyond), x, order=1, kinks="skip")
    assert (report.counts.compared, report.counts.skipped) == (3, 1)
    with pytest.raises(Inconclusive, match="there is a kink"):
        check_grad(F.relu, x, kinks="fail")


@pytest.mark.parametrize("x", [0.004, 0.0044, 0.0046, 1e-4, 1e-12, -0.003])
def test_a_kink_nearby_is_left_behind(x):
    check_grad(F.relu, np.array([x]), order=1)
    with pytest.raises(GradientMismatch):
        check_grad(lambda v: F.relu(v) * v.detach(), np.array([3 + x, x]), order=1)


def test_a_kink_elsewhere_hides_nothing():
    def doubled(x):
        return (F.relu(x) * 2 - F.relu(x).detach()).sum()

    text = str(finding(doubled, [np.array([0.0, 1.0, 2.0])]))
    assert "input 0 (x) at [" in text
    assert "likely: a factor of 2.000" in text


class Middle(mg.Function):
    """The middle one of several numbers; of equal ones, the first in order gets the gradient."""

    def forward(self, x):
        self.i = int(np.argsort(x, kind="stable")[len(x) // 2])
        self.n = len(x)
        return x[self.i]

    def backward(self, gy):
        return gy * np.eye(self.n)[self.i]


def test_where_a_function_has_no_derivative_although_each_element_alone_shows_one_nothing_is_wrong():
    with pytest.raises(Inconclusive):
        check_grad(applied(Middle), [np.array([1.0, 2.0, 2.0, 2.0, 5.0, 6.0, 0.5])], order=1)
    check_grad(applied(Middle), [np.array([1.0, 2.1, 2.2, 2.3, 5.0, 6.0, 0.5])], order=1)


def test_sorting_equal_numbers_is_not_wrong():
    def ordered(x):
        return x[np.argsort(x.data, kind="stable")]

    with pytest.raises(Inconclusive):
        check_grad(ordered, np.zeros(3), order=1)
    check_grad(ordered, np.array([2.0, 0.0, 1.0]))


def test_where_a_function_is_not_finite_nothing_is_wrong():
    def cosine(a, b):
        return (a * b).sum(-1) / (F.sqrt((a * a).sum(-1)) * F.sqrt((b * b).sum(-1)))

    a = np.array([[0.0, 0.0], [1.0, 2.0], [1.0, 0.5], [3.0, 1.0]])
    with pytest.raises(Inconclusive):
        check_grad(cosine, [a, a[::-1] + 1], order=1)
    check_grad(cosine, [a[1:], a[1:] + 1])


def test_a_function_may_refuse_what_lies_beyond_its_domain():
    def arcsine(x):
        if (np.abs(x.data) > 1).any():
            raise ValueError("beyond 1")
        return x * x * x

    check_grad(arcsine, [np.array([0.5, 1.0, -0.3, 0.1])])


def test_a_guess_that_fails_is_no_failure():
    def narrow(x):
        if (np.abs(x.data) > 1.05).any():
            raise ValueError("beyond 1.05")
        return mg.apply(WrongAtOne(), x)

    assert "order 1" in str(finding(narrow, [np.array([1.0, 1.0, 0.5])]))


class WrongAtOne(Cube):
    def backward(self, gy):
        (x,) = self.saved
        return gy * x * x * (3.0 + (x.data == 1))


class Rounded(mg.Function):
    """Its derivative is rounded to float32 on the way, and the derivative of that is lost."""

    def forward(self, x):
        self.save(x)
        return x * x

    def backward(self, gy):
        (x,) = self.saved
        return gy * (2 * x.data.astype(np.float32)).astype(np.float64)


def test_a_second_derivative_that_cannot_be_compared_is_not_right():
    with pytest.raises((GradientMismatch, Inconclusive)):
        check_grad(applied(Rounded), [X], order=2)


def test_where_too_little_can_be_compared_nothing_is_said():
    with pytest.raises(Inconclusive, match="3 of 3 derivatives could not be compared"):
        check_grad(F.sqrt, np.zeros(3))
    check_grad(F.sqrt, np.array([0.0, 1.0, 2.0, 3.0]), order=1)
    with pytest.raises(Inconclusive, match="no derivative of a higher order could be compared"):
        check_grad(F.sqrt, np.array([0.0, 1.0, 2.0, 3.0]))


# What may be checked


def test_an_offset_of_a_million_hides_nothing():
    check_grad(lambda x: F.tanh(x) + 1e6, np.array([0.3]))
    with pytest.raises(GradientMismatch):
        check_grad(lambda x: F.tanh(x) + x.detach() * 1e-4 + 1e6, np.array([0.3]))


def test_several_outputs_are_checked_together():
    check_grad(lambda x: F.split(x * x, 3), [X])
    with pytest.raises(GradientMismatch):
        check_grad(lambda x: [mg.apply(Cube(), x), mg.apply(SignFlipped(), x)], [X])


def test_a_function_may_be_linear_or_constant():
    check_grad(lambda x: x + x, [X], order=3)
    check_grad(lambda x: x**0, [X])
    check_grad(lambda _: mg.Variable(2.0, requires_grad=False), [X])


def test_inputs_may_be_empty_or_without_dimensions():
    check_grad(lambda a, b: a * b, [np.zeros((0, 3)), np.array(2.0)])
    with pytest.raises(Inconclusive, match="no derivative was compared"):
        check_grad(F.tanh, np.zeros((0, 3)))


def test_inputs_may_be_one_array_a_variable_or_integers():
    for x in (X, mg.Variable(X), np.arange(3), 2.0):
        check_grad(F.tanh, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_floats_are_compared_with_the_gradient_in_float64(dtype):
    x = X.astype(dtype)
    check_grad(F.softmax, [x], order=2)
    with pytest.raises(ContractViolation, match="forward changes the dtype"):
        check_grad(lambda v: v.astype(np.float64), [x])
    with pytest.raises(ContractViolation, match=f"the gradient of v in {dtype.__name__}"):
        check_grad(
            lambda v: v * (1 if v.dtype == np.float64 else 1.5) - v.detach() * 0.5 * (v.dtype != np.float64), [x]
        )


def test_the_same_seed_gives_the_same_run():
    texts = {str(finding(applied(SignFlipped), [X], seed=seed)) for seed in (3, 3, 4)}
    assert len(texts) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": []}, "inputs is empty"),
        ({"inputs": ["a"]}, r"inputs\[0\] must be an array of real numbers"),
        ({"inputs": [np.array([np.nan])]}, r"inputs\[0\] holds infinities or NaN"),
        ({"inputs": X, "order": 0}, "order must be at least 1, not 0"),
        ({"inputs": X, "order": True}, "order must be an int, not True"),
        ({"inputs": X, "kinks": "ignore"}, 'kinks must be "bracket", "skip" or "fail"'),
    ],
)
def test_arguments_that_make_no_sense(arguments, message):
    with pytest.raises((ValueError, TypeError), match=f"check_grad: {message}"):
        check_grad(F.tanh, **arguments)


def test_it_works_without_hypothesis(fresh_python):
    code = """
import sys
sys.modules["hypothesis"] = None
import numpy as np
import minigrad.functions as F
from minigrad.testing import check_grad
print(check_grad(F.tanh, np.ones(3)).orders)
"""
    assert fresh_python(code).strip() == "(1, 2)"


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.dropout(x, 0.5),
        lambda x: x * np.random.rand(),  # noqa: NPY002 - what a user may write
        lambda x: x * x + np.random.default_rng().normal(size=x.shape),
        lambda x: F.tanh(x) * next(COUNT),
    ],
    ids=["dropout", "numpy.random", "default_rng", "state"],
)
@pytest.mark.parametrize("shape", [(), (1,), (3, 4)])
def test_a_random_function_is_called_so(function, shape):
    for seed in range(5):
        mg.seed(seed)
        with pytest.raises(ContractViolation, match="forward differs from call to call") as caught:
            check_grad(function, np.full(shape, 0.7))
        assert "it is not deterministic" in str(caught.value)


def test_a_random_function_with_a_seed_is_right():
    check_grad(lambda x: F.dropout(x, 0.5, rng=np.random.default_rng(3)), X)


@pytest.mark.parametrize("switch", [mg.no_grad, mg.inference])
def test_it_records_where_the_caller_does_not(switch):
    with switch():
        check_grad(F.tanh, X)
        assert prove(OpSpec(F.tanh), examples=2).finding is None
        with pytest.raises(GradientMismatch, match="order 1"):
            check_grad(lambda x: mg.apply(SignFlipped(), x), X)


@pytest.mark.parametrize(
    ("f", "options", "words"),
    [
        (X, {}, "f must be a function of Variables, not ndarray"),
        (F.tanh, {"seed": "a"}, "seed must be an int, not 'a'"),
    ],
)
def test_arguments_of_another_type(f, options, words):
    with pytest.raises(TypeError, match=f"check_grad: {words}"):
        check_grad(f, X, **options)
