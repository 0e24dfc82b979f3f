"""Minibatches that a thread makes ahead of the loop."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

from minigrad.data.dataset import Batch

PATIENCE = 1.0
"""Seconds to wait for the thread's end: what the minibatch in work waits for may be held by who waits here."""


def prefetched(make: Callable[[int], Batch], numbers: range, n: int) -> Iterator[Batch]:
    """Yield `make(number)` for each number; meanwhile a thread makes the next n, in the context of this call.

    The thread ends when the iterator ends, is closed or is freed, after the minibatch that it is making; and with the
    interpreter. An exception in it comes out here, in its minibatch's place. In a forked child process, where there is
    no thread any more, another one makes what is missing: `make` gives the same whoever calls it.
    """
    context = copy_context()  # now, not when the first minibatch is asked for

    def minibatches() -> Iterator[Batch]:
        worker, process, made = Worker(), os.getpid(), deque[Future[Batch]]()
        run = context.run
        try:
            try:
                for number in numbers:
                    if os.getpid() != process:
                        worker, process, made = Worker(), os.getpid(), deque()
                        run = context.copy().run  # the context itself stays entered if the thread was in it
                    for following in range(number + len(made), min(number + n + 1, numbers.stop)):
                        made.append(worker.submit(run, make, following))
                    yield made.popleft().result()
            finally:
                worker.end()
        finally:
            worker.end()  # once more: Ctrl-C may have come in between

    return minibatches()


class Worker:
    """One thread that calls functions in turn; it starts with the first of them."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._pool = ThreadPoolExecutor(1, "minigrad-prefetch", _note_thread, (self._threads,))
        self.submit = self._pool.submit

    def end(self) -> None:
        """Forget what is not begun, and wait for the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for thread in self._threads:
            if thread is not threading.current_thread():  # where garbage is collected, this may be called
                thread.join(PATIENCE)


def _note_thread(threads: list[threading.Thread]) -> None:
    threads.append(threading.current_thread())
