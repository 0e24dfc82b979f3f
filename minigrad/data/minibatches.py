"""Minibatches: a data set in small shuffled pieces."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from minigrad import checks
from minigrad.backend import Array, to_device
from minigrad.core import config
from minigrad.data.dataset import Batch, Dataset
from minigrad.data.prefetch import prefetched

Augmentation: TypeAlias = Callable[[Array, np.random.Generator], Array]
"""Changes a minibatch's images x at random, with the numbers of a generator."""

Part: TypeAlias = int | str | None
"""Which of a minibatch's arrays: its place in the tuple or its name in the dict; None stands for all of it."""


def batches(
    dataset: Dataset,
    batch_size: int,
    *,
    shuffle: bool = True,
    drop_last: bool = False,
    rng: np.random.Generator | None = None,
) -> Batches:
    """Cut a data set into minibatches.

    Args:
        dataset: the data set to go through.
        batch_size: examples in a minibatch; the last one of a pass may have fewer.
        shuffle: take each pass in a new random order.
        drop_last: leave out a pass's last minibatch if it has fewer examples.
        rng: the generator that shuffles; by default the context's when a pass starts (`minigrad.seed`).
    Returns:
        minibatches for a `for` loop, or one after the other, each with what `dataset[rows]` gives: of LabelledImages
        (x, t), x float32 (batch_size, C, H, W) in [0, 1], t int64 (batch_size,). Each loop is a pass of its own; `len`
        says how many minibatches a pass has.
    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a number is out of range, or there is no minibatch to take.

    >>> five = Dataset(np.arange(10.0).reshape(5, 2), np.arange(5))
    >>> minibatches = batches(five, 2, shuffle=False)
    >>> for epoch in range(2):
    ...     print(len(minibatches), [t.tolist() for x, t in minibatches])
    3 [[0, 1], [2, 3], [4]]
    3 [[0, 1], [2, 3], [4]]
    """
    if not isinstance(dataset, Dataset):
        several = isinstance(dataset, tuple) and all(isinstance(part, Dataset) for part in dataset)
        advice = "train, test = data.mnist()" if several else "data.Dataset(x, t)"
        raise TypeError(f"batches: dataset must be a Dataset, not {type(dataset).__name__}; write {advice}")
    checks.optional_generator("batches", "rng", rng)
    checks.integer("batches", "batch_size", batch_size)
    checks.boolean("batches", "shuffle", shuffle)
    checks.boolean("batches", "drop_last", drop_last)
    if len(dataset) < (batch_size if drop_last else 1):
        options = f"batch_size={batch_size}, drop_last={drop_last}"
        raise ValueError(f"batches: {len(dataset)} examples make no minibatch; {options}, {dataset}")
    return Batches(dataset, batch_size, shuffle, drop_last, rng)


@dataclass(frozen=True)
class Change:
    """A function of a minibatch, or of one part of it; a random one takes a generator as well."""

    function: Callable[..., Any]
    part: Part
    random: bool

    def __call__(self, batch: Batch, rng: np.random.Generator | None) -> Batch:
        """The minibatch with the change made, as a new tuple or dict."""
        options = (rng,) if self.random else ()
        if self.part is None:
            return self.function(batch, *options)
        changed = self.function(batch[self.part], *options)
        if isinstance(batch, dict):
            return {**batch, self.part: changed}
        return tuple(changed if i == self.part else array for i, array in enumerate(batch))


@dataclass(frozen=True, eq=False)
class Batches:
    """The minibatches of a data set, made by `batches`; each iteration draws all that it needs when it starts.

    What is drawn is the order and a seed for the augmentations, so that a minibatch is the same whenever and wherever
    it is made: also if those before it are left out (`start`), or in another thread (`prefetch`).

    The methods `augment`, `map`, `repeat` and `prefetch` return new Batches. Changes are made in the order in which
    they are asked for; the others may be asked for in any order.
    """

    dataset: Dataset
    batch_size: int
    shuffle: bool
    drop_last: bool
    rng: np.random.Generator | None
    changes: tuple[Change, ...] = ()
    passes: int = 1
    ahead: int = 0

    def augment(self, *augmentations: Augmentation, part: Part = None) -> Batches:
        """These minibatches with their images changed at random, by one augmentation after the other.

        Args:
            augmentations: each called as f(x, rng), with a generator that this minibatch of this pass has for itself.
            part: what x is: its place in the tuple, by default 0, or its name in the dict.
        """
        for augmentation in augmentations:
            if not callable(augmentation):
                raise TypeError(f"augment: an augmentation must be callable as f(x, rng), not {augmentation!r}")
        if part is None and isinstance(self.dataset.arrays, dict):
            raise TypeError(f"augment: which array is x? write part=, one of {list(self.dataset.arrays)}")
        first = 0 if part is None and isinstance(self.dataset.arrays, tuple) else part
        return self._changed("augment", first, *augmentations, random=True)

    def map(self, *functions: Callable[[Any], Any], part: Part = None) -> Batches:
        """These minibatches with what functions make of them, one after the other.

        Args:
            functions: each called as f(batch), and without effects on anything else: `prefetch` calls them in a thread.
            part: the place or the name of the one array that they take and give; by default the whole minibatch.

        >>> numbers = Dataset(np.arange(4.0), np.arange(4))
        >>> list(batches(numbers, 2, shuffle=False).map(np.sqrt, part=0).map(lambda batch: batch[0].round(1)))
        [array([0., 1.]), array([1.4, 1.7])]
        """
        for function in functions:
            if not callable(function):
                raise TypeError(f"map: a function must be callable as f(batch), not {function!r}")
        return self._changed("map", part, *functions, random=False)

    def _changed(self, owner: str, part: Part, *functions: Callable[..., Any], random: bool) -> Batches:
        arrays = self.dataset.arrays
        places = list(arrays) if isinstance(arrays, dict) else range(len(arrays)) if isinstance(arrays, tuple) else ()
        anything = any(change.part is None for change in self.changes)  # only the function knows what it returned
        if part is not None and part not in places and not anything:
            raise ValueError(f"{owner}: part must be one of {list(places)}, not {part!r}; {self.dataset}")
        return replace(self, changes=(*self.changes, *(Change(function, part, random) for function in functions)))

    def repeat(self, n: int) -> Batches:
        """`n` passes as one, each in an order of its own; `len` says how many minibatches they have together."""
        return replace(self, passes=self.passes * checks.integer("repeat", "n", n))

    def prefetch(self, n: int = 2) -> Batches:
        """These minibatches, of which a background thread makes the next `n` while the loop works with one.

        The numbers are the same. Augmentations and functions run in the thread, with the switches that were on when the
        loop began; an exception in them comes out in the loop. The thread is there for as long as the loop is: it ends
        at `break` and on exceptions, on Ctrl-C too. An iterator that is kept beyond that may be closed with `.close()`.
        """
        return replace(self, ahead=checks.integer("prefetch", "n", n))

    def __len__(self) -> int:
        return self.passes * self._per_pass()

    def _per_pass(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Batch]:
        return self.start()

    def start(self, skip: int = 0) -> Generator[Batch, None, None]:
        """Begin a pass as `iter` does, but behind its first `skip` minibatches, which are not made.

        All that the pass draws from the generator is drawn now. A pass that was left in the middle goes on, bit for
        bit, if the generator is put back to where it was when the pass began and as many minibatches are skipped.

        >>> minibatches = batches(Dataset(np.arange(6)), 2, rng=np.random.default_rng(0))
        >>> before = minibatches.rng.bit_generator.state
        >>> [x.tolist() for x in minibatches]
        [[3, 2], [5, 4], [0, 1]]
        >>> minibatches.rng.bit_generator.state = before
        >>> [x.tolist() for x in minibatches.start(skip=2)]
        [[0, 1]]
        """
        if checks.integer("start", "skip", skip, least=0) > len(self):
            raise ValueError(f"start: skip must be at most {len(self)}, the number of minibatches, not {skip}")
        make, numbers = _Drawn(self), range(skip, len(self))
        return prefetched(make, numbers, self.ahead) if self.ahead else (make(number) for number in numbers)


class _Drawn:
    """What an iteration has drawn from the generator; calling it makes the minibatch of a number, always the same."""

    def __init__(self, batches: Batches) -> None:
        self._batches, self._random = batches, any(change.random for change in batches.changes)
        self._seeds = np.zeros(batches.passes, np.int64)
        generator = config.generator() if batches.rng is None else batches.rng
        if batches.passes == 1:
            self._pass, (self._order, self._seed) = 0, self._draw(generator)
        else:  # each pass has a generator of its own, and what it needs is drawn when it is its turn
            self._pass, self._order, self._seed = -1, None, 0
            if batches.shuffle or self._random:
                self._seeds = generator.integers(2**63, size=batches.passes)

    def _draw(self, generator: np.random.Generator) -> tuple[Array | None, int]:
        """A pass's order, None if it is that of the data set, and its seed."""
        order, dataset = None, self._batches.dataset
        if self._batches.shuffle:
            order = to_device(generator.permutation(len(dataset)), dataset.device)  # once, not for each minibatch
        return order, int(generator.integers(2**63)) if self._random else 0

    def __call__(self, number: int) -> Batch:
        batches = self._batches
        turn, i = divmod(number, batches._per_pass())
        if turn != self._pass:
            self._order, self._seed = self._draw(np.random.default_rng(self._seeds[turn]))
            self._pass = turn
        rows = slice(i * batches.batch_size, (i + 1) * batches.batch_size)
        batch = batches.dataset[rows if self._order is None else self._order[rows]]
        rng = np.random.default_rng([self._seed, i]) if self._random else None
        for change in batches.changes:
            batch = change(batch, rng)
        return batch
