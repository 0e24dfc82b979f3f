"""A data set in MNIST's form: a directory of four IDX files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from minigrad.data.dataset import Dataset
from minigrad.data.idx_files import read_idx

if TYPE_CHECKING:
    import os


def idx(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """Read a training and a test set, such as Fashion-MNIST, from a directory.

    Args:
        path: a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
            t10k-labels-idx1-ubyte, each plain or gzipped and then called .gz (the plain one goes first).

    Returns:
        The training set and the test set, their images as (N, 1, H, W).

    Raises:
        FileNotFoundError: the directory or one of the files is missing.
        ValueError: a file is broken, holds something else than its name says, or doesn't fit the others.
    """
    directory = Path(path)
    if not directory.exists():
        raise FileNotFoundError(f"idx: there is no directory {directory}")
    if not directory.is_dir():
        raise NotADirectoryError(f"idx: {directory} is a file, not a directory; read_idx() reads a single file")
    train_files = _find(directory, "train-images-idx3-ubyte"), _find(directory, "train-labels-idx1-ubyte")
    test_files = _find(directory, "t10k-images-idx3-ubyte"), _find(directory, "t10k-labels-idx1-ubyte")
    train, test = _read_set(*train_files), _read_set(*test_files)
    if train.images.shape[1:] != test.images.shape[1:]:
        raise ValueError(
            f"idx: train and test images differ in size; "
            f"{train_files[0]} {train.images.shape}, {test_files[0]} {test.images.shape}"
        )
    return train, test


def _find(directory: Path, name: str) -> Path:
    for file in (directory / name, directory / f"{name}.gz"):
        if file.exists():
            return file
    raise FileNotFoundError(f"idx: {directory} has neither {name} nor {name}.gz")


def _read_set(images_file: Path, labels_file: Path) -> Dataset:
    images = _read("images", 3, images_file)
    labels = _read("labels", 1, labels_file)
    if len(images) != len(labels):
        raise ValueError(f"idx: {images_file} holds {len(images)} images, but {labels_file} holds {len(labels)} labels")
    return Dataset(images[:, None], labels.astype(np.int64))  # (N, H, W) -> (N, 1, H, W)


def _read(content: str, ndim: int, file: Path) -> npt.NDArray[Any]:
    array = read_idx(file)
    if array.dtype != np.uint8 or array.ndim != ndim:
        raise ValueError(
            f"idx: {file} holds {_description(array)} where {content} (uint8, {_dimensions(ndim)}) were expected"
        )
    if array.size == 0:
        raise ValueError(f"idx: {file} holds no {content}: its shape is {array.shape}")
    return array


def _description(array: npt.NDArray[Any]) -> str:
    known = {1: "labels", 3: "images"} if array.dtype == np.uint8 else {}
    return f"{known.get(array.ndim, 'an array')} ({array.dtype}, {_dimensions(array.ndim)})"


def _dimensions(ndim: int) -> str:
    return f"{ndim} dimension" if ndim == 1 else f"{ndim} dimensions"
