"""Variable: what it is made of, what it shows, what it compares, prints and copies like."""

import copy
import gc
import math
import pickle
import re
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable

ADVICE = re.escape("data.astype(np.float32)") + ".*" + re.escape("requires_grad=False")


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32))


# Construction


@pytest.mark.parametrize("number", [3, 3.0, True, math.inf, 10**30])
def test_a_number_becomes_a_float32_scalar(number):
    x = Variable(number)
    assert (x.shape, x.dtype) == ((), np.float32)
    assert x.item() == np.float32(number)


@pytest.mark.parametrize("data", [[1, 2], (1.0, 2.0), range(1, 3), [np.float64(1), 2], [True, 2], [np.array(1), 2.0]])
def test_a_sequence_becomes_float32(data):
    x = Variable(data)
    assert (x.shape, x.dtype) == ((2,), np.float32)
    assert x.data.tolist() == [1, 2]


def test_nested_and_empty_lists():
    assert Variable([[1, 2, 3], [4, 5, 6]]).shape == (2, 3)
    assert Variable([]).shape == (0,)
    assert Variable([[], []]).shape == (2, 0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_default_dtype_decides_about_numbers_and_lists(dtype):
    with mg.default_dtype(dtype):
        assert Variable(1).dtype == dtype
        assert Variable([1.0]).dtype == dtype
        assert Variable(1, requires_grad=False).dtype == dtype
        assert Variable(np.ones(2, np.float32)).dtype == np.float32


def test_a_number_in_float64_is_exact():
    with mg.default_dtype(np.float64):
        assert Variable(0.1).item() == 0.1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_an_array_is_kept_not_copied(dtype, shape):
    array = np.ones(shape, dtype)
    x = Variable(array)
    assert x.data is array
    assert (x.dtype, x.shape) == (dtype, shape)


def test_a_strided_or_read_only_array_is_kept():
    array = np.arange(6.0).reshape(2, 3).T[::-1]
    array.flags.writeable = False
    x = Variable(array)
    assert x.data is array
    (x * x).sum().backward()
    assert np.array_equal(x.grad.data, 2 * array)


@pytest.mark.parametrize("scalar", [np.float16(2), np.float32(2), np.float64(2)])
def test_a_numpy_scalar_keeps_its_dtype(scalar):
    x = Variable(scalar)
    assert isinstance(x.data, np.ndarray)
    assert (x.shape, x.dtype) == ((), scalar.dtype)


@pytest.mark.parametrize("data", [np.arange(3), np.array([True]), np.uint8(3), np.bool_(True), np.array(5)])
def test_integers_that_require_a_gradient_are_refused_with_advice(data):
    with pytest.raises(TypeError, match=ADVICE):
        Variable(data)


@pytest.mark.parametrize("data", [np.arange(3), np.array([True]), np.uint8(3), np.float64(2)])
def test_a_constant_may_hold_integers(data):
    x = Variable(data, requires_grad=False)
    assert x.dtype == data.dtype
    assert not x.requires_grad
    assert x.grad is None


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize(
    "data",
    [
        1j,
        [1.0, 1j],
        [np.complex64(1j)],
        np.complex128(1),
        np.array([1j]),
        "a",
        "3.5",
        ["1.5"],
        b"3",
        np.str_("1"),
        np.array(["a"]),
        np.array([None]),
        None,
        [None],
        [1.0, None],
        [[1], [1, 2]],
        {1, 2},
        {1: 2},
        object(),
        (n for n in range(3)),
        np.datetime64("2020-01-01"),
    ],
    ids=lambda data: type(data).__name__,  # the same in every process, unlike repr
)
def test_what_is_no_array_of_numbers_is_refused(data, requires_grad):
    with pytest.raises(TypeError):
        Variable(data, requires_grad=requires_grad)


@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_variable_of_a_variable_is_refused(x, requires_grad):
    with pytest.raises(TypeError, match="detach"):
        Variable(x, requires_grad=requires_grad)


def test_a_list_of_variables_would_lose_its_gradients(x):
    with pytest.raises(TypeError, match="gradient"):
        Variable([x[0], x[1]])


def test_matrix_and_masked_arrays_mean_what_their_numbers_mean():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    try:
        y = Variable(matrix) * Variable(matrix)
    except TypeError:
        return  # refusing is as good as taking the numbers
    assert np.array_equal(np.asarray(y.data), [[1, 4], [9, 16]])


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


def test_equality_is_identity(x):
    twin = Variable(x.data)
    assert x == x  # noqa: PLR0124 - that is the test
    assert x != twin
    assert not (x == twin)  # noqa: SIM201 - == and != are two methods
    assert x != 1
    assert x != None  # noqa: E711 - likewise
    assert x != "a"


@pytest.mark.parametrize("other", [np.ones(3), np.float64(1), np.ones(3, np.float32)], ids=repr)
def test_equality_with_arrays_is_identity_too(x, other):
    assert (x == other) is False
    assert (x != other) is True
    assert (other == x) is False
    assert (other != x) is True


def test_variables_are_keys(x):
    twin = Variable(x.data)
    names = {x: "x", twin: "twin"}
    assert (names[x], names[twin]) == ("x", "twin")
    assert len({x, twin, x}) == 2
    assert twin in [x, twin]
    assert [x, twin].index(twin) == 1
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


# Conversion


def test_bool():
    assert Variable(2.0)
    assert not Variable(0.0)
    assert Variable([[1.0]])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Variable([1.0, 2.0]))


def test_float_int_item():
    x = Variable(3.7)
    assert float(x) == x.item() == np.float32(3.7).item()
    assert int(x) == 3
    assert type(float(x)) is float
    assert type(x.item()) is float
    assert float(Variable([[2.0]])) == 2
    assert math.sqrt(Variable(4.0)) == 2
    assert Variable(np.array(3), requires_grad=False).item() == 3


@pytest.mark.parametrize("convert", [float, int, Variable.item])
@pytest.mark.parametrize("n", [0, 2])
def test_many_elements_are_no_number(convert, n):
    with pytest.raises(ValueError, match=re.escape(f"({n},) float32")):
        convert(Variable(np.ones(n, np.float32)))


def test_a_variable_is_no_index():
    with pytest.raises(TypeError):
        _ = [1, 2, 3][Variable(1.0)]


def test_numpy_gives_the_array(x):
    assert x.numpy() is x.data
    assert (x * 2).numpy().tolist() == [2, 4, 6]


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.ascontiguousarray, lambda v: np.array([v, v])])
def test_an_array_would_lose_the_gradient(x, convert):
    with pytest.raises(TypeError, match="numpy"):
        convert(x)
    with pytest.raises(TypeError, match="numpy"):
        convert(x * 2)


def test_an_array_of_a_constant():
    array = np.arange(3)
    x = Variable(array, requires_grad=False)
    assert np.asarray(x) is array or np.shares_memory(np.asarray(x), array)
    assert np.asarray(x, np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x), array)
    assert np.array_equal(np.asarray(x.detach()), array)
    with pytest.raises(ValueError, match="copy"):
        np.array(x, np.float64, copy=False)


def test_an_element_of_an_array_cannot_be_a_variable(x):
    array = np.zeros(3)
    with pytest.raises(TypeError, match="gradient"):
        array[:] = x


def test_to_the_device_where_it_is(x):
    assert x.to("cpu") is x


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:-1", "", "cpu:0", "CPU"])
def test_to_a_device_that_does_not_exist(x, device):
    with pytest.raises(ValueError, match=re.escape(repr(device))):
        x.to(device)


def test_detach(x):
    y = x * 2
    d = y.detach()
    assert d.data is y.data
    assert not d.requires_grad
    assert d.creator is None
    assert not (d * 3).requires_grad
    assert y.requires_grad
    assert x.detach() is not x
    assert x.requires_grad


@pytest.mark.parametrize("source", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("target", [np.float16, "float32", np.dtype(np.float64)])
def test_astype_and_back(source, target):
    x = Variable(np.array([1.5, 2.5], source))
    y = x.astype(target)
    assert y.dtype == target
    assert y.data.tolist() == [1.5, 2.5]
    (y * y).sum().backward()
    assert x.grad.dtype == source
    assert x.grad.data.tolist() == [3, 5]


@pytest.mark.parametrize("dtype", [int, bool, np.uint8, complex, "U3", object])
def test_astype_to_what_has_no_gradient_is_never_differentiated(x, dtype):
    try:
        y = x.astype(dtype)
    except TypeError:
        return  # the docstring promises float types only
    assert not y.requires_grad


def test_astype_of_a_constant():
    assert Variable(np.arange(3), requires_grad=False).astype(np.float32).dtype == np.float32


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
def test_copies_of_a_result_are_leaves(x, duplicate):
    y = (x * x).sum()
    twin = duplicate(y)
    assert (twin.item(), twin.requires_grad, twin.creator) == (14, True, None)
    (twin * 3).backward()
    assert twin.grad.item() == 3
    assert x.grad is None
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


@pytest.mark.parametrize("duplicate", COPIES, ids=COPY_NAMES)
def test_copies_of_a_deep_graph_do_not_recurse(duplicate):
    y = Variable(1.0)
    for _ in range(100_000):
        y = -y
    assert duplicate(y).item() == 1


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
    try:
        x.grad = Variable(np.ones(3, dtype), requires_grad=False)
    except (TypeError, ValueError):
        assert x.grad is None
    else:
        assert x.grad.dtype == x.dtype


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
