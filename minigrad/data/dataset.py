"""Arrays in memory whose rows belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.backend import Array, device_of, format_array, is_array, to_device, to_numpy
from minigrad.backend.placement import own_key
from minigrad.core import config

Index: TypeAlias = Any
"""An int, a slice, or a 1-D array of ints or bools."""

Batch: TypeAlias = Any
"""Arrays of rows in the form of their data set: a tuple, a dict or one array."""


class Dataset:
    """Arrays of one length, whose rows belong together; indexing gives rows of all of them, where they are.

    Args:
        arrays: the arrays, each (N, ...), such as the inputs x and the targets t; or one dict of arrays by name. They
            are not copied.

    Raises:
        TypeError: what is given is no array, or a name no string.
        ValueError: there is no array, or they differ in length or device.

    >>> x, t = np.arange(6.0).reshape(3, 2), np.array([7, 8, 9])
    >>> Dataset(x, t)[1:]
    (array([[2., 3.],
           [4., 5.]]), array([8, 9]))
    >>> Dataset({"input": x, "target": t})[0]
    {'input': array([0., 1.]), 'target': np.int64(7)}
    >>> Dataset(t)[np.array([2, 0])]
    array([9, 7])
    """

    def __init__(self, *arrays: Any) -> None:
        one = arrays[0] if len(arrays) == 1 and not isinstance(arrays[0], tuple) else arrays
        self._arrays: Batch = dict(one) if isinstance(one, dict) else one
        self._check()

    def _check(self) -> None:
        owner, named = type(self).__name__, list(self._named())
        for name, array in named:
            if not is_array(array):
                one = isinstance(array, (tuple, list)) and any(map(is_array, array))
                advice = "give arrays one by one, Dataset(x, t)" if one else "write np.array(...)"
                raise TypeError(f"{owner}: {name} must be an array, not {type(array).__name__}; {advice}")
            if array.ndim == 0:
                raise ValueError(f"{owner}: {name} must be (N, ...), not a single number")
        if not named:
            raise ValueError(f"{owner}: there are no arrays; write Dataset(x, t)")
        first, x = named[0]
        for name, array in named[1:]:
            if len(array) != len(x):
                raise ValueError(f"{owner}: {first} has {len(x)} rows, but {name} has {len(array)}; {self}")
            if device_of(array) != device_of(x):
                where = f"{first} is on {device_of(x)}, {name} on {device_of(array)}"
                raise ValueError(f'{owner}: {where}; move a whole set with dataset.to("cuda") or .to("cpu")')

    def _named(self) -> Iterator[tuple[str, Array]]:
        """Each array, with what error messages call it."""
        if isinstance(self._arrays, dict):
            for name, array in self._arrays.items():
                if not isinstance(name, str):
                    raise TypeError(f"{type(self).__name__}: the name of an array must be a str, not {name!r}")
                yield repr(name), array
        elif isinstance(self._arrays, tuple):
            yield from ((f"array {i}", array) for i, array in enumerate(self._arrays))
        else:
            yield "the array", self._arrays

    @property
    def arrays(self) -> Batch:
        """The arrays themselves, as they were given: a tuple, a dict or one array."""
        return dict(self._arrays) if isinstance(self._arrays, dict) else self._arrays

    @property
    def device(self) -> str:
        """Where the arrays are: "cpu" or "cuda:0"."""
        return device_of(next(self._named())[1])

    def __len__(self) -> int:
        return len(next(self._named())[1])

    def __repr__(self) -> str:
        names = isinstance(self._arrays, dict)
        texts = [f"{name[1:-1]} {format_array(a)}" if names else format_array(a) for name, a in self._named()]
        return f"{type(self).__name__}({', '.join(texts)})"

    def __getitem__(self, index: Index) -> Batch:
        """Copies of the rows at `index`, an int, a slice, an array of ints or a mask of bools.

        Returns:
            a tuple, a dict or one array, as the data set was given; of an int, one row of each array.
        """
        return self._rows("Dataset[index]", index, copied)

    def _rows(self, argument: str, index: Index, make: Callable[[Array, Any], Array]) -> Batch:
        """What `make(array, key)` makes of each array, with the index as a key that suits it and nobody else edits."""
        one = isinstance(index, int | np.integer) and not isinstance(index, bool)
        many = is_array(index) and index.ndim == 1 and index.dtype.kind in "iub"
        if not (one or many or isinstance(index, slice)):
            wanted = "an int, a slice, or a 1-D array of ints or bools"
            raise TypeError(f"{argument}: index must be {wanted}, not {index!r}")
        try:
            key = own_key((index,), next(self._named())[1])
            return each(self._arrays, lambda array: make(array, key))
        except IndexError as error:
            raise IndexError(f"{self}: {error}") from None

    def _with(self, arrays: Batch) -> Self:
        """A data set of the same kind."""
        return type(self)(*arrays) if isinstance(arrays, tuple) else type(self)(arrays)

    def to(self, device: str) -> Self:
        """This data set on `device` ("cpu", "cuda", "cuda:1"), from which its minibatches come then."""
        return self._with(each(self._arrays, lambda array: to_device(array, device)))

    def subset(self, indices: Index) -> Self:
        """The examples at `indices`, a slice (then as views), an array of ints or a mask of bools, in that order."""
        if isinstance(indices, int | np.integer):
            raise TypeError(f"subset: indices must be a slice or an array, not {indices!r}; an example is dataset[i]")
        return self._with(self._rows("subset", indices, lambda array, key: array[key]))

    def split(self, n: int) -> tuple[Self, Self]:
        """The first `n` examples and the rest, as views."""
        n = self._count("split", n)
        return self.subset(slice(n)), self.subset(slice(n, None))

    def stratified_split(
        self, n: int, *, labels: Array | None = None, rng: np.random.Generator | None = None
    ) -> tuple[Self, Self]:
        """`n` examples drawn at random and the rest, each class in both in the proportion that it has in the whole.

        No class is off by one example or more. Both parts keep the data set's order.

        Args:
            n: examples in the first part.
            labels: the class of each example, (N,) ints, bools or strings; of LabelledImages by default its labels.
            rng: the generator that draws; by default the context's (`minigrad.seed`).
        Raises:
            TypeError: labels are missing or no such array, or n is no int.
            ValueError: n is more than there is, or labels have another length than the data set.

        >>> even, odd = np.arange(0, 12, 2), np.arange(1, 6, 2)
        >>> numbers = np.concatenate([even, odd])
        >>> one, other = Dataset(numbers).stratified_split(3, labels=numbers % 2, rng=np.random.default_rng(0))
        >>> one[:], other[:]
        (array([ 8, 10,  1]), array([0, 2, 4, 6, 3, 5]))
        """
        n = self._count("stratified_split", n)
        checks.optional_generator("stratified_split", "rng", rng)
        if not is_array(labels):
            given = "missing" if labels is None else f"no array but {type(labels).__name__}"
            raise TypeError(f"stratified_split: labels are {given}; write labels=t, an array of each example's class")
        classes = to_numpy(labels)
        if classes.dtype.kind not in "iubU":
            raise TypeError(f"stratified_split: labels must be ints, bools or strings, not {classes.dtype}")
        if classes.shape != (len(self),):
            raise ValueError(f"stratified_split: labels must be ({len(self)},), not {classes.shape}; {self}")
        first = drawn_evenly(n, classes, config.generator() if rng is None else rng)
        return self.subset(np.flatnonzero(first)), self.subset(np.flatnonzero(~first))

    def _count(self, owner: str, n: int) -> int:
        if not 0 <= checks.integer(owner, "n", n, least=None) <= len(self):
            raise ValueError(f"{owner}: n must be in 0 to {len(self)}, not {n}; {self}")
        return int(n)


def each(arrays: Batch, function: Callable[[Array], Any]) -> Batch:
    """What the function makes of each array, in the same form: a tuple, a dict or one alone."""
    if isinstance(arrays, tuple):
        return tuple(map(function, arrays))
    if isinstance(arrays, dict):
        return {name: function(array) for name, array in arrays.items()}
    return function(arrays)


def copied(array: Array, key: Any) -> Array:
    """The rows at the key, in memory of their own, which NumPy gives unasked where the key is an array."""
    rows = array[key]
    return rows if hasattr(key[0], "dtype") and key[0].ndim else rows.copy()


def drawn_evenly(
    n: int, classes: np.ndarray[Any, Any], rng: np.random.Generator
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """A mask of `n` rows drawn at random, of each class as many as its proportion asks for, rounded down or up.

    The classes with the largest remainders are rounded up, of equal ones the first.
    """
    _, numbers, counts = np.unique(classes, return_inverse=True, return_counts=True)
    quotas, remainders = np.divmod(n * counts, max(1, len(classes)))
    quotas[np.argsort(-remainders, kind="stable")[: n - quotas.sum()]] += 1
    order = rng.permutation(len(classes))
    order = order[np.argsort(numbers[order], kind="stable")]  # class by class, at random within each
    places = np.arange(len(classes)) - np.repeat(np.cumsum(counts) - counts, counts)  # of each within its class
    mask = np.zeros(len(classes), np.bool_)
    mask[order[places < np.repeat(quotas, counts)]] = True
    return mask
