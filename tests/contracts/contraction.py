"""Contracts of functions/contraction.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec, Shape
from minigrad.testing.strategies import shapes

MOST_AXES = 3


def einsum(*operands: Any, subscripts: str) -> Any:
    """F.einsum with the subscripts as a parameter."""
    return F.einsum(subscripts, *operands)


@st.composite
def contractions(draw: st.DrawFn) -> Call:
    """Subscripts and shapes of one operand to three, often with a diagonal, further axes or an axis to stretch."""
    length = {letter: draw(st.sampled_from([2, 2, 3, 1, 0])) for letter in "jiK"}  # not in alphabetical order
    further = tuple(draw(st.lists(st.integers(1, 2), max_size=1)))
    several = draw(st.booleans())
    terms, found = [], []
    for _ in range(draw(st.integers(1, 3))):
        letters = draw(st.lists(st.sampled_from("jiK"), max_size=2))
        shape: Shape = tuple(length[letter] for letter in letters)
        if len(set(letters)) == len(letters) and draw(st.integers(0, 3)) == 3:
            shape = tuple(1 if draw(st.booleans()) else n for n in shape)
        place = draw(st.integers(0, len(letters)))
        if several and draw(st.booleans()):
            axes = further[draw(st.integers(0, len(further))) :]
            terms.append("".join(letters[:place]) + "..." + "".join(letters[place:]))
            found.append((*shape[:place], *axes, *shape[place:]))
        else:
            terms.append("".join(letters))
            found.append(shape)
    inputs = ",".join(terms)
    if draw(st.booleans()):
        return Call(tuple(found), {"subscripts": inputs})
    there = [letter for letter in "ijK" if letter in inputs]
    kept = draw(st.permutations(there))[: draw(st.integers(0, len(there)))]
    place = draw(st.integers(0, len(kept)))
    dots = "..." if "..." in inputs else ""
    return Call(tuple(found), {"subscripts": f"{inputs} -> {''.join(kept[:place])}{dots}{''.join(kept[place:])}"})


@st.composite
def contracted(draw: st.DrawFn) -> Call:
    """Two shapes, and the axes of each that are summed over."""
    summed = draw(shapes(max_dims=2, max_side=2))
    of_a, of_b = (draw(shapes(max_dims=MOST_AXES - len(summed), max_side=2)) for _ in range(2))
    if draw(st.booleans()):
        return Call(((*of_a, *summed), (*summed, *of_b)), {"axes": len(summed)})
    places_a, places_b = (draw(st.permutations(range(len(summed) + len(rest)))) for rest in (of_a, of_b))
    a = tuple((*summed, *of_a)[places_a.index(i)] for i in range(len(places_a)))  # the first go to places_a[0], ...
    b = tuple((*summed, *of_b)[places_b.index(i)] for i in range(len(places_b)))
    n = len(summed)
    along_a, along_b = places_a[:n], [j - len(b) if draw(st.booleans()) else j for j in places_b[:n]]
    if n == 1 and draw(st.booleans()):
        return Call((a, b), {"axes": (along_a[0], along_b[0])})
    return Call((a, b), {"axes": (along_a, along_b)})


@st.composite
def factors(draw: st.DrawFn, *, last_of_b: int) -> Call:
    """Two shapes, of which a's last axis and an axis of b have one length; or a number and any shape."""
    a, b = (draw(shapes(max_dims=MOST_AXES, max_side=2)) for _ in range(2))
    if a and b:
        at = max(len(b) + last_of_b, 0)
        b = (*b[:at], a[-1], *b[at + 1 :])
    return Call((a, b))


@st.composite
def pairs(draw: st.DrawFn) -> Call:
    """Two small shapes."""
    return Call((draw(shapes(max_dims=2, max_side=2)), draw(shapes(max_dims=2, max_side=2))))


MATRIX, VECTOR = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([2.0, -1.0])

CONTRACTS = [
    OpSpec(
        einsum,
        lambda *operands, subscripts: np.einsum(subscripts, *operands),
        shapes=contractions(),
        domain=(-10, 10),
        formula="Σ of products over letters that the result lacks",
        kernels=("matmul", "channel_sum"),
        cases=[
            case(MATRIX, MATRIX, VECTOR, subscripts="ij,kj,j->ik"),
            case(MATRIX, subscripts="ii->i"),
            case(np.stack([MATRIX, 2 * MATRIX]), MATRIX, subscripts="...ij,jk"),
            case(np.ones((3, 1, 2)), np.ones((2, 2)), subscripts="i...,...->..."),
        ],
    ),
    OpSpec(
        F.tensordot,
        lambda a, b, axes: np.tensordot(a, b, axes),  # noqa: PLW0108 - the names of its parameters
        shapes=contracted(),
        domain=(-10, 10),
        formula="Σ a · b over axes of both",
        kernels=("matmul",),
        cases=[case(MATRIX, MATRIX, axes=2)],
    ),
    OpSpec(
        F.dot,
        np.dot,
        shapes=factors(last_of_b=-2),
        domain=(-10, 10),
        formula="Σ a · b over a's last axis and b's last but one",
        kernels=("matmul",),
        cases=[case(MATRIX, VECTOR)],
    ),
    OpSpec(
        F.inner,
        np.inner,
        shapes=factors(last_of_b=-1),
        domain=(-10, 10),
        formula="Σ a · b over the last axis of each",
        kernels=("matmul",),
        cases=[case(MATRIX, MATRIX)],
    ),
    OpSpec(
        F.outer,
        np.outer,
        shapes=pairs(),
        domain=(-10, 10),
        formula="each of a times each of b",
        kernels=("matmul",),
        cases=[case(VECTOR, [1.0, 2.0, 3.0])],
    ),
]
