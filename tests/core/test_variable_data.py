"""Variable: what it is made of, and what it is converted to."""

import math
import re

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
    y = Variable(matrix) * Variable(matrix)
    assert np.array_equal(np.asarray(y.data), [[1, 4], [9, 16]])
    with pytest.raises(TypeError, match="a masked array, whose mask would be lost"):
        Variable(np.ma.masked_array([1.0, 2.0], [False, True]))


# Conversion


def test_bool():
    assert Variable(2.0)
    assert not Variable(0.0)
    assert Variable([[1.0]])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Variable([1.0, 2.0]))


def test_float_int_item():
    x = Variable(3.7)
    assert float(x.detach()) == x.item() == np.float32(3.7).item()
    assert int(x.detach()) == 3
    assert type(float(x.detach())) is float
    assert type(x.item()) is float
    with mg.no_grad():
        assert float(Variable([[2.0]])) == 2
        assert math.sqrt(Variable(4.0)) == 2
    assert Variable(np.array(3), requires_grad=False).item() == 3


@pytest.mark.parametrize("function", [float, int, math.exp, math.floor])
def test_a_number_would_lose_the_gradient(function):
    x = Variable(3.7)
    for y in (x, x * 2):
        with pytest.raises(TypeError, match=re.escape("use .item() where that is meant")):
            function(y)


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
    assert np.asarray(x) is array
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
def test_astype_to_what_has_no_gradient_is_refused(x, dtype):
    with pytest.raises(TypeError, match="astype: only floats have gradients"):
        x.astype(dtype)


def test_astype_of_a_constant():
    assert Variable(np.arange(3), requires_grad=False).astype(np.float32).dtype == np.float32
