"""Hypothesis strategies for contracts and property-based tests: shapes, arrays, arguments of convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.testing.example import LAYOUTS, Example, Floats
from minigrad.testing.spec import Call, OpSpec, Shape

SPECIAL = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 10.0, -10.0, 100.0, -100.0)
NEAR = 2.0**-10
MOST_ELEMENTS = 36
"""The most elements of an array: every derivative is compared one by one."""


@st.composite
def shapes(draw: st.DrawFn, *, min_dims: int = 0, max_dims: int = 4, min_side: int = 0, max_side: int = 4) -> Shape:
    """One shape; squares and cubes often, because they hide transpositions."""
    if not 0 <= min_dims <= max_dims or not 0 <= min_side <= max_side:
        raise ValueError(f"shapes: from {min_dims} to {max_dims} axes of {min_side} to {max_side} is no choice")
    ndim = draw(st.integers(min_dims, max_dims))
    positive = list(range(max(min_side, 1), max_side + 1)) or [0]
    if ndim > 1 and draw(st.booleans()):
        full = (draw(st.sampled_from(positive)),) * ndim
    else:
        sides = [*positive, *positive, *range(min_side, min(1, max_side + 1))]  # an empty array, but not too often
        full = tuple(draw(st.lists(st.sampled_from(sides), min_size=ndim, max_size=ndim)))
    return _limited(full, min_dims, min_side)


def _limited(shape: Shape, min_dims: int, min_side: int) -> Shape:
    """The shape with its longest axes shortened, then its last ones left out, until it has few elements if it can."""
    sides = list(shape)
    while np.prod(sides) > MOST_ELEMENTS:
        longest = sides.index(max(sides))
        if sides[longest] > max(min_side, 1):
            sides[longest] -= 1
        elif len(sides) > min_dims:
            sides.pop()
        else:
            break
    return tuple(sides)


@st.composite
def broadcastable(draw: st.DrawFn, count: int, *, min_side: int = 0) -> tuple[Shape, ...]:
    """Shapes that broadcast against each other, one for each of `count` inputs."""
    full = draw(shapes(min_side=min_side))
    found = []
    for _ in range(count):
        if draw(st.booleans()):
            found.append(full)
            continue
        skipped = draw(st.integers(0, len(full)))
        ones = draw(st.lists(st.booleans(), min_size=len(full), max_size=len(full)))
        found.append(tuple(1 if one else n for n, one in zip(full, ones, strict=True))[skipped:])
    return tuple(found)


def elements(low: float = -100.0, high: float = 100.0) -> st.SearchStrategy[float]:
    """Numbers between two bounds: special ones and the bounds, 64ths, and any; only the former beyond ±10."""
    if not -np.inf < low <= high < np.inf:
        raise ValueError(f"elements: a domain must be two finite numbers, the lower first, not ({low}, {high})")
    near, far = max(low, -10.0), min(high, 10.0)
    if near > far:
        near, far = low, high
    special = list(dict.fromkeys([*(number for number in SPECIAL if low <= number <= high), low, high]))
    parts: list[st.SearchStrategy[float]] = [st.sampled_from(special)]
    if np.ceil(near * 64) <= np.floor(far * 64):
        parts.append(st.integers(int(np.ceil(near * 64)), int(np.floor(far * 64))).map(lambda k: k / 64))
    parts.append(
        st.floats(near, far, allow_subnormal=False).map(lambda x: x if abs(x) > 1e-3 or not low <= 0 <= high else 0.0)
    )
    return st.one_of(parts)


@st.composite
def arrays(draw: st.DrawFn, shape: Shape, *, domain: tuple[float, float] = (-100.0, 100.0)) -> Floats:
    """A float64 array of a shape: any numbers; few different ones, with ties and near ties; or all of them large."""
    size = int(np.prod(shape))
    element = elements(*domain)
    kind = draw(st.sampled_from(["any", "any", "any", "ties", "near ties", "large"])) if size > 1 else "any"
    if kind in ("ties", "near ties"):
        element = st.sampled_from(draw(st.lists(element, min_size=1, max_size=3)))
    if kind == "large":
        element = st.sampled_from(sorted(domain, key=abs)[-1:] if domain[0] > 0 or domain[1] < 0 else domain)
    found = np.array(draw(st.lists(element, min_size=size, max_size=size)), np.float64)
    if kind == "near ties":
        i = draw(st.integers(0, size - 1))
        found[i] = min(max(found[i] + (NEAR if found[i] + NEAR <= domain[1] else -NEAR), domain[0]), domain[1])
    return found.reshape(shape)


def layouts() -> st.SearchStrategy[str]:
    """The name of a memory order: C-order, F-order, strided, ..."""
    return st.sampled_from(list(LAYOUTS))


@st.composite
def axes(draw: st.DrawFn, ndim: int) -> int | tuple[int, ...] | None:
    """All axes (None), one, or several in any order; negative ones too."""
    if ndim == 0 or draw(st.booleans()):
        return draw(st.sampled_from([None, -1, 0])) if ndim else None
    chosen = draw(st.lists(st.integers(0, ndim - 1), unique=True, max_size=ndim))
    signed = tuple(i - ndim if draw(st.booleans()) else i for i in chosen)
    return signed[0] if len(signed) == 1 and draw(st.booleans()) else signed


@st.composite
def reductions(draw: st.DrawFn, *, min_dims: int = 0, min_side: int = 0) -> Call:
    """A shape, axes to reduce it over, and whether to keep them."""
    shape = draw(shapes(min_dims=min_dims, min_side=min_side))
    return Call((shape,), {"axis": draw(axes(len(shape))), "keepdims": draw(st.booleans())})


@st.composite
def with_axis(draw: st.DrawFn, *, count: int = 1, min_side: int = 0) -> Call:
    """So many inputs of one shape, and one of its axes; also counted from the end."""
    shape = draw(shapes(min_dims=1, min_side=min_side))
    return Call((shape,) * count, {"axis": draw(st.integers(-len(shape), len(shape) - 1))})


def _pairs(low: int, high: int) -> st.SearchStrategy[Any]:
    """One int for both directions, or two."""
    return st.one_of(st.integers(low, high), st.tuples(st.integers(low, high), st.integers(low, high)))


@st.composite
def conv2d_args(draw: st.DrawFn, *, bias: bool = True) -> Call:
    """Shapes of images, filters and bias with stride, pad, dilation and groups that fit them."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    Cg, Og = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    KH, KW = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    stride, dilation = draw(_pairs(1, 3)), draw(_pairs(1, 2))
    pad = draw(st.one_of(_pairs(0, 2), st.just("same")))
    least = []
    for k, d, p in zip((KH, KW), both(dilation), both(0 if pad == "same" else pad), strict=True):
        least.append(max(1, d * (k - 1) + 1 - 2 * p))
    H, W = (n + draw(st.integers(0, 3)) for n in least)
    N = draw(st.integers(0, 2))
    found: tuple[Shape, ...] = ((N, groups * Cg, H, W), (groups * Og, Cg, KH, KW))
    if bias:
        found = (*found, (groups * Og,))
    return Call(found, {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups})


@st.composite
def pool2d_args(draw: st.DrawFn, *, counts_pad: bool = False) -> Call:
    """The shape of images with kernel, stride, pad and ceil_mode that fit it."""
    kernel = draw(_pairs(1, 3))
    stride = draw(st.one_of(st.none(), _pairs(1, 3)))
    KH, KW = both(kernel)
    pad = draw(st.one_of(st.just(0), st.tuples(st.integers(0, KH - 1), st.integers(0, KW - 1)), st.just("same")))
    above, left = both(0 if pad == "same" else pad)
    H, W = (max(1, k - 2 * p) + draw(st.integers(0, 3)) for k, p in ((KH, above), (KW, left)))
    kwargs = {"kernel": kernel, "stride": stride, "pad": pad, "ceil_mode": draw(st.booleans())}
    if counts_pad:
        kwargs["count_include_pad"] = draw(st.booleans())
    return Call(((draw(st.integers(0, 2)), draw(st.integers(1, 2)), H, W),), kwargs)


def both(value: Any) -> tuple[int, int]:
    """One int for both directions as two."""
    return value if isinstance(value, tuple) else (value, value)


def labels(rows: int, classes: int) -> st.SearchStrategy[Floats]:
    """A class for each row, ints (rows,)."""
    return st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows).map(lambda ts: np.array(ts, np.int64))


@st.composite
def examples(draw: st.DrawFn, spec: OpSpec) -> Example:
    """One call of the function that a contract is about."""
    call = draw(_calls(spec.shapes))
    names = spec.names(len(call.shapes))
    if isinstance(spec.domain, Mapping) and set(spec.domain) - set(names):
        unknown = ", ".join(sorted(set(spec.domain) - set(names)))
        raise ValueError(f"OpSpec: domain names {unknown}, but the inputs are {', '.join(names)}")
    kwargs = {**call.kwargs, **{key: draw(_choice(value)) for key, value in spec.kwargs.items()}}
    found = tuple(draw(arrays(shape, domain=spec.bounds(name))) for name, shape in zip(names, call.shapes, strict=True))
    alike = len(found) > 1 and found[0].shape == found[1].shape and spec.bounds(names[0]) == spec.bounds(names[1])
    repeated = alike and draw(st.integers(0, 3)) == 3
    orders = tuple(draw(layouts()) for _ in range(len(found) + 1))
    return Example(found, kwargs, orders, repeated, draw(st.integers(0, 2**16 - 1)))


def _calls(given: Any) -> st.SearchStrategy[Call]:
    if isinstance(given, int):
        return shapes().map(lambda shape: Call((shape,) * given))
    return _choice(given).map(_call)


def _call(found: Any) -> Call:
    """The Call that a strategy of shapes gave: a Call, a shape for each input, or the shape of the only one."""
    if isinstance(found, Call):
        return found
    several = bool(found) and isinstance(found[0], tuple)
    return Call(tuple(found) if several else (tuple(found),))


def _choice(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, st.SearchStrategy):
        return value
    if isinstance(value, list):
        return st.sampled_from(value)
    return st.just(value)
