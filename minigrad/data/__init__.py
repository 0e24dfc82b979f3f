"""Data to train on: MNIST (embedded), sets like it, arrays of one's own, and minibatches of them.

>>> from minigrad import data
>>> train, test = data.mnist()
>>> train
LabelledImages(images (60000, 1, 28, 28) uint8, labels (60000,) int64)
>>> x, t = next(iter(data.batches(train, 32, shuffle=False)))
>>> x.shape, x.dtype, t[:5]
((32, 1, 28, 28), dtype('float32'), array([5, 0, 4, 1, 9]))
"""

from minigrad.data.augmentation import Cutout, RandomNoise, RandomShift
from minigrad.data.dataset import Dataset
from minigrad.data.idx_files import read_idx
from minigrad.data.idx_sets import idx, mnist
from minigrad.data.labelled_images import LabelledImages
from minigrad.data.minibatches import Batches, batches
from minigrad.data.named_sets import fashion_mnist, kmnist
from minigrad.data.normalization import Normalization
from minigrad.data.one_hot import one_hot
from minigrad.data.turning import RandomRotation, RandomZoom

__all__ = [
    "Batches",
    "Cutout",
    "Dataset",
    "LabelledImages",
    "Normalization",
    "RandomNoise",
    "RandomRotation",
    "RandomShift",
    "RandomZoom",
    "batches",
    "fashion_mnist",
    "idx",
    "kmnist",
    "mnist",
    "one_hot",
    "read_idx",
]
