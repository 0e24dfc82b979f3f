"""Sums of products over axes that arrays share: one Function, whose gradients are sums of products again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array
from minigrad.backend.kernels import kernels_of
from minigrad.core.axes import normalize_axes
from minigrad.core.function import Function, Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variables
from minigrad.functions.subscripts import explicit, lengths


@dataclass(eq=False)
class Einsum(Function):
    """The products of two arrays, summed over the axes whose letters the result lacks: "ij,jk->ik" for matrices.

    No letter is twice in one array, and each is in the other array or in the result, too. So it is in the gradients,
    which are the sums of products of the gradient from above and the other array.
    """

    subscripts: str
    family = "product"

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a if self.needs(1) else None, b if self.needs(0) else None)
        in_a, in_b, out = self.letters
        stack = [i for i in in_a if i in in_b and i in out]
        rows = [i for i in in_a if i not in in_b]
        summed = [i for i in in_a if i not in out]
        columns = [i for i in in_b if i not in in_a]

        length = dict(zip(in_a + in_b, a.shape + b.shape, strict=True))
        lead = [length[i] for i in stack]
        M, K, N = (math.prod(length[i] for i in group) for group in (rows, summed, columns))
        a = a.transpose([in_a.index(i) for i in (*stack, *rows, *summed)]).reshape(*lead, M, K)
        b = b.transpose([in_b.index(i) for i in (*stack, *summed, *columns)]).reshape(*lead, K, N)
        y = kernels_of(a).matmul(a, b) if summed else a * b  # (..., M, N)
        self.operations = 2 * K if summed else 1

        found = (*stack, *rows, *columns)
        return y.reshape([length[i] for i in found]).transpose([found.index(i) for i in out])

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        in_a, in_b, out = self.letters
        return (
            None if b is None else apply(Einsum(f"{out},{in_b}->{in_a}"), gy, b),
            None if a is None else apply(Einsum(f"{in_a},{out}->{in_b}"), a, gy),
        )

    @property
    def letters(self) -> tuple[str, str, str]:
        """The letters of the axes of a, of b and of the result."""
        inputs, _, out = self.subscripts.partition("->")
        in_a, _, in_b = inputs.partition(",")
        return in_a, in_b, out

    def flops(self) -> int:
        """Of each output: a multiplication and, where there are sums, an addition for each of their terms."""
        return self.operations * math.prod(self.output[0])


@implements(np.einsum)
def einsum(subscripts: str, *operands: Operand) -> Variable:
    """Products of arrays, summed over the axes whose letters the result lacks: Einstein's notation.

    A letter names an axis in all operands that have it; one that an operand has twice takes the diagonal. Of more than
    two operands the first two are multiplied and summed as far as can be, then their result and the third, and so on.

    Args:
        subscripts: the letters of each operand, with commas between, and after "->" those of the result; without "->"
            those that occur once, in alphabetical order. "..." are all further axes; these, and axes of length 1, are
            broadcast.
        operands: one array or more.
    Raises:
        TypeError: subscripts is no string.
        ValueError: it is not understood, or does not fit the operands, or lengths of axes of one letter differ.

    >>> a = np.arange(4.0).reshape(2, 2)
    >>> einsum("ij,kj->ik", a, a), einsum("ii", a), einsum("ij->j", a)
    (Variable([[ 1.  3.]
           [ 3. 13.]]), Variable(3.), Variable([2. 4.]))
    """
    variables = as_variables(*operands)
    terms, out = explicit(subscripts, variables)
    length = lengths(subscripts, terms, variables)
    factors = [_stretchable(*_diagonal(x, letters), length) for x, letters in zip(variables, terms, strict=True)]
    every = out + "".join(letters for _, letters in factors)
    (a, in_a), *rest = [_summed(x, letters, every) for x, letters in factors]
    while rest:
        (b, in_b), *rest = rest
        wanted = out + "".join(letters for _, letters in rest)
        found = "".join(i for i in dict.fromkeys(in_a + in_b) if i in wanted) if rest else out
        a, in_a = apply(Einsum(f"{in_a},{in_b}->{found}"), a, b), found
    return a if in_a == out else a.transpose([in_a.index(i) for i in out])


def _diagonal(x: Variable, letters: str) -> tuple[Variable, str]:
    """The diagonal along axes of one letter, and the letters of what is left, each once."""
    once = "".join(dict.fromkeys(letters))
    if once == letters:
        return x, letters
    place = {
        i: x.xp.arange(n).reshape([-1 if i == j else 1 for j in once]) for i, n in zip(letters, x.shape, strict=True)
    }
    return x[tuple(place[i] for i in letters)], once


def _stretchable(x: Variable, letters: str, length: Mapping[str, int]) -> tuple[Variable, str]:
    """Without the axes of length 1 that are to be broadcast: a factor that lacks an axis is the same all along it."""
    kept = [i for i, n in zip(letters, x.shape, strict=True) if n == length[i]]
    return (x, letters) if len(kept) == x.ndim else (x.reshape([length[i] for i in kept]), "".join(kept))


def _summed(x: Variable, letters: str, every: str) -> tuple[Variable, str]:
    """Summed over the axes whose letters neither another factor nor the result has."""
    alone = [axis for axis, i in enumerate(letters) if every.count(i) == 1]
    return (x.sum(alone), "".join(i for i in letters if every.count(i) > 1)) if alone else (x, letters)


@implements(np.tensordot)
def tensordot(a: Operand, b: Operand, axes: int | Sequence[int | Sequence[int]] = 2) -> Variable:
    """Products of a and b, summed over some axes of both: the other axes of a, then those of b, are the result's.

    Args:
        a: an array.
        b: another one.
        axes: n for the last n of a with the first n of b, in this order; or a pair, of a's axes and b's.
    Raises:
        TypeError: axes are no integers.
        ValueError: there are no such axes, or their lengths differ.

    >>> tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), ([1, 2], [1, 0])).shape
    (2, 5)
    """
    a, b = as_variables(a, b)
    if isinstance(axes, (Sequence, np.ndarray)):
        if len(axes) != 2:
            raise ValueError(f"tensordot: axes must be a number, or a pair of a's axes and b's, not {axes!r}")
        of_a, of_b = axes
    else:
        count = checks.integer("tensordot", "axes", axes, least=0)
        if count > min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: there are no {count} axes; a {format_array(a)}, b {format_array(b)}")
        of_a, of_b = range(a.ndim - count, a.ndim), range(count)
    return _product("tensordot", a, b, of_a, of_b)


@implements(np.dot)
def dot(a: Operand, b: Operand) -> Variable:
    """Products of a and b, summed over the last axis of a and the last but one of b: of vectors, of matrices.

    b's only axis counts as its last but one. Where one is a number, it is a · b. For stacks of matrices, see matmul.

    Raises:
        ValueError: the two axes differ in length.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    Variable(11.)
    """
    a, b = as_variables(a, b)
    return a * b if a.ndim == 0 or b.ndim == 0 else _product("dot", a, b, -1, -2 if b.ndim > 1 else -1)


@implements(np.inner)
def inner(a: Operand, b: Operand) -> Variable:
    """Products of a and b, summed over the last axis of each. Where one is a number, it is a · b.

    Raises:
        ValueError: the two axes differ in length.
    """
    a, b = as_variables(a, b)
    return a * b if a.ndim == 0 or b.ndim == 0 else _product("inner", a, b, -1, -1)


@implements(np.outer)
def outer(a: Operand, b: Operand) -> Variable:
    """Each element of a times each of b: (M, N), for arrays of M and N elements.

    >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    Variable([[3. 4.]
              [6. 8.]])
    """
    a, b = as_variables(a, b)
    return _product("outer", a.reshape(-1), b.reshape(-1), (), ())


def _product(
    function: str, a: Variable, b: Variable, axes_a: int | Sequence[int], axes_b: int | Sequence[int]
) -> Variable:
    """The products of a and b, summed over some axes of each."""
    along_a, along_b = (normalize_axes(function, axes, x.ndim, "axes") for axes, x in ((axes_a, a), (axes_b, b)))
    if [a.shape[i] for i in along_a] != [b.shape[j] for j in along_b]:
        words = f"axes {along_a} of a and {along_b} of b must have the same lengths"
        raise ValueError(f"{function}: {words}; a {format_array(a)}, b {format_array(b)}")
    in_a, in_b = ([chr(ord("a") + i) for i in range(start, start + x.ndim)] for start, x in ((0, a), (a.ndim, b)))
    for i, j in zip(along_a, along_b, strict=True):
        in_b[j] = in_a[i]
    out = [i for i in in_a if i not in in_b] + [j for j in in_b if j not in in_a]
    return apply(Einsum(f"{''.join(in_a)},{''.join(in_b)}->{''.join(out)}"), a, b)
