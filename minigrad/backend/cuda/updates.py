"""An optimizer's step: its formula for all parameters, as many in one launch as its arguments have room for."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.backend import accumulation_dtype
from minigrad.backend.cuda.capture import capturing, later
from minigrad.backend.cuda.formulas import cuda_source
from minigrad.backend.cuda.launching import SOURCES, THREADS, compiled, structure

if TYPE_CHECKING:
    from minigrad.backend.kernels import Formula, Update

Array = Any
ROOM, MOST = 496, 32
"""The words of 8 bytes that a launch takes by value (4 KiB less the other arguments), and the most parameters in it."""

PER_THREAD = 4
"""The numbers that a thread updates."""


class _Launch(NamedTuple):
    """The compiled step for a formula and dtype, how many parameters it takes together, and how to pack them."""

    kernel: Any
    together: int
    words: int
    packing: Callable[[int], struct.Struct]


def update(formula: Formula, updates: Iterable[Update]) -> None:
    """Change parameters of one dtype and their slots in place, in the order given."""
    waiting = iter(updates)
    while first := list(islice(waiting, 1)):
        slots, numbers = len(first[0].slots), len(first[0].numbers())
        launch = _launch(formula, first[0].p.dtype, slots, numbers)
        if launch is None:
            _update_arrays(formula, first[0])
        else:
            _update_together(launch, [*first, *islice(waiting, launch.together - 1)], numbers)


def _update_together(launch: _Launch, updates: Sequence[Update], count: int) -> None:
    copies = [_in_one_order(each) for each in updates]
    blocks, words = 0, []
    numbers = later(lambda: _next_numbers(updates), count * len(updates), np.float64)
    for each, arrays in zip(updates, copies, strict=True):
        size = each.p.size
        words += [
            *(array.data.ptr for array in arrays),
            size,
            blocks,
            *(each.numbers() if numbers is None else [0] * count),
        ]
        blocks += -(-size // (PER_THREAD * THREADS))
    arguments = np.empty(launch.together * launch.words, np.int64)
    launch.packing(len(updates)).pack_into(arguments.data, 0, *words)
    if blocks:
        launch.kernel((blocks,), (THREADS,), (structure(arguments), np.int32(len(updates)), numbers))
    for each, (p, _, *slots) in zip(updates, copies, strict=True):
        if p is not each.p:
            for old, new in zip((each.p, *each.slots), (p, *slots), strict=True):
                old[...] = new
        if numbers is None:
            each.done()


def _next_numbers(updates: Sequence[Update]) -> list[float]:
    found = [number for each in updates for number in each.numbers()]
    for each in updates:
        each.done()
    return found


def _in_one_order(update: Update) -> list[Array]:
    """p, g and the slots with their numbers one after the other in memory; copies where they are not."""
    arrays = [update.p, update.g, *update.slots]
    for array in arrays:
        if not array.flags.c_contiguous:
            return [array.copy("C") for array in arrays]
    return arrays


def _update_arrays(formula: Formula, update: Update) -> None:
    """Do the step with operations on whole arrays: a formula that branches raises what it does on NumPy's."""
    if capturing():
        raise NotImplementedError(f"{formula.__name__} can't be captured: it is not made of NumPy's functions alone")
    p, g, slots = update.p, update.g, update.slots
    results = formula(p, g.astype(accumulation_dtype(p.dtype), copy=False), *slots, *update.numbers())
    for old, new in zip((p, *slots), results if isinstance(results, tuple) else (results,), strict=True):
        old[...] = new
    update.done()


@lru_cache(maxsize=64)
def _launch(formula: Formula, dtype: Any, slots: int, numbers: int) -> _Launch | None:
    source, words = cuda_source(formula, slots, numbers), slots + numbers + 4
    if source is None or words > ROOM:
        return None
    together = min(MOST, ROOM // words)
    sizes = {"SLOTS": slots, "NUMBERS": numbers, "WORDS": words, "TOGETHER": together, "PER_THREAD": PER_THREAD}
    module = compiled((SOURCES / "update.cu").read_text("utf-8") + source, dtype, **sizes)

    @lru_cache(maxsize=MOST)
    def packing(count: int) -> struct.Struct:
        return struct.Struct("=" + f"{slots + 4}q{numbers}d" * count)

    return _Launch(module.get_function("update"), together, words, packing)
