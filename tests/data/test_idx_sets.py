"""idx and mnist: four files become two data sets, or one error says which file is wrong."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from minigrad.data import idx, idx_sets, mnist

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
NAMES = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS]


def idx_bytes(array, code=0x08):
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


def images(n, h=2, w=3):
    return np.arange(n * h * w, dtype=np.uint8).reshape(n, h, w)


def labels(n):
    return np.arange(n, dtype=np.uint8)


@pytest.fixture
def directory(tmp_path):
    """A whole, small data set: 4 examples to train on and 2 to test on."""
    (tmp_path / TRAIN_IMAGES).write_bytes(idx_bytes(images(4)))
    (tmp_path / TRAIN_LABELS).write_bytes(idx_bytes(labels(4)))
    (tmp_path / TEST_IMAGES).write_bytes(idx_bytes(images(2)))
    (tmp_path / TEST_LABELS).write_bytes(idx_bytes(labels(2)))
    return tmp_path


def error_of(directory, error=ValueError):
    with pytest.raises(error, match=r"^(idx|read_idx): ") as caught:
        idx(directory)
    return str(caught.value)


def assert_whole(directory):
    train, test = idx(directory)
    np.testing.assert_array_equal(train.images, images(4)[:, None], strict=True)
    np.testing.assert_array_equal(train.labels, np.arange(4), strict=True)
    np.testing.assert_array_equal(test.images, images(2)[:, None], strict=True)
    np.testing.assert_array_equal(test.labels, np.arange(2), strict=True)


def test_plain_files(directory):
    assert_whole(directory)


def test_the_path_may_be_a_string(directory):
    assert_whole(str(directory))


@pytest.mark.parametrize("zipped", [NAMES, [TRAIN_IMAGES], [TEST_LABELS]])
def test_each_file_may_be_gzipped(directory, zipped):
    for name in zipped:
        (directory / f"{name}.gz").write_bytes(gzip.compress((directory / name).read_bytes()))
        (directory / name).unlink()
    assert_whole(directory)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("zipped", [False, True])
def test_each_file_may_have_a_dot_in_its_name(directory, name, zipped):
    content = (directory / name).read_bytes()
    (directory / name).unlink()
    dotted = directory / (name.replace("-idx", ".idx") + ".gz" * zipped)
    dotted.write_bytes(gzip.compress(content) if zipped else content)
    assert_whole(directory)


def test_the_plain_file_is_taken_if_both_exist(directory):
    (directory / f"{TRAIN_LABELS}.gz").write_bytes(b"not this one")
    assert_whole(directory)


def test_a_missing_directory_is_named(tmp_path):
    assert error_of(tmp_path / "nowhere", FileNotFoundError) == f"idx: there is no directory {tmp_path / 'nowhere'}"


def test_a_file_instead_of_the_directory_is_named(directory):
    file = directory / TRAIN_IMAGES
    assert f"idx: {file} is a file, not a directory" in error_of(file, NotADirectoryError)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(directory, name):
    (directory / name).unlink()
    dotted = name.replace("-idx", ".idx")
    expected = f"idx: {directory} has neither {name} nor {dotted}, nor one of them as .gz"
    assert error_of(directory, FileNotFoundError) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_directory_in_a_files_place_is_named(directory, name):
    (directory / name).unlink()
    (directory / name).mkdir()
    assert f"{directory / name} is a directory" in error_of(directory, IsADirectoryError)


@pytest.mark.parametrize(("here", "there"), [(TRAIN_IMAGES, TRAIN_LABELS), (TEST_IMAGES, TEST_LABELS)])
def test_mislabelled_files(directory, here, there):
    (directory / here).write_bytes((directory / there).read_bytes())
    assert error_of(directory) == (
        f"idx: {directory / here} holds labels (uint8, 1 dimension) where images (uint8, 3 dimensions) were expected"
    )


def test_images_in_the_labels_place(directory):
    (directory / TRAIN_LABELS).write_bytes(idx_bytes(images(4)))
    assert error_of(directory) == (
        f"idx: {directory / TRAIN_LABELS} holds images (uint8, 3 dimensions) "
        "where labels (uint8, 1 dimension) were expected"
    )


@pytest.mark.parametrize(
    ("content", "description"),
    [
        (idx_bytes(images(4).reshape(4, 6)), "an array (uint8, 2 dimensions)"),
        (idx_bytes(images(4), code=0x09), "an array (int8, 3 dimensions)"),
        (idx_bytes(images(4).astype(">i4"), code=0x0C), "an array (int32, 3 dimensions)"),
    ],
)
def test_neither_images_nor_labels(directory, content, description):
    (directory / TRAIN_IMAGES).write_bytes(content)
    assert f"{TRAIN_IMAGES} holds {description} where images" in error_of(directory)


@pytest.mark.parametrize(("prefix", "n"), [("train", 4), ("t10k", 2)])
def test_counts_differ(directory, prefix, n):
    image_file, label_file = directory / f"{prefix}-images-idx3-ubyte", directory / f"{prefix}-labels-idx1-ubyte"
    label_file.write_bytes(idx_bytes(labels(9)))
    assert error_of(directory) == f"idx: {image_file} holds {n} images, but {label_file} holds 9 labels"


@pytest.mark.parametrize("name", NAMES)
def test_empty_sets(directory, name):
    empty = images(0) if "images" in name else labels(0)
    (directory / name).write_bytes(idx_bytes(empty))
    assert re.search(rf"{name} holds no (images|labels): its shape is \(0,", error_of(directory))


@pytest.mark.parametrize("size", [(0, 3), (2, 0)])
def test_images_without_pixels(directory, size):
    (directory / TEST_IMAGES).write_bytes(idx_bytes(images(2, *size)))
    assert f"holds no images: its shape is {(2, *size)}" in error_of(directory)


def test_train_and_test_images_differ_in_size(directory):
    (directory / TEST_IMAGES).write_bytes(idx_bytes(images(2, 3, 2)))
    assert error_of(directory) == (
        "idx: train and test images differ in size; "
        f"{directory / TRAIN_IMAGES} (4, 1, 2, 3), {directory / TEST_IMAGES} (2, 1, 3, 2)"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_flipped_bit_in_a_header_is_an_error(directory, name):
    content = (directory / name).read_bytes()
    header = 16 if "images" in name else 8
    for bit in range(0, 8 * header, 3):  # in every byte; `tests.campaigns.idx_files` has all
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        (directory / name).write_bytes(flipped)
        assert name in error_of(directory)


# mnist


@pytest.fixture(scope="module")
def digits():
    return mnist()


def test_counts_shapes_and_types(digits):
    for part, n in zip(digits, (60_000, 10_000), strict=True):
        assert len(part) == n
        assert (part.images.shape, part.images.dtype) == ((n, 1, 28, 28), np.uint8)
        assert (part.labels.shape, part.labels.dtype) == ((n,), np.int64)
        assert part.images.flags.c_contiguous
        assert part.classes == 10


def test_the_first_labels(digits):
    train, test = digits
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_digits_are_white_on_black(digits):
    x, _ = digits[0][:100]
    assert x.min() == 0
    assert x.max() == 1
    assert x.mean() < 0.2


def test_the_license_lies_beside_the_files():
    text = (Path(idx_sets.__file__).parent / "files" / "LICENSE.md").read_text("utf-8")
    for words in ("CC BY-SA 3.0", "Yann LeCun", "Corinna Cortes", "Christopher J. C. Burges"):
        assert words in text


# A damaged installation


@pytest.fixture
def embedded(tmp_path, monkeypatch):
    """An empty folder in the place of the embedded one."""
    (tmp_path / "files").mkdir()
    monkeypatch.setattr(idx_sets.resources, "files", lambda _: tmp_path)
    return tmp_path / "files"


def zeros_file(*shape, code=0x08):
    return gzip.compress(idx_bytes(np.zeros(shape, np.uint8), code))


def test_a_missing_file(embedded):
    file = embedded / f"{TRAIN_IMAGES}.gz"
    with pytest.raises(FileNotFoundError, match=re.escape(f"mnist: {file} is missing; reinstall")):
        mnist()


@pytest.mark.parametrize("content", [b"", b"garbage", zeros_file(2, 3)[:-1]])
def test_a_corrupt_file(embedded, content):
    file = embedded / f"{TRAIN_IMAGES}.gz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(f"mnist: {file} is damaged; reinstall")):
        mnist()


def test_a_whole_file_with_other_content(embedded):
    (embedded / f"{TRAIN_IMAGES}.gz").write_bytes(zeros_file(2, 3, 4))
    with pytest.raises(ValueError, match=r"is damaged; reinstall minigrad-nn \(SHA-256 \w{64}, expected ba891046"):
        mnist()


def test_the_type_counts_too(embedded, monkeypatch):
    monkeypatch.setitem(idx_sets._SHA256, TRAIN_IMAGES, idx_sets.idx_sha256(np.zeros((2, 3), np.uint8)))
    (embedded / f"{TRAIN_IMAGES}.gz").write_bytes(zeros_file(2, 3, code=0x09))
    with pytest.raises(ValueError, match="is damaged"):
        mnist()
