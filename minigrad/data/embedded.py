"""The MNIST handwritten digits, embedded in the package."""

from __future__ import annotations

import hashlib
import struct
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad.data.dataset import Dataset
from minigrad.data.idx_files import read_idx

# Of the uncompressed IDX files.
_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def mnist() -> tuple[Dataset, Dataset]:
    """The MNIST handwritten digits: 60,000 to train on and 10,000 to test on, from the package itself.

    Returns:
        The training set and the test set: images uint8 (N, 1, 28, 28), white on black; labels 0 to 9.

    Raises:
        ValueError: an embedded file is damaged; its SHA-256 is checked.
        FileNotFoundError: an embedded file is missing.

    Source: LeCun, Cortes & Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0.
    """
    return _read_set("train"), _read_set("t10k")


def _read_set(prefix: str) -> Dataset:
    images = _read_verified(f"{prefix}-images-idx3-ubyte")
    labels = _read_verified(f"{prefix}-labels-idx1-ubyte")
    return Dataset(images[:, None], labels.astype(np.int64))  # (N, H, W) -> (N, 1, H, W)


def _read_verified(name: str) -> npt.NDArray[Any]:
    advice = "reinstall minigrad-nn"
    with resources.as_file(resources.files("minigrad.data") / "files" / f"{name}.gz") as file:
        try:
            array = read_idx(file)
        except FileNotFoundError:
            raise FileNotFoundError(f"mnist: {file} is missing; {advice}") from None
        except ValueError as error:
            raise ValueError(f"mnist: {file} is damaged; {advice} ({error})") from None
    digest = _sha256(array)
    if array.dtype != np.uint8 or digest != _SHA256[name]:
        raise ValueError(f"mnist: {file} is damaged; {advice} (SHA-256 {digest}, expected {_SHA256[name]})")
    return array


def _sha256(array: npt.NDArray[Any]) -> str:
    """Of the uncompressed IDX file that the array came from: its header, which the shape implies, then its bytes."""
    digest = hashlib.sha256(struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape))
    digest.update(array.data)
    return digest.hexdigest()
