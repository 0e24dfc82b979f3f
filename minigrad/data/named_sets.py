"""Data sets in MNIST's form that have a name: fetched once, and known by their SHA-256."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigrad.data.downloads import RemoteFile, cache_folder, fetched, sha256_of
from minigrad.data.idx_files import read_idx
from minigrad.data.idx_sets import find_files, idx_sha256, read_sets
from minigrad.data.labelled_images import LabelledImages


@dataclass(frozen=True)
class NamedSet:
    """Four files in the order of `idx_sets.find_files`, the addresses that have them, and where known what is in them.

    `content` has the SHA-256 of uncompressed files: others may have packed them anew.
    """

    name: str
    addresses: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    content: Mapping[str, str]


FASHION_MNIST = NamedSet(
    "fashion_mnist",
    (
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    (
        RemoteFile(
            "train-images-idx3-ubyte.gz",
            26421880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        RemoteFile(
            "train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        RemoteFile(
            "t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        RemoteFile(
            "t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    ),
    {
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
)

KMNIST = NamedSet(
    "kmnist",
    (
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
    (
        RemoteFile(
            "train-images-idx3-ubyte.gz",
            18165135,
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        ),
        RemoteFile(
            "train-labels-idx1-ubyte.gz", 29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"
        ),
        RemoteFile(
            "t10k-images-idx3-ubyte.gz", 3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"
        ),
        RemoteFile(
            "t10k-labels-idx1-ubyte.gz", 5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"
        ),
    ),
    {},
)
"""Its digests are those of TensorFlow Datasets: tensorflow_datasets/url_checksums/kmnist.txt."""


def fashion_mnist(*, directory: str | os.PathLike[str] | None = None) -> tuple[LabelledImages, LabelledImages]:
    """Fashion-MNIST: 60,000 photographs of clothes to train on and 10,000 to test on, of MNIST's size and form.

    The first call fetches 31 MB, which later ones find in the cache: the folder that the environment variable
    MINIGRAD_DATA names, or else the user's cache. Needs the extra `download`, but not with `directory`.

    Args:
        directory: a directory of one's own that has the four files, plain or gzipped; nothing is fetched then.
    Returns:
        The training set and the test set: images uint8 (N, 1, 28, 28), bright on black; labels 0 to 9 for T-shirt or
        top, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
    Raises:
        ImportError: files are to be fetched, and pooch is not installed.
        OSError: they can't be fetched or written; or one is missing in the directory.
        ValueError: a file in the directory is another one than was published: its SHA-256 is checked.
    Source: Xiao, Rasul & Vollgraf 2017, "Fashion-MNIST", https://github.com/zalandoresearch/fashion-mnist, MIT.
    """
    return _load(FASHION_MNIST, directory)


def kmnist(*, directory: str | os.PathLike[str] | None = None) -> tuple[LabelledImages, LabelledImages]:
    """Kuzushiji-MNIST: 60,000 cursive Japanese characters to train on and 10,000 to test on, of MNIST's size and form.

    As `fashion_mnist`, with 21 MB.

    Args:
        directory: a directory of one's own that has the four files gzipped as they were published; nothing is fetched
            then.
    Returns:
        The training set and the test set: images uint8 (N, 1, 28, 28), white on black; labels 0 to 9 for o, ki, su,
        tsu, na, ha, ma, ya, re, wo.
    Raises:
        ImportError: files are to be fetched, and pooch is not installed.
        OSError: they can't be fetched or written; or one is missing in the directory.
        ValueError: a file in the directory is another one than was published: its SHA-256 is checked.
    Source: Clanuwat et al. 2018, "Deep Learning for Classical Japanese Literature",
    http://codh.rois.ac.jp/kmnist/, CC BY-SA 4.0.
    """
    return _load(KMNIST, directory)


def _load(named: NamedSet, directory: str | os.PathLike[str] | None) -> tuple[LabelledImages, LabelledImages]:
    if directory is None:
        folder = cache_folder(named.name) / named.name
        return read_sets([fetched(named.name, file, folder, named.addresses) for file in named.files])
    paths = find_files(named.name, directory)
    for path, file in zip(paths, named.files, strict=True):
        _verify(named, path, file)
    return read_sets(paths)


def _verify(named: NamedSet, path: Path, file: RemoteFile) -> None:
    digest, content = sha256_of(path), named.content.get(file.name)
    if digest == file.sha256:
        return
    if content is not None:
        array = read_idx(path)
        digest = idx_sha256(array) if array.dtype == np.uint8 else digest
        if digest == content:
            return
    other = f"its SHA-256 is {digest}, not {content or file.sha256}"
    raise ValueError(f"{named.name}: {path} is another file than was published: {other}; data.idx() reads any")
