"""Einstein's notation: from what `einsum` is given to one letter for each axis of each operand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from string import ascii_letters
from typing import Any

from minigrad.backend import format_array

FIRST_FURTHER = ord("α")
"""Axes that "..." stands for get letters from here on, which no user can have written."""


def explicit(subscripts: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """The letters of each operand's axes, and of the result's, without "..." and spaces.

    Raises:
        TypeError: subscripts is no string.
        ValueError: it is not understood, or has other numbers of operands or axes.
    """
    if not isinstance(subscripts, str):
        raise TypeError(f'einsum: subscripts must be a string such as "ij,jk->ik", not {type(subscripts).__name__}')
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"einsum: subscripts {subscripts!r} are of {len(terms)} operands, not {len(operands)}")
    for term in (*terms, output):
        _check(subscripts, term)
    further = [x.ndim - len(_named(term)) for term, x in zip(terms, operands, strict=True)]
    for i, (term, x, count) in enumerate(zip(terms, operands, further, strict=True)):
        if count < 0 or (count > 0 and "..." not in term):
            raise ValueError(f"einsum: subscripts {term!r} do not fit the axes of operands[{i}] {format_array(x)}")
    most = max(further)
    letters = "".join(chr(FIRST_FURTHER + i) for i in range(most))
    full = [term.replace("...", letters[most - count :]) for term, count in zip(terms, further, strict=True)]
    if not arrow:
        every = "".join(map(_named, terms))
        output = "..." + "".join(sorted(letter for letter in every if every.count(letter) == 1))
    elif most and "..." not in output:
        raise ValueError(f"einsum: subscripts {subscripts!r} have axes '...', which the result needs, too")
    result = output.replace("...", letters)
    for letter in result:
        if result.count(letter) > 1 or letter not in chain(*full):
            raise ValueError(f"einsum: subscripts {subscripts!r}: the result has {letter!r} twice, or nowhere else")
    return full, result


def lengths(subscripts: str, terms: Sequence[str], operands: Sequence[Any]) -> dict[str, int]:
    """The length of each letter's axes; those of length 1 are broadcast to that of the others.

    Raises:
        ValueError: they differ.
    """
    found: dict[str, int] = {}
    for term, x in zip(terms, operands, strict=True):
        for letter, n in zip(term, x.shape, strict=True):
            if found.setdefault(letter, n) == 1:
                found[letter] = n
    for term, x in zip(terms, operands, strict=True):
        for letter, n in zip(term, x.shape, strict=True):
            along = {m for other, m in zip(term, x.shape, strict=True) if other == letter}
            if n not in (1, found[letter]) or len(along) > 1:
                shapes = " and ".join(format_array(y) for y in operands)
                raise ValueError(f"einsum: subscripts {subscripts!r}: axes of one letter differ in length; {shapes}")
    return found


def _check(subscripts: str, term: str) -> None:
    named = _named(term)
    unknown = [letter for letter in named if letter not in ascii_letters]
    if unknown:
        what = f"{unknown[0]!r} is no letter; it must be letters, '...', ',' and one '->'"
        raise ValueError(f"einsum: subscripts {subscripts!r}: {what}")


def _named(term: str) -> str:
    """The term without its "..."."""
    return term.replace("...", "", 1)
