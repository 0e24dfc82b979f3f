"""Data sets in MNIST's form, four IDX files: those of a directory, and the digits embedded in the package."""

from __future__ import annotations

import hashlib
import os
import struct
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad.data.idx_files import path_of, read_idx
from minigrad.data.labelled_images import LabelledImages

TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the embedded files, uncompressed."""


def idx(path: str | os.PathLike[str]) -> tuple[LabelledImages, LabelledImages]:
    """Read a training and a test set, in the form of MNIST, from a directory.

    Args:
        path: a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
            t10k-labels-idx1-ubyte, each plain or gzipped and then called .gz (the plain one goes first); names with a
            dot, train-images.idx3-ubyte, do as well.
    Returns:
        The training set and the test set, their images as (N, 1, H, W).
    Raises:
        TypeError: path is no path.
        FileNotFoundError: the directory or one of the files is missing.
        ValueError: a file is broken, holds something else than its name says, or doesn't fit the others.
    """
    return read_sets(find_files("idx", path))


def mnist() -> tuple[LabelledImages, LabelledImages]:
    """The MNIST handwritten digits: 60,000 to train on and 10,000 to test on, from the package itself.

    Returns:
        The training set and the test set: images uint8 (N, 1, 28, 28), white on black; labels 0 to 9.
    Raises:
        ValueError: an embedded file is damaged; its SHA-256 is checked.
        FileNotFoundError: an embedded file is missing.
    Source: LeCun, Cortes & Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0.
    """
    return _labelled(*map(_read_embedded, TRAIN_FILES)), _labelled(*map(_read_embedded, TEST_FILES))


def _labelled(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> LabelledImages:
    return LabelledImages(images[:, None], labels.astype(np.int64))  # (N, H, W) -> (N, 1, H, W)


def find_files(owner: str, path: str | os.PathLike[str]) -> list[Path]:
    """The four files of a directory, in the order of TRAIN_FILES and TEST_FILES."""
    directory = path_of(owner, path)
    if not directory.exists():
        raise FileNotFoundError(f"{owner}: there is no directory {directory}")
    if not directory.is_dir():
        raise NotADirectoryError(f"{owner}: {directory} is a file, not a directory; read_idx() reads a single file")
    return [_find(owner, directory, name) for name in (*TRAIN_FILES, *TEST_FILES)]


def _find(owner: str, directory: Path, name: str) -> Path:
    dotted = name.replace("-idx", ".idx")
    for file in (directory / known for known in (name, f"{name}.gz", dotted, f"{dotted}.gz")):
        if file.exists():
            return file
    raise FileNotFoundError(f"{owner}: {directory} has neither {name} nor {dotted}, nor one of them as .gz")


def read_sets(files: list[Path]) -> tuple[LabelledImages, LabelledImages]:
    """The training set and the test set of four files."""
    train, test = _read_set(*files[:2]), _read_set(*files[2:])
    if train.images.shape[1:] != test.images.shape[1:]:
        shapes = f"{files[0]} {train.images.shape}, {files[2]} {test.images.shape}"
        raise ValueError(f"idx: train and test images differ in size; {shapes}")
    return train, test


def _read_set(images_file: Path, labels_file: Path) -> LabelledImages:
    images = _read_bytes("images", 3, images_file)
    labels = _read_bytes("labels", 1, labels_file)
    if len(images) != len(labels):
        raise ValueError(f"idx: {images_file} holds {len(images)} images, but {labels_file} holds {len(labels)} labels")
    return _labelled(images, labels)


def _read_bytes(content: str, ndim: int, file: Path) -> npt.NDArray[np.uint8]:
    array = read_idx(file)
    if array.dtype != np.uint8 or array.ndim != ndim:
        kind = {1: "labels", 3: "images"}.get(array.ndim, "an array") if array.dtype == np.uint8 else "an array"
        found = f"{kind} ({array.dtype}, {_dimensions(array.ndim)})"
        raise ValueError(f"idx: {file} holds {found} where {content} (uint8, {_dimensions(ndim)}) were expected")
    if array.size == 0:
        raise ValueError(f"idx: {file} holds no {content}: its shape is {array.shape}")
    return array


def _dimensions(ndim: int) -> str:
    return f"{ndim} dimension" if ndim == 1 else f"{ndim} dimensions"


def _read_embedded(name: str) -> npt.NDArray[np.uint8]:
    advice = "reinstall minigrad-nn"
    with resources.as_file(resources.files("minigrad.data") / "files" / f"{name}.gz") as file:
        try:
            array = read_idx(file)
        except FileNotFoundError:
            raise FileNotFoundError(f"mnist: {file} is missing; {advice}") from None
        except ValueError as error:
            raise ValueError(f"mnist: {file} is damaged; {advice} ({error})") from None
    digest = idx_sha256(array)
    if array.dtype != np.uint8 or digest != _SHA256[name]:
        raise ValueError(f"mnist: {file} is damaged; {advice} (SHA-256 {digest}, expected {_SHA256[name]})")
    return array


def idx_sha256(array: npt.NDArray[Any]) -> str:
    """The digest of the uncompressed IDX file that the array came from: its header, then the array's bytes."""
    digest = hashlib.sha256(struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape))
    digest.update(array.data)
    return digest.hexdigest()
