"""Gradients of broadcast and of repeated arrays."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from minigrad.core.function import Function
from minigrad.core.shaping import BroadcastTo
from minigrad.testing.spec import Call
from minigrad.testing.strategies import broadcastable, shapes
from tests.bench.wrong import wrong


@wrong(
    "broadcast",
    np.add,
    shapes=broadcastable(2),
    right=lambda a, b: a + b,
    hint="not summed over the broadcast axis",
    source="deeplearning4j/nd4j#2424",
)
class AddBroadcast(Function):
    """add: not summed over stretched axes. a + b of shapes that broadcast, with gy for both."""

    def forward(self, a, b):
        return a + b

    def backward(self, gy):
        return gy, gy


@wrong(
    "broadcast",
    np.multiply,
    shapes=broadcastable(2),
    right=lambda a, b: a * b,
    hint="not summed over the broadcast axis",
    forward=lambda a, b: a * b,
)
def mul_broadcast(self, gy, a, b):
    """mul: summed over new axes only. a · b of shapes that broadcast; sums over new axes, not over stretched ones."""
    return tuple(g.sum(tuple(range(g.ndim - x.ndim))) if g.ndim > x.ndim else g for g, x in ((gy * b, a), (gy * a, b)))


def _bias(side):
    return Call((side, side[-1:]))


@wrong(
    "broadcast",
    np.add,
    shapes=shapes(min_dims=2, max_dims=2, min_side=1).map(_bias),
    right=lambda x, b: x + b,
    source="HomericIntelligence/Odyssey#2080",
)
class AddBias(Function):
    """bias: summed over the wrong axis, a square hides it."""

    def forward(self, x, b):
        return x + b

    def backward(self, gy):
        return gy, gy.sum(1)


@st.composite
def _stretched(draw):
    small, shape = draw(broadcastable(2, min_side=1))
    return Call((small,), {"shape": np.broadcast_shapes(small, shape)})


@wrong(
    "broadcast",
    np.broadcast_to,
    of=BroadcastTo,
    shapes=_stretched(),
    hint="not summed over the broadcast axis",
    source="pytorch/pytorch#998",
)
def broadcast_taking_first(self, gy):
    """broadcast_to: new axes are not summed. Takes the first of each new axis' gradients in place of their sum."""
    while gy.ndim > len(self.source):
        gy = gy[0]
    return gy.sum_to(self.source)


@wrong("broadcast", np.broadcast_to, of=BroadcastTo, shapes=_stretched(), hint="a factor of")
def broadcast_to_mean(self, gy):
    """broadcast_to: the mean for the sum. The mean of the copies' gradients in place of their sum."""
    copies = max(gy.size, 1) / max(int(np.prod(self.source)), 1)
    return gy.sum_to(self.source) / copies


@dataclass(eq=False)
class Repeat(Function):
    """Each row n times, one after the other."""

    n: int

    def forward(self, x):
        return np.repeat(x, self.n, axis=0)

    def backward(self, gy):
        return gy.reshape(-1, self.n, *gy.shape[1:]).sum(1)


_TABLES = shapes(min_dims=1, max_dims=3, min_side=1)


@wrong(
    "broadcast",
    lambda x, n: np.repeat(x, n, axis=0),
    of=Repeat,
    shapes=_TABLES,
    kwargs={"n": [1, 2, 3]},
    source="tenstorrent/tt-metal#55799",
)
def repeat_as_tile(self, gy):
    """repeat: the copies are grouped as tile's. Groups the copies as tile lays them out."""
    return gy.reshape(self.n, -1, *gy.shape[1:]).sum(0)


class Tile(Repeat):
    """All rows, n times over."""

    def forward(self, x):
        return np.tile(x, (self.n, *[1] * (x.ndim - 1)))

    def backward(self, gy):
        return gy.reshape(self.n, -1, *gy.shape[1:]).sum(0)


def _tiled(x, n):
    return np.concatenate([x] * n)


@wrong("broadcast", _tiled, of=Tile, shapes=_TABLES, kwargs={"n": [1, 2, 3]}, source="pytorch/pytorch#2095")
def tile_first(self, gy):
    """tile: the first copy's gradient alone. Hands back the gradient of the first copy."""
    return gy[: gy.shape[0] // self.n]
