"""LabelledImages: stored as bytes, indexed as a model takes it."""

import re

import numpy as np
import pytest

from minigrad.data import LabelledImages

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 1, 2, 3), np.uint8)
LABELS = np.array([3, 0, 4, 1, 3])


@pytest.fixture
def dataset():
    return LabelledImages(IMAGES.copy(), LABELS.copy())


def test_length_classes_and_repr(dataset):
    assert len(dataset) == 5
    assert dataset.classes == 5
    assert repr(dataset) == "LabelledImages(images (5, 1, 2, 3) uint8, labels (5,) int64)"


def test_several_channels():
    assert len(LabelledImages(np.zeros((2, 3, 4, 4), np.uint8), np.zeros(2, np.int64))) == 2


def test_its_arrays_cannot_be_exchanged(dataset):
    with pytest.raises(AttributeError):
        dataset.labels = LABELS


def test_equality_is_identity(dataset):
    assert dataset == dataset  # noqa: PLR0124 - that is the test
    assert dataset != LabelledImages(dataset.images, dataset.labels)
    assert len({dataset, dataset}) == 1


# Indexing


@pytest.mark.parametrize(
    "index",
    [
        slice(1, 4),
        slice(None, None, -2),
        slice(0, 0),
        np.array([4, 0, 0, -1]),
        np.array([1, 2], np.uint8),
        np.array([], np.int64),
        np.array([True, False, False, True, True]),
    ],
)
def test_slices_int_arrays_and_masks(dataset, index):
    x, t = dataset[index]
    np.testing.assert_array_equal(x, (IMAGES[index] / 255).astype(np.float32), strict=True)
    np.testing.assert_array_equal(t, LABELS[index], strict=True)


@pytest.mark.parametrize("index", [2, -1, np.int64(2), np.uint8(0)])
def test_an_int_gives_one_example(dataset, index):
    x, t = dataset[index]
    np.testing.assert_array_equal(x, (IMAGES[index] / 255).astype(np.float32), strict=True)
    assert isinstance(t, np.int64)
    assert t == LABELS[index]


def test_all_bytes_are_scaled_to_the_nearest_float32_in_0_to_1():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    x, _ = LabelledImages(levels, np.zeros(1, np.int64))[:]
    np.testing.assert_array_equal(x, (levels / 255).astype(np.float32), strict=True)
    assert x.min() == 0
    assert x.max() == 1


@pytest.mark.parametrize("index", [slice(None), np.arange(5)])
def test_what_is_indexed_may_be_changed(dataset, index):
    x, t = dataset[index]
    x[:] = 7
    t[:] = 7
    np.testing.assert_array_equal(dataset.images, IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)


def test_iteration_goes_through_the_examples(dataset):
    assert [int(t) for x, t in dataset] == LABELS.tolist()


@pytest.mark.parametrize("index", [5, -6, np.array([0, 5]), np.array([True, False])])
def test_out_of_range(dataset, index):
    with pytest.raises(IndexError, match=re.escape("LabelledImages(images (5, 1, 2, 3) uint8, labels (5,) int64): ")):
        dataset[index]


@pytest.mark.parametrize(
    "index",
    [True, None, ..., 1.0, "1", (0, 1), [0, 1], np.array(1), np.array([[0, 1]]), np.array([0.0]), np.array([])],
)
def test_other_indices_are_type_errors(dataset, index):
    with pytest.raises(TypeError, match=r"LabelledImages\[index\]: index must be an int, a slice, or a 1-D array"):
        dataset[index]


# Splitting


@pytest.mark.parametrize("n", [0, 2, 5, np.int64(3)])
def test_split_gives_the_first_n_and_the_rest(dataset, n):
    first, rest = dataset.split(n)
    np.testing.assert_array_equal(first.images, IMAGES[:n])
    np.testing.assert_array_equal(first.labels, LABELS[:n])
    np.testing.assert_array_equal(rest.images, IMAGES[n:])
    np.testing.assert_array_equal(rest.labels, LABELS[n:])


def test_split_copies_nothing(dataset):
    for part in dataset.split(2):
        assert np.shares_memory(part.images, dataset.images)
        assert np.shares_memory(part.labels, dataset.labels)


def test_an_empty_part_has_no_classes(dataset):
    assert dataset.split(0)[0].classes == 0


@pytest.mark.parametrize("n", [-1, 6])
def test_split_out_of_range(dataset, n):
    with pytest.raises(ValueError, match=rf"split: n must be in 0 to 5, not {n}; LabelledImages\(images"):
        dataset.split(n)


@pytest.mark.parametrize("n", [0.5, "2", None])
def test_split_wants_an_int(dataset, n):
    with pytest.raises(TypeError, match=f"split: n must be an int, not {n!r}"):
        dataset.split(n)


# What it refuses


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES.tolist(), LABELS, "LabelledImages: images must be an array, not list"),
        (IMAGES, LABELS.tolist(), "LabelledImages: labels must be an array, not list"),
        (IMAGES / 255, LABELS, "LabelledImages: images must be uint8, not float64; images (5, 1, 2, 3) float64"),
        (IMAGES, LABELS.astype(np.uint8), "LabelledImages: labels must be int64, not uint8; labels (5,) uint8"),
    ],
)
def test_wrong_types(images, labels, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        LabelledImages(images, labels)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[:, 0], LABELS, "LabelledImages: images must be (N, C, H, W); images (5, 2, 3), labels (5,)"),
        (IMAGES, LABELS[:, None], "LabelledImages: labels must be (N,); images (5, 1, 2, 3), labels (5, 1)"),
        (IMAGES, LABELS[:4], "LabelledImages: 5 images but 4 labels; images (5, 1, 2, 3), labels (4,)"),
        (IMAGES, LABELS - 1, "LabelledImages: labels[1] is -1, but labels start at 0"),
    ],
)
def test_wrong_shapes_and_values(images, labels, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        LabelledImages(images, labels)


@pytest.mark.parametrize(
    ("images", "labels", "advice"),
    [
        (IMAGES.tolist(), LABELS, "np.array(images, np.uint8)"),
        (IMAGES, LABELS.tolist(), "np.array(labels, np.int64)"),
        (IMAGES.astype(np.float32), LABELS, "images.astype(np.uint8)"),
        (IMAGES, LABELS.astype(np.uint8), "labels.astype(np.int64)"),
        (IMAGES, LABELS.astype(np.float32), "labels.astype(np.int64)"),
        (IMAGES[:, 0], LABELS, "images[:, None]"),
        (IMAGES, np.eye(10, dtype=np.int64)[LABELS], "labels.argmax(1)"),
    ],
)
def test_what_an_error_advises_is_right(images, labels, advice):
    with pytest.raises((TypeError, ValueError), match=f"write {re.escape(advice)}"):
        LabelledImages(images, labels)
    mended = eval(advice, {"np": np, "images": images, "labels": labels})  # noqa: S307 - our own words
    dataset = LabelledImages(mended, labels) if "images" in advice else LabelledImages(images, mended)
    np.testing.assert_array_equal(dataset.images, IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)
