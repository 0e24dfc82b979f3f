"""What broadcasting, and repeating, ask of a gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.shaping import BroadcastTo
from minigrad.core.variable import Variable
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import broadcastable, shapes


class AddBroadcast(Function):
    """a + b of shapes that broadcast, with gy for both."""

    def forward(self, a: Array, b: Array) -> Array:
        return a + b

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy


class MulBroadcast(Function):
    """a · b of shapes that broadcast; sums over new axes, not over stretched ones."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return a * b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return tuple(
            g.sum(tuple(range(g.ndim - x.ndim))) if g.ndim > x.ndim else g for g, x in ((gy * b, a), (gy * a, b))
        )


class AddBias(Function):
    """x + b for a matrix x (N, C) and a bias b (C,), summed over the wrong axis: a square hides it."""

    def forward(self, x: Array, b: Array) -> Array:
        return x + b

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy.sum(1)


class BroadcastTakingFirst(BroadcastTo):
    """Takes the first of each new axis' gradients in place of their sum."""

    def backward(self, gy: Variable) -> Gradients:
        while gy.ndim > len(self.source):
            gy = gy[0]
        return gy.sum_to(self.source)


class BroadcastToMean(BroadcastTo):
    """The mean of the copies' gradients in place of their sum."""

    def backward(self, gy: Variable) -> Gradients:
        copies = max(gy.size, 1) / max(int(np.prod(self.source)), 1)
        return gy.sum_to(self.source) / copies


@dataclass(eq=False)
class Repeat(Function):
    """Each row n times, one after the other."""

    n: int

    def forward(self, x: Array) -> Array:
        return np.repeat(x, self.n, axis=0)

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(-1, self.n, *gy.shape[1:]).sum(1)


class RepeatAsTile(Repeat):
    """Groups the copies as tile lays them out."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.n, -1, *gy.shape[1:]).sum(0)


class Tile(Repeat):
    """All rows, n times over."""

    def forward(self, x: Array) -> Array:
        return np.tile(x, (self.n, *[1] * (x.ndim - 1)))

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.n, -1, *gy.shape[1:]).sum(0)


class TileFirst(Tile):
    """Hands back the gradient of the first copy."""

    def backward(self, gy: Variable) -> Gradients:
        return gy[: gy.shape[0] // self.n]


@st.composite
def _stretched(draw: st.DrawFn) -> Call:
    small, shape = draw(broadcastable(2, min_side=1))
    return Call((small,), {"shape": np.broadcast_shapes(small, shape)})


def _bias(side: tuple[int, ...]) -> Call:
    return Call((side, side[-1:]))


def _tiled(x: Array, n: int) -> Array:
    return np.concatenate([x] * n)


_TABLES = shapes(min_dims=1, max_dims=3, min_side=1)

BENCH = [
    Wrong(
        "add: not summed over stretched axes",
        OpSpec(applied(AddBroadcast), np.add, shapes=broadcastable(2)),
        "broadcast",
        "deeplearning4j/nd4j#2424",
        hint="not summed over the broadcast axis",
        right=lambda a, b: a + b,
    ),
    Wrong(
        "mul: summed over new axes only",
        OpSpec(applied(MulBroadcast), np.multiply, shapes=broadcastable(2)),
        "broadcast",
        hint="not summed over the broadcast axis",
        right=lambda a, b: a * b,
    ),
    Wrong(
        "bias: summed over the wrong axis, a square hides it",
        OpSpec(applied(AddBias), np.add, shapes=shapes(min_dims=2, max_dims=2, min_side=1).map(_bias)),
        "broadcast",
        "HomericIntelligence/Odyssey#2080",
        right=lambda x, b: x + b,
    ),
    Wrong(
        "broadcast_to: new axes are not summed",
        OpSpec(applied(BroadcastTakingFirst), np.broadcast_to, shapes=_stretched()),
        "broadcast",
        "pytorch/pytorch#998",
        hint="not summed over the broadcast axis",
        right=F.broadcast_to,
    ),
    Wrong(
        "broadcast_to: the mean for the sum",
        OpSpec(applied(BroadcastToMean), np.broadcast_to, shapes=_stretched()),
        "broadcast",
        hint="a factor of",
        right=F.broadcast_to,
    ),
    Wrong(
        "repeat: the copies are grouped as tile's",
        OpSpec(applied(RepeatAsTile), lambda x, n: np.repeat(x, n, axis=0), shapes=_TABLES, kwargs={"n": [1, 2, 3]}),
        "broadcast",
        "tenstorrent/tt-metal#55799",
        right=applied(Repeat),
    ),
    Wrong(
        "tile: the first copy's gradient alone",
        OpSpec(applied(TileFirst), _tiled, shapes=_TABLES, kwargs={"n": [1, 2, 3]}),
        "broadcast",
        "pytorch/pytorch#2095",
        right=applied(Tile),
    ),
]
