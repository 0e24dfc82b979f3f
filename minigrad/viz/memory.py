"""Memory: whose bytes an array shows, and how many are alive."""

from __future__ import annotations

import weakref

from minigrad.backend import Array, is_array


class Alive:
    """Counts the bytes of arrays until they are freed; views count as the array whose memory they show, once."""

    def __init__(self) -> None:
        self.bytes = 0
        self.peak = 0
        self._known: dict[int, weakref.ref[Array]] = {}

    def add(self, array: Array) -> None:
        """Count the array's memory, if it is not counted yet."""
        owner = owner_of(array)
        key, size = id(owner), owner.nbytes
        if key in self._known:
            return

        def freed(_: weakref.ref[Array]) -> None:
            self.bytes -= size
            del self._known[key]

        self._known[key] = weakref.ref(owner, freed)
        self.bytes += size
        self.peak = max(self.peak, self.bytes)


def owner_of(array: Array) -> Array:
    """The array whose memory a view shows."""
    while is_array(array.base):
        array = array.base
    return array
