"""Dataset: arrays of one length, and rows of them."""

import copy
import pickle
import re

import numpy as np
import pytest

from minigrad.data import Dataset, LabelledImages

X = np.arange(15.0).reshape(5, 3)
T = np.array([3, 0, 4, 1, 3])


@pytest.fixture(params=["tuple", "dict", "array"])
def form(request):
    """A data set of each form, and what to expect of rows of x and t."""
    return {
        "tuple": (Dataset(X.copy(), T.copy()), lambda x, t: (x, t)),
        "dict": (Dataset({"x": X.copy(), "t": T.copy()}), lambda x, t: {"x": x, "t": t}),
        "array": (Dataset(X.copy()), lambda x, t: x),
    }[request.param]


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = tuple(found.values()), tuple(expected.values())
    for array, wanted in zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]:
        np.testing.assert_array_equal(array, wanted, strict=True)


@pytest.mark.parametrize("index", [slice(1, 4), slice(None, None, -2), np.array([4, 0, 0, -1]), T > 2, 2, np.int64(-1)])
def test_indexing_gives_rows_in_the_form_of_the_data_set(form, index):
    dataset, formed = form
    assert_same(dataset[index], formed(X[index], T[index]))


@pytest.mark.parametrize("index", [slice(None), slice(1, 2), np.arange(5), T > 2, 0, np.int64(0)])
def test_rows_may_be_changed(index):
    dataset = Dataset(X.copy(), T.copy())
    x, _ = dataset[index]
    x[...] = 7
    assert_same(dataset.arrays, (X, T))


def test_the_arrays_are_as_they_were_given(form):
    dataset, formed = form
    assert_same(dataset.arrays, formed(X, T))
    assert len(dataset) == 5
    assert dataset.device == "cpu"


def test_nothing_is_copied():
    assert Dataset(X, T).arrays[0] is X


def test_a_dict_that_changes_later_changes_nothing():
    arrays = {"x": X}
    dataset = Dataset(arrays)
    arrays["t"] = T[:2]
    dataset.arrays["t"] = T[:2]
    assert list(dataset[:1]) == ["x"]


@pytest.mark.parametrize(
    ("dataset", "text"),
    [
        (Dataset(X), "Dataset((5, 3) float64)"),
        (Dataset(X, T), "Dataset((5, 3) float64, (5,) int64)"),
        (Dataset({"x": X, "t": T}), "Dataset(x (5, 3) float64, t (5,) int64)"),
    ],
)
def test_repr(dataset, text):
    assert repr(dataset) == text


def test_any_dtype_and_any_number_of_arrays():
    names = np.array(["a", "b"])
    assert Dataset(names, np.ones(2, bool), np.ones((2, 0)), np.zeros((2, 1, 1, 1), np.float16))[1][0] == "b"


def test_equality_is_identity():
    dataset = Dataset(X)
    assert dataset == dataset  # noqa: PLR0124 - that is the test
    assert dataset != Dataset(X)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda dataset: pickle.loads(pickle.dumps(dataset))])
def test_copies(form, copied):
    dataset, formed = form
    assert_same(copied(dataset)[:], formed(X, T))


# Parts


@pytest.mark.parametrize("n", [0, 2, 5, np.int64(3)])
def test_split_gives_the_first_n_and_the_rest(form, n):
    dataset, formed = form
    first, rest = dataset.split(n)
    assert_same(first[:], formed(X[:n], T[:n]))
    assert_same(rest[:], formed(X[n:], T[n:]))


def test_split_copies_nothing():
    dataset = Dataset(X, T)
    for part in dataset.split(2):
        assert all(map(np.shares_memory, part.arrays, dataset.arrays))


@pytest.mark.parametrize("indices", [slice(1, 4), np.array([4, 0, 0]), T > 2])
def test_a_subset_is_a_data_set_of_the_same_kind(form, indices):
    dataset, formed = form
    assert_same(dataset.subset(indices)[:], formed(X[indices], T[indices]))


def test_a_subset_of_labelled_images_keeps_their_bytes():
    images = np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2)
    subset = LabelledImages(images, np.array([2, 0, 1])).subset(np.array([2, 0]))
    assert type(subset) is LabelledImages
    np.testing.assert_array_equal(subset.images, images[[2, 0]], strict=True)
    assert subset.labels.tolist() == [1, 2]


@pytest.mark.parametrize("indices", [2, [0, 1], None, np.array([0.0]), np.array([[0]])])
def test_what_is_no_subset(indices):
    with pytest.raises(TypeError, match="subset: ind"):
        Dataset(X).subset(indices)


def test_a_subset_out_of_range():
    with pytest.raises(IndexError, match=re.escape("Dataset((5, 3) float64): index 5 is out of bounds")):
        Dataset(X).subset(np.array([0, 5]))


@pytest.mark.parametrize("n", [-1, 6])
def test_split_out_of_range(n):
    with pytest.raises(ValueError, match=rf"split: n must be in 0 to 5, not {n}; Dataset\("):
        Dataset(X).split(n)


# Stratified


@pytest.mark.parametrize("n", [0, 1, 7, 50, 99, 100])
def test_each_class_is_in_both_parts_in_its_proportion(n):
    classes = np.repeat([7, 1, 4], [10, 60, 30])
    first, rest = Dataset(np.arange(100), classes).stratified_split(n, labels=classes, rng=np.random.default_rng(0))
    assert (len(first), len(rest)) == (n, 100 - n)
    for label, count in ((7, 10), (1, 60), (4, 30)):
        assert abs((first.arrays[1] == label).sum() - n * count / 100) < 1
    assert sorted([*first.arrays[0], *rest.arrays[0]]) == list(range(100))


def test_the_classes_with_the_largest_remainders_are_rounded_up():
    classes = np.repeat([7, 1, 4], [10, 60, 30])  # of 7 examples 0.7, 4.2 and 2.1
    first, _ = Dataset(classes).stratified_split(7, labels=classes, rng=np.random.default_rng(0))
    assert [(first.arrays == label).sum() for label in (7, 1, 4)] == [1, 4, 2]


def test_both_parts_keep_the_order():
    for part in Dataset(np.arange(50)).stratified_split(20, labels=np.arange(50) % 3, rng=np.random.default_rng(0)):
        assert (np.diff(part.arrays) > 0).all()


def test_each_example_is_as_likely_as_another_of_its_class():
    rng, labels = np.random.default_rng(0), np.repeat([0, 1], [4, 6])
    counts = sum(
        np.bincount(Dataset(np.arange(10)).stratified_split(5, labels=labels, rng=rng)[0].arrays, minlength=10)
        for _ in range(400)
    )
    np.testing.assert_allclose(counts, 200, atol=40)  # four standard deviations of 10


def test_the_same_generator_gives_the_same_parts():
    one, other = (
        Dataset(np.arange(30)).stratified_split(9, labels=np.arange(30) % 4, rng=np.random.default_rng(5))[0].arrays
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)


def test_classes_may_be_strings_or_bools():
    for labels in (np.array(["a", "b"] * 4), np.array([True, False] * 4)):
        first, _ = Dataset(labels).stratified_split(4, labels=labels, rng=np.random.default_rng(0))
        assert (first.arrays == labels[0]).sum() == 2


def test_labelled_images_bring_their_labels():
    labels = np.arange(20) % 2
    dataset = LabelledImages(np.zeros((20, 1, 1, 1), np.uint8), labels)
    first, _ = dataset.stratified_split(10, rng=np.random.default_rng(0))
    assert np.bincount(first.labels).tolist() == [5, 5]


def test_an_empty_data_set_has_two_empty_parts():
    for part in Dataset(X[:0]).stratified_split(0, labels=T[:0]):
        assert len(part) == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, TypeError, "labels are missing; write labels=t"),
        ({"labels": T.tolist()}, TypeError, "labels are no array but list"),
        ({"labels": X[:, 0]}, TypeError, "labels must be ints, bools or strings, not float64"),
        ({"labels": T[:4]}, ValueError, "labels must be (5,), not (4,); Dataset("),
        ({"labels": T[:, None]}, ValueError, "labels must be (5,), not (5, 1)"),
        ({"labels": T, "rng": 0}, TypeError, "rng must be a numpy.random.Generator, not 0"),
        ({"labels": T, "n": 6}, ValueError, "n must be in 0 to 5, not 6"),
    ],
)
def test_what_cannot_be_stratified(options, error, message):
    with pytest.raises(error, match=re.escape(f"stratified_split: {message}")):
        Dataset(X, T).stratified_split(**{"n": 2, **options})


# What it refuses


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ((), ValueError, "Dataset: there are no arrays; write Dataset(x, t)"),
        (({},), ValueError, "Dataset: there are no arrays"),
        ((X.tolist(),), TypeError, "Dataset: the array must be an array, not list; write np.array(...)"),
        ((X, T.tolist()), TypeError, "Dataset: array 1 must be an array, not list"),
        (((X, T),), TypeError, "Dataset: array 0 must be an array, not tuple; give arrays one by one, Dataset(x, t)"),
        (([X, T],), TypeError, "give arrays one by one, Dataset(x, t)"),
        (({"x": X, "t": None},), TypeError, "Dataset: 't' must be an array, not NoneType"),
        (({0: X},), TypeError, "Dataset: the name of an array must be a str, not 0"),
        ((X, np.array(3)), ValueError, "Dataset: array 1 must be (N, ...), not a single number"),
        (
            (X, T[:4]),
            ValueError,
            "Dataset: array 0 has 5 rows, but array 1 has 4; Dataset((5, 3) float64, (4,) int64)",
        ),
        (({"x": X, "t": T[1:]},), ValueError, "Dataset: 'x' has 5 rows, but 't' has 4"),
    ],
)
def test_what_is_no_data_set(arrays, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Dataset(*arrays)
