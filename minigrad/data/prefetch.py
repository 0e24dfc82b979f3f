"""Minibatches that a thread makes ahead of the loop."""

from __future__ import annotations

import _thread
import os
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from minigrad.data.dataset import Batch

PATIENCE = 1.0
"""Seconds to wait for the thread's end: what the minibatch in work waits for may be held by who waits here."""


def prefetched(make: Callable[[int], Batch], numbers: range, n: int) -> Generator[Batch, None, None]:
    """Yield `make(number)` for each number; meanwhile a thread makes the next n, in the context of this call.

    The thread ends when the iterator ends, is closed or is freed, after the minibatch that it is making; and with the
    interpreter. An exception in it comes out here, in its minibatch's place. In a forked child process, where there is
    no thread any more, another one makes what is missing: `make` gives the same whoever calls it.
    """
    context = copy_context()  # now, not when the first minibatch is asked for

    def minibatches() -> Generator[Batch, None, None]:
        worker, process, asked = Worker(make, context), os.getpid(), numbers.start
        try:
            try:
                for number in numbers:
                    if os.getpid() != process:  # the context stays entered if the thread was in it
                        worker, process, asked = Worker(make, context.copy()), os.getpid(), number
                    for following in range(asked, min(number + n + 1, numbers.stop)):
                        worker.ask(following)
                        asked = following + 1
                    yield worker.take()
            finally:
                worker.end()
        finally:
            worker.end()  # once more: Ctrl-C may have come in between

    return minibatches()


@dataclass
class Belt:
    """What the loop and the thread share: the numbers that are asked for, and what was made of them."""

    numbers: SimpleQueue[int | None]
    made: SimpleQueue[tuple[Batch, BaseException | None]]
    ended: bool = False


class Worker:
    """A thread that calls `make` with one number after the other in a context, and hands out what it returns or raises.

    Ctrl-C can break what the standard library's pools, conditions and events do in Python, but no queue written in C.
    """

    def __init__(self, make: Callable[[int], Batch], context: Context) -> None:
        self._belt = Belt(SimpleQueue(), SimpleQueue())
        work = partial(context.run, _work, make, self._belt)
        self._thread = threading.Thread(target=work, name="minigrad-prefetch", daemon=True)
        self._at_exit = weakref.finalize(self, _end, self._belt, self._thread)
        self._begun = False

    def ask(self, number: int) -> None:
        """Let the thread make a minibatch."""
        self._belt.numbers.put(number)
        if not self._begun:
            self._begun = True
            _thread.start_new_thread(_start, (self._thread, self._belt))

    def take(self) -> Batch:
        """The minibatch of the first number that was asked for and not yet taken, or the exception instead of it."""
        batch, error = self._belt.made.get()
        if error is not None:
            try:
                raise error
            finally:
                del error  # it holds this frame
        return batch

    def end(self) -> None:
        """Make nothing more, and wait for the thread's end."""
        _end(self._belt, self._thread)
        self._at_exit.detach()  # Ctrl-C in a finalizer would be lost


def _start(thread: threading.Thread, belt: Belt) -> None:
    """Start the thread, from yet another one: `start` waits for it, and breaks if Ctrl-C comes meanwhile."""
    try:
        thread.start()
    except RuntimeError as error:  # there are too many threads
        belt.made.put((None, error))


def _work(make: Callable[[int], Batch], belt: Belt) -> None:
    _wait_for_a_turn()
    while (number := belt.numbers.get()) is not None and not belt.ended:
        try:
            belt.made.put((make(number), None))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the loop is told
            belt.made.put((None, error))


def _wait_for_a_turn() -> None:
    """Let this thread wait for its turn when it wakes: a kernel of which it interrupts one thread stops in all."""
    if hasattr(os, "SCHED_BATCH"):  # on Linux; there it is of the calling thread, and of those that it starts
        with suppress(OSError):  # not everybody may ask for it
            if os.sched_getscheduler(0) == os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _end(belt: Belt, thread: threading.Thread) -> None:
    belt.ended = True
    belt.numbers.put(None)
    if thread.is_alive() and thread is not threading.current_thread():  # where garbage is collected, this may be called
        thread.join(PATIENCE)
