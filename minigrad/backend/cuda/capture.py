"""Capture: the work of a training step as a CUDA graph, with the numbers that are others in each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from typing import Any, Self

import cupy
import numpy as np

Array = Any
Numbers = Callable[[], Sequence[float]]

_current: ContextVar[Capture | None] = ContextVar("capture", default=None)


class Capture:
    """What the device does in a `with` block, to be done later and again: nothing of it is done before `replay`.

    Python's work is not repeated, but for the numbers that change from step to step, such as the seeds of dropout and
    the count of an optimizer's steps. All else must be as it was, in the same arrays; copy new minibatches into these.
    Run the step once on `stream` before, which compiles kernels and makes the optimizer's arrays.
    """

    def __init__(self) -> None:
        self.stream = cupy.cuda.Stream(non_blocking=True)
        self._memory = cupy.cuda.MemoryPool()  # of the graph alone, which writes to what it freed
        self._numbers: list[tuple[Array, Numbers]] = []
        self._graph: Any = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.stream)
            stack.enter_context(cupy.cuda.using_allocator(self._memory.malloc))
            stack.callback(_current.reset, _current.set(self))
            self.stream.begin_capture()
            self._leave = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._leave:
            self._graph = self.stream.end_capture()

    def replay(self) -> None:
        """Do it (again), with the next numbers."""
        with self.stream:
            for array, numbers in self._numbers:
                array.set(np.asarray(numbers(), array.dtype))
            self._graph.launch(self.stream)


def capturing() -> bool:
    """True while a graph is captured."""
    return _current.get() is not None


def later(numbers: Numbers, count: int, dtype: Any) -> Array | None:
    """While a graph is captured, an array that has the `count` next numbers in each replay; else None."""
    capture = _current.get()
    if capture is None:
        return None
    with cupy.cuda.using_allocator():  # none of the graph's memory, to which other kernels write before
        array = cupy.empty(count, dtype)
    capture._numbers.append((array, numbers))
    return array
