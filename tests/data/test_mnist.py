"""mnist: the embedded digits, whole or an error."""

import gzip
import importlib
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from minigrad import data
from minigrad.data import mnist

mnist_module = importlib.import_module("minigrad.data.embedded")
TRAIN_IMAGES = "train-images-idx3-ubyte.gz"


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
    text = (Path(mnist_module.__file__).parent / "files" / "LICENSE.md").read_text("utf-8")
    for words in ("CC BY-SA 3.0", "Yann LeCun", "Corinna Cortes", "Christopher J. C. Burges"):
        assert words in text


def test_public_names():
    assert sorted(data.__all__) == ["Dataset", "batches", "idx", "mnist", "one_hot", "read_idx"]
    assert all(hasattr(data, name) for name in data.__all__)


# A damaged installation


@pytest.fixture
def embedded(tmp_path, monkeypatch):
    """An empty folder in the place of the embedded one."""
    (tmp_path / "files").mkdir()
    monkeypatch.setattr(mnist_module.resources, "files", lambda _: tmp_path)
    return tmp_path / "files"


def zeros_file(*shape, code=0x08):
    return gzip.compress(struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + bytes(np.prod(shape)))


def test_a_missing_file(embedded):
    with pytest.raises(FileNotFoundError, match=re.escape(f"mnist: {embedded / TRAIN_IMAGES} is missing; reinstall")):
        mnist()


@pytest.mark.parametrize("content", [b"", b"garbage", zeros_file(2, 3)[:-1]])
def test_a_corrupt_file(embedded, content):
    (embedded / TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(f"mnist: {embedded / TRAIN_IMAGES} is damaged; reinstall")):
        mnist()


def test_a_whole_file_with_other_content(embedded):
    (embedded / TRAIN_IMAGES).write_bytes(zeros_file(2, 3, 4))
    with pytest.raises(ValueError, match=r"is damaged; reinstall minigrad-nn \(SHA-256 \w{64}, expected ba891046"):
        mnist()


def test_the_type_counts_too(embedded, monkeypatch):
    monkeypatch.setitem(
        mnist_module._SHA256, TRAIN_IMAGES.removesuffix(".gz"), mnist_module._sha256(np.zeros((2, 3), np.uint8))
    )
    (embedded / TRAIN_IMAGES).write_bytes(zeros_file(2, 3, code=0x09))
    with pytest.raises(ValueError, match="is damaged"):
        mnist()
