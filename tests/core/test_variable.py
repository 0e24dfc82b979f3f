"""Variable: its properties, what it compares, prints and copies like, and the gradient's place."""

import copy
import gc
import pickle
import re
import weakref

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import Variable


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32))


# Properties


def test_properties():
    x = Variable(np.zeros((2, 3)), name="weights")
    assert (x.shape, x.ndim, x.size, x.dtype) == ((2, 3), 2, 6, np.float64)
    assert (x.name, x.requires_grad, x.creator, x.grad) == ("weights", True, None, None)
    assert (x.device, x.xp) == ("cpu", np)
    assert x.T.shape == (3, 2)
    assert np.shares_memory(x.T.data, x.data)


def test_a_result_knows_its_creator(x):
    y = x * 2
    assert isinstance(y.creator, mg.Function)
    assert y.creator.inputs == (x,)
    assert y.requires_grad
    assert y.name is None


def test_requires_grad_of_a_leaf_can_be_changed(x):
    x.requires_grad = False
    assert not (x * 2).requires_grad
    x.requires_grad = True
    assert (x * 2).requires_grad


def test_requires_grad_of_integers_cannot_be_turned_on():
    x = Variable(np.arange(3), requires_grad=False)
    with pytest.raises(TypeError, match="only floats"):
        x.requires_grad = True
    assert not x.requires_grad


def test_requires_grad_of_a_result_is_fixed(x):
    y = x * 2
    with pytest.raises(ValueError, match="detach"):
        y.requires_grad = False
    assert y.requires_grad


def test_shape_and_dtype_cannot_be_assigned(x):
    for name in ("shape", "dtype", "ndim", "size", "device", "T"):
        with pytest.raises(AttributeError):
            setattr(x, name, None)


# Identity and comparison


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2), np.array([3.0, 2.0, 1.0]), np.array(2), [2, 2, 2]], ids=repr)
def test_equality_compares_elements(x, other):
    right = other.data if isinstance(other, Variable) else other
    for equal in (x == other, other == x, np.equal(x, other)):
        assert type(equal) is np.ndarray
        assert equal.tolist() == np.equal(x.data, right).tolist()
    for unequal in (x != other, other != x, np.not_equal(x, other)):
        assert unequal.tolist() == np.not_equal(x.data, right).tolist()
    assert (x == Variable(x.data)).all()


def test_equality_selects(x):
    assert F.where(x == 2, 9.0, x).data.tolist() == [1, 9, 3]
    assert x[x != 2].data.tolist() == [1, 3]


def test_variables_are_keys_by_identity(x):
    twin = Variable(x.data)
    names = {x: "x", twin: "twin"}
    assert (names[x], names[twin]) == ("x", "twin")
    assert len({x, twin, x}) == 2
    assert twin in {x, twin}
    assert x in [x, twin]
    with pytest.raises(ValueError, match="ambiguous"):  # a list asks x == twin first, as it does of arrays
        _ = twin in [x, twin]
    before = hash(x)
    x.data = np.zeros(3, np.float32)
    assert hash(x) == before


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2), np.array([3.0, 2.0, 1.0]), np.array(2), [2, 2, 2]], ids=repr)
def test_order_comparisons_give_plain_arrays(x, other):
    for result, expected in (
        (x < other, x.data < other),
        (x <= other, x.data <= other),
        (x > other, x.data > other),
        (x >= other, x.data >= other),
        (other < x, other < x.data),
        (other <= x, other <= x.data),
        (other > x, other > x.data),
        (other >= x, other >= x.data),
    ):
        assert isinstance(result, np.ndarray)
        assert result.dtype == bool
        assert np.array_equal(result, expected)


def test_order_comparisons_of_variables(x):
    y = Variable([3.0, 2.0, 1.0])
    assert (x < y).tolist() == [True, False, False]
    assert (x >= y).tolist() == [False, True, True]


def test_scalars_can_be_sorted():
    xs = [Variable(3.0), Variable(1.0), Variable(2.0)]
    assert [v.item() for v in sorted(xs)] == [1, 2, 3]
    assert max(xs) is xs[0]


@pytest.mark.parametrize("other", ["a", None, object()], ids=["str", "None", "object"])
def test_order_comparison_with_what_has_no_order(x, other):
    with pytest.raises(TypeError):
        _ = x < other


# Container


def test_length_and_iteration(x):
    assert len(x) == 3
    parts = list(x)
    assert [part.item() for part in parts] == [1, 2, 3]
    assert all(part.shape == () and part.requires_grad for part in parts)
    (parts[0] * parts[2]).backward()
    assert x.grad.data.tolist() == [3, 0, 1]


def test_iteration_goes_over_the_first_axis():
    rows = list(Variable(np.arange(6.0).reshape(2, 3)))
    assert [row.data.tolist() for row in rows] == [[0, 1, 2], [3, 4, 5]]
    assert list(Variable(np.ones((0, 3)))) == []
    a, b = Variable([1.0, 2.0])
    assert (a.item(), b.item()) == (1, 2)


def test_a_scalar_has_no_length():
    with pytest.raises(TypeError):
        len(Variable(1.0))
    with pytest.raises(TypeError):
        iter(Variable(1.0))


def test_membership_is_an_error_rather_than_a_riddle(x):
    with pytest.raises(TypeError):
        _ = 1.0 in x


def test_elements_cannot_be_assigned(x):
    with pytest.raises(TypeError):
        x[0] = 1
    with pytest.raises(TypeError):
        del x[0]


# Text


def test_repr(x):
    assert repr(x) == "Variable([1. 2. 3.])"
    assert repr(Variable(2.0)) == "Variable(2.)"
    assert repr(Variable(2.0, name="x")) == "Variable(x: 2.)"
    assert repr(Variable(np.eye(2), name="w")) == "Variable(w: [[1. 0.]\n             [0. 1.]])"
    assert repr(Variable([])) == "Variable([])"
    assert str(x) == repr(x)


def test_repr_of_much_is_short():
    assert len(repr(Variable(np.zeros((1000, 1000))))) < 1000


def test_repr_of_a_subclass():
    class Weight(Variable):
        pass

    assert repr(Weight(2.0)) == "Weight(2.)"


def test_format(x):
    assert f"{Variable(1.5):.3f}" == "1.500"
    assert f"{Variable([[2.0]]):6.1f}|" == "   2.0|"
    assert f"{x}" == repr(x)
    assert f"{Variable(2.0)}" == "Variable(2.)"
    with pytest.raises(ValueError, match="one element"):
        f"{x:.2f}"


# Copies


COPIES = [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
COPY_NAMES = ["copy", "deepcopy", "pickle"]


@pytest.mark.parametrize("duplicate", COPIES, ids=COPY_NAMES)
def test_copies_of_a_leaf(x, duplicate):
    x.name = "x"
    x.grad = Variable([1.0, 1.0, 1.0])
    twin = duplicate(x)
    assert twin is not x
    assert np.array_equal(twin.data, x.data)
    assert (twin.dtype, twin.name, twin.requires_grad, twin.creator) == (x.dtype, "x", True, None)
    assert x.grad is not None


@pytest.mark.parametrize("duplicate", COPIES, ids=COPY_NAMES)
def test_copies_of_a_result_are_constants(x, duplicate):
    y = (x * x).sum()
    twin = duplicate(y)
    assert (twin.item(), twin.requires_grad, twin.creator) == (14, False, None)
    with pytest.raises(ValueError, match="nothing was recorded"):
        twin.backward()
    y.backward()
    assert x.grad.data.tolist() == [2, 4, 6]


@pytest.mark.parametrize("duplicate", COPIES, ids=COPY_NAMES)
def test_copies_of_a_constant_are_constants(duplicate):
    twin = duplicate(Variable(np.arange(3), requires_grad=False))
    assert not twin.requires_grad
    assert twin.dtype.kind == "i"


@pytest.mark.parametrize("duplicate", COPIES, ids=COPY_NAMES)
def test_copies_keep_their_class(duplicate):
    twin = duplicate(Weight([1.0], "extra"))
    assert type(twin) is Weight
    assert twin.extra == "extra"


class Weight(Variable):
    """A Variable whose constructor has arguments of its own."""

    def __init__(self, data, extra):
        super().__init__(data)
        self.extra = extra


def test_a_copy_shares_the_array_and_a_deepcopy_does_not(x):
    assert copy.copy(x).data is x.data
    assert not np.shares_memory(copy.deepcopy(x).data, x.data)


def test_deepcopy_keeps_sharing(x):
    a, b = copy.deepcopy([x, x])
    assert a is b


def test_a_copy_of_a_result_keeps_no_graph(x):
    y = x * x
    node = weakref.ref(y.creator)
    twin = copy.copy(y)
    gc.disable()
    try:
        del y
        assert node() is None
    finally:
        gc.enable()
    assert twin.data.tolist() == [1, 4, 9]


# The gradient's place


def test_grad_can_be_set_and_forgotten(x):
    gradient = Variable([1.0, 1.0, 1.0])
    x.grad = gradient
    assert x.grad is gradient
    x.zero_grad()
    assert x.grad is None
    x.grad = gradient
    x.grad = None
    assert x.grad is None


@pytest.mark.parametrize("gradient", [np.ones(3, np.float32), 1.0, [1.0, 1.0, 1.0], "a"])
def test_grad_must_be_a_variable(x, gradient):
    with pytest.raises(TypeError, match="Variable"):
        x.grad = gradient
    assert x.grad is None


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 1), (1, 3)])
def test_grad_must_have_the_shape(x, shape):
    with pytest.raises(ValueError, match=re.escape("(3,)")):
        x.grad = Variable(np.ones(shape, np.float32))
    assert x.grad is None


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
def test_grad_has_the_dtype(x, dtype):
    with pytest.raises(
        ValueError, match=r"grad: it must have its variable's shape and dtype, \(3,\) float32, not \(3,\)"
    ):
        x.grad = Variable(np.ones(3, dtype), requires_grad=False)
    assert x.grad is None


def test_grad_of_a_result_can_be_set_too(x):
    y = x * 2
    y.grad = Variable([1.0, 1.0, 1.0])
    assert y.grad.data.tolist() == [1, 1, 1]
    y.zero_grad()
    assert y.grad is None


# Augmented assignment


def test_augmented_assignment_makes_a_new_variable(x):
    alias, array = x, x.data
    x += 1
    assert x is not alias
    assert x.data.tolist() == [2, 3, 4]
    assert alias.data is array
    assert array.tolist() == [1, 2, 3]
    x *= 2
    x -= 1
    x /= 2
    x **= 2
    x.sum().backward()
    assert alias.grad.data.tolist() == [3, 5, 7]


def test_augmented_assignment_of_an_array_by_a_variable_is_an_error(x):
    array = np.ones(3, np.float32)
    with pytest.raises(TypeError, match=re.escape("numpy.add with out")):
        array += x
    assert array.tolist() == [1, 1, 1]
