"""PyTorch's functions of shapes and indices as calls of minigrad."""

import numpy as np

import minigrad.functions as F
from tests.comparisons.opinfo_table import CALLS, axis_of, lacks, of


@of("reshape", "view", "view_copy")
def _(x, shape):
    return F.reshape(x, tuple(shape))


@of("reshape_as", "view_as")
def _(x, other):
    return F.reshape(x, other.shape)


def expanded(x, shape):
    """-1 keeps a length, in PyTorch alone."""
    kept = (1,) * (len(shape) - x.ndim) + tuple(x.shape)
    return F.broadcast_to(x, tuple(n if s == -1 else s for s, n in zip(shape, kept, strict=True)))


CALLS.update({"broadcast_to": expanded, "expand": expanded, "expand_copy": expanded})


@of("expand_as")
def _(x, other):
    return F.broadcast_to(x, other.shape)


@of("sum_to_size")
def _(x, *shape):
    return x.sum_to(tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape)


@of("ravel")
def _(x):
    return F.reshape(x, -1)


@of("flatten")
def _(x, start_dim=0, end_dim=-1):
    lacks(x.ndim and end_dim % x.ndim != x.ndim - 1, "flatten up to an axis before the last")
    lacks(x.ndim == 0, "flatten of a scalar")
    return F.flatten(x, start_dim)


@of("squeeze", "squeeze.multiple", "squeeze_copy")
def _(x, dim=None):
    if dim is None:
        return F.squeeze(x)
    axes = dim if isinstance(dim, tuple | list) else (dim,)
    lacks(x.ndim == 0, "an axis of a scalar")
    lacks(any(x.shape[a] != 1 for a in axes), "squeeze of an axis that is longer than 1 (an error here)")
    return F.squeeze(x, tuple(axes))


@of("unsqueeze", "unsqueeze_copy")
def _(x, dim):
    return F.expand_dims(x, dim)


@of("permute", "permute_copy")
def _(x, dims):
    return F.transpose(x, tuple(dims))


@of("transpose", "transpose_copy")
def _(x, dim0, dim1):
    lacks(x.ndim == 0, "an axis of a scalar")
    return x.swapaxes(dim0, dim1)


@of("t", "t_copy", "T")
def _(x):
    return x.T


@of("mT")
def _(x):
    return x.swapaxes(-1, -2)


@of("movedim")
def _(x, source, destination):
    return F.moveaxis(x, source, destination)


@of("cat")
def _(xs, dim=0):
    lacks(len({x.ndim for x in xs}) > 1, "concatenation with an empty array of another number of axes")
    return F.concatenate(xs, dim)


@of("stack")
def _(xs, dim=0):
    return F.stack(xs, dim)


@of("split", "split.list_args", "split_with_sizes", "split_with_sizes_copy", "unsafe_split")
def _(x, sizes, dim=0):
    places = range(sizes, x.shape[dim], sizes) if isinstance(sizes, int) else np.cumsum(sizes)[:-1]
    return F.split(x, [int(place) for place in places], dim)


@of("chunk", "unsafe_chunk")
def _(x, chunks, dim=0):
    size = -(-x.shape[dim] // chunks)
    return F.split(x, list(range(size, x.shape[dim], size)), dim)


@of("unbind", "unbind_copy")
def _(x, dim=0):
    return [F.squeeze(part, dim) for part in F.split(x, x.shape[dim], dim)]


@of("flip")
def _(x, dims):
    return F.flip(x, tuple(dims))


@of("fliplr")
def _(x):
    return F.flip(x, 1)


@of("flipud")
def _(x):
    return F.flip(x, 0)


@of("roll")
def _(x, shifts, dims=None):
    return F.roll(x, shifts, axis_of(x, dims))


@of("tile", "repeat")
def _(x, reps):
    return F.tile(x, tuple(reps))


@of("repeat_interleave")
def _(x, repeats, dim=None, *, output_size=None):
    repeats = repeats.tolist() if isinstance(repeats, np.ndarray) else repeats
    return F.repeat(x, repeats, None if dim is None else axis_of(x, dim))


@of("nn.functional.pad.constant", "constant_pad_nd")
def _(x, width, *rest):
    value = next((float(v) for v in rest if not isinstance(v, str)), 0.0)
    lacks(min(width, default=0) < 0, "padding by fewer than 0, which crops")
    pairs = [(width[i], width[i + 1]) for i in range(0, len(width), 2)]  # of the last axis first
    return F.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1], value=value)


@of("take")
def _(x, indices):
    return F.take(x, indices)


@of("index_select")
def _(x, dim, indices):
    return F.take(x, indices, axis_of(x, dim))


@of("gather")
def _(x, dim, indices, *, sparse_grad=False):
    axis = axis_of(x, dim) % x.ndim
    lacks(indices.ndim != x.ndim, "gather with indices of another number of axes (none of them)")
    shorter = [n > m for a, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True)) if a != axis]
    lacks(any(shorter), "gather with indices that are shorter along another axis")
    return F.take_along_axis(x, indices, axis)


@of("take_along_dim")
def _(x, indices, dim=None):
    if dim is None:
        return F.take_along_axis(F.reshape(x, -1), indices.reshape(-1), 0)
    return F.take_along_axis(x, indices, axis_of(x, dim))


@of("__getitem__")
def _(x, places):
    return x[places]


@of("clone")
def _(x):
    return x.astype(x.dtype)


@of("float")
def _(x):
    return x.astype(np.float32)


@of("double")
def _(x):
    return x.astype(np.float64)


@of("half")
def _(x):
    return x.astype(np.float16)


@of("select")
def _(x, dim, index):
    return x[(slice(None),) * (dim % x.ndim) + (index,)]


@of("slice")
def _(x, dim=0, start=None, end=None, step=1):
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


@of("narrow", "narrow_copy")
def _(x, dim, start, length):
    start = int(start) % (x.shape[dim] + 1) if int(start) >= 0 else int(start) + x.shape[dim]
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, start + length),)]


@of("diagonal", "linalg.diagonal")
def _(x, offset=0, *, dim1=0, dim2=1):
    lacks(offset != 0, "a diagonal beside the main one")
    lacks(x.ndim != 2 or x.shape[0] != x.shape[1], "a diagonal of what is not square")
    return F.einsum("ii->i", x)


@of("masked_select")
def _(x, mask):
    shape = np.broadcast_shapes(x.shape, mask.shape)
    return F.broadcast_to(x, shape)[np.broadcast_to(mask, shape)]
