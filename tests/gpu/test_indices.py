"""Indices from the host and on the device; what repeats is added up in order, with the same bits each time."""

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.backend.scattering import scatter_add

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

KEYS = {
    "rows": np.array([1, 0, 1]),
    "a list": [1, 1],
    "none": np.array([], int),
    "of a middle axis": (slice(None), np.array([2, 2, 0])),
    "after an ellipsis": (..., np.array([3, 0, 0])),
    "two arrays": (np.array([0, 1, 1]), np.array([2, 2, 2])),
    "two arrays apart": (np.array([0, 1, 1]), slice(None), np.array([3, 3, 3])),
    "of two axes": np.array([[0, 1], [1, 1]]),
    "negative": np.array([-1, -2]),
    "a scalar": np.int64(1),
    "a 0-d array": np.array(1),
    "a new axis": (None, np.array([0, 0])),
    "a mask": X > 7,
    "a mask of rows": np.array([True, False]),
    "a mask and a slice": (np.array([True, True]), slice(1, 3)),
    "a mask of a middle axis": (slice(None), np.array([True, False, True])),
}


def there(key):
    if isinstance(key, tuple):
        return tuple(map(there, key))
    return cupy.asarray(key) if isinstance(key, (np.ndarray, np.generic)) else key


@pytest.mark.parametrize("to", [lambda key: key, there], ids=["from the host", "on the device"])
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_indexing_and_its_gradient(key, to):
    host, device = mg.Variable(X), mg.Variable(cupy.asarray(X))
    expected, found = host[key], device[to(key)]
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
    weights = np.random.default_rng(0).random(expected.shape).astype(np.float32)
    expected.backward(weights)
    found.backward(cupy.asarray(weights))
    np.testing.assert_array_equal(device.grad.numpy(), host.grad.numpy())  # bit for bit


@pytest.mark.parametrize("make", [np.array, cupy.array, lambda i: mg.Variable(cupy.array(i), requires_grad=False)])
def test_editing_an_index_later_changes_no_gradient(make):
    x, index = mg.Variable(cupy.zeros((3, 2), np.float32)), make([0, 0, 1])
    y = x[index].sum()
    (index.data if isinstance(index, mg.Variable) else index)[...] = 2
    y.backward()
    assert x.grad.numpy().tolist() == [[2, 2], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (np.array([0, 2]), r"getitem: index 2 is out of range for axis 0 of x \(2, 3, 4\) float32"),
        ([-3], "getitem: index -3 is out of range for axis 0"),
        (np.int64(5), "getitem: index 5 is out of range for axis 0"),
        ((slice(None), [0, 3]), "getitem: index 3 is out of range for axis 1"),
        ((..., [4]), "getitem: index 4 is out of range for axis 2"),
        (2, "getitem: .*out of bounds"),
        (np.array([True] * 3), r"getitem: a mask \(3,\) does not fit the axes \(2,\)"),
        ((0, 0, 0, [0]), "getitem: .*too many indices|getitem: index 0 is out of range"),
    ],
)
def test_indices_from_the_host_are_checked_there(index, said):
    with pytest.raises(IndexError, match=said):
        mg.Variable(cupy.asarray(X))[index]


def test_take():
    x = mg.Variable(cupy.asarray(X))
    for indices in ([0, 2, 2], np.array([0, 2, 2]), cupy.array([0, 2, 2])):
        np.testing.assert_array_equal(F.take(x, indices, 1).numpy(), X.take([0, 2, 2], 1))
    with pytest.raises(IndexError, match="take: index 3 is out of range for axis 1"):
        F.take(x, [0, 3], 1)
    with pytest.raises(TypeError, match="take: indices must be integers"):
        F.take(x, cupy.array([0.0]), 1)
    np.testing.assert_array_equal(F.take(x, cupy.array([4]), 1).numpy(), X[:, [1]])  # it wraps around, unseen


def test_indexing_by_numbers_waits_for_nothing(hosted):
    x, rows, mask = mg.Variable(cupy.asarray(X)), np.array([0, 1, 1]), np.array([True, False])
    device_rows = cupy.asarray(rows)
    with hosted.counting() as counts:
        for key in (rows, device_rows, (slice(None), rows), mask):
            x[key].sum().backward()
    assert counts.synchronizations == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("count", "positions", "columns"), [(1, 1, 1), (255, 1, 2), (257, 7, 1), (1100, 1000, 3)])
def test_what_repeats_is_added_up_in_order(count, positions, columns, dtype, thread_order):
    rng = np.random.default_rng(count)
    index = rng.integers(0, positions, count)
    values = (rng.standard_normal((count, columns)) * 10.0 ** rng.integers(-3, 4, (count, 1))).astype(dtype)
    shape = (positions, columns)
    found = scatter_add(cupy.asarray(values), cupy.asarray(index), shape)
    assert found.dtype == dtype
    expected = scatter_add(values, index, shape)
    ulp = np.finfo(dtype).eps if dtype == np.float16 else 0  # rounded to float32 on the way
    np.testing.assert_allclose(found.get(), expected, rtol=ulp)


def test_integers_are_added_up():
    found = scatter_add(cupy.array([1, 2, 3]), cupy.array([0, 0, 2]), (3,))
    assert (found.dtype, found.get().tolist()) == (np.int64, [3, 0, 3])
