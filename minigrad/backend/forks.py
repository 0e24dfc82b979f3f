"""Forks of the process, which wait for what other threads are doing.

A lock that another thread holds stays locked in the child for ever. NumPy's library of matrix products ends its threads
before a fork, and waits for ever for one that is at work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import wraps
from threading import Lock, get_ident
from typing import Any

_gate = Lock()  # held by a thread that enters, and while the process forks
_inside: set[int] = set()  # the threads that are in a product
_locks: list[Any] = [_gate]  # what a fork takes, in this order
_held: list[Any] = []  # what it has taken


def not_while_forking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; a fork waits until no other thread is in it, and meanwhile none begins."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        thread = get_ident()
        try:
            with _gate:
                _inside.add(thread)
            return function(*arguments)
        finally:
            _inside.discard(thread)

    return call


def held_while_forking(lock: Any) -> None:
    """From now on a fork waits until it has the lock, and lets go of it in the parent and in the child."""
    _locks.insert(0, lock)


def _before() -> None:
    for lock in tuple(_locks):
        lock.acquire()
        _held.append(lock)
    while _inside - {get_ident()}:
        time.sleep(0.0005)


def _after() -> None:
    taken = _held[::-1]
    _held.clear()  # another thread may fork as soon as the last one is free
    for lock in taken:
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
