"""Matrix products and forks of the process, one at a time.

NumPy's library of matrix products ends its threads before a fork, and waits for ever for one that is at work.
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


def not_while_forking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; a fork waits until no other thread is in it, and meanwhile none begins."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            with _gate:
                _inside.add(get_ident())
            return function(*arguments)
        finally:
            _inside.discard(get_ident())

    return call


def _wait_for_others() -> None:
    _gate.acquire()
    while _inside - {get_ident()}:
        time.sleep(0.0005)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_others, after_in_parent=_gate.release, after_in_child=_gate.release)
