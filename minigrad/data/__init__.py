"""Data to train on: MNIST (embedded), any other set of IDX files, and minibatches of them.

>>> from minigrad import data
>>> train, test = data.mnist()
>>> train
Dataset(images (60000, 1, 28, 28) uint8, labels (60000,) int64)
>>> x, t = next(iter(data.batches(train, 32, shuffle=False)))
>>> x.shape, x.dtype, t[:5]
((32, 1, 28, 28), dtype('float32'), array([5, 0, 4, 1, 9]))
"""

from minigrad.data.augmentation import RandomShift
from minigrad.data.dataset import Dataset
from minigrad.data.idx_files import read_idx
from minigrad.data.idx_sets import idx, mnist
from minigrad.data.minibatches import batches, one_hot

__all__ = ["Dataset", "RandomShift", "batches", "idx", "mnist", "one_hot", "read_idx"]
