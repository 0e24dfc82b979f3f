"""A table of the operators and methods of a Variable."""

import numpy as np
from cases import Case, elementwise, positive, spread

X, P = spread(3, 4), positive(3, 4)
CUBE = spread(2, 3, 4, seed=4)
EVEN = np.arange(12).reshape(3, 4) % 2 == 0
SQUARE = spread(3, 3)


def binary_operators():
    """Each operator between two Variables of one shape, of shapes to be broadcast, and with numbers on either side."""
    operators = {
        "__add__": lambda a, b: a + b,
        "__sub__": lambda a, b: a - b,
        "__mul__": lambda a, b: a * b,
        "__truediv__": lambda a, b: a / b,
        "__pow__": lambda a, b: a**b,
    }
    for name, f in operators.items():
        reflected = name.replace("__", "__r", 1)
        yield elementwise(f"{name} of two", f, f, P, positive(3, 4, seed=1))
        yield Case(f"{name} (3, 1) and (4,)", f, (positive(3, 1), positive(4)), f)
        yield Case(f"{name} (4,) and (3, 4)", f, (positive(4), P), f, (1,))
        yield Case(f"{name} () and (3, 4)", f, (positive(), P), f, (1,))
        yield Case(f"{name} (1,) and (3, 4)", f, (positive(1), P), f, (1,))
        yield elementwise(f"{name} itself", lambda x, f=f: f(x, x), lambda x, f=f: f(x, x), P)
        for number in (3, 0.5):
            yield elementwise(f"{name} {number}", lambda x, f=f, n=number: f(x, n), lambda x, f=f, n=number: f(x, n), P)
            yield elementwise(
                f"{reflected} {number}", lambda x, f=f, n=number: f(n, x), lambda x, f=f, n=number: f(n, x), P
            )


KEYS = {
    "row": 1,
    "negative row": -1,
    "slice": slice(1, None),
    "negative step": (slice(None, None, -1), slice(3, 0, -2)),
    "newaxis": (None, slice(None), None, 2),
    "ellipsis": (..., 0),
    "repeated indices": [0, 2, 2, 0],
    "repeated pairs": ([0, 2, 0], [1, 1, 1]),
    "array of indices": np.array([[0, 1], [2, 2]]),
    "mask": EVEN,
    "mask of rows": np.array([True, False, True]),
    "mask of nothing": np.zeros((3, 4), bool),
    "one element": (2, 3),
    "nothing": slice(2, 2),
    "all": ...,
    "no index": (),
    "slice and indices": (slice(0, 2), [3, 3]),
    "np.int64": np.int64(2),
}

CASES = [
    *binary_operators(),
    elementwise("__neg__", lambda x: -x, np.negative, X),
    elementwise("__abs__", abs, np.abs, X),
    *[elementwise(f"__pow__ {c}", lambda x, c=c: x**c, lambda x, c=c: x**c, P) for c in (0, 1, 2, -1, -0.5)],
    elementwise("__pow__ of negative numbers", lambda x: x**3, lambda x: x * x * x, X),
    Case("__matmul__", lambda a, b: a @ b, (X, spread(4, 2)), np.dot),
    *[Case(f"__getitem__ {name}", lambda x, k=k: x[k], (X,), lambda x, k=k: x[k], ()) for name, k in KEYS.items()],
    elementwise("__pos__", lambda x: +x * 2, lambda x: x * 2, X),
    elementwise("astype", lambda x: x.astype(x.dtype), np.copy, X),
    Case("__rmatmul__", lambda x: SQUARE.astype(x.dtype) @ x, (X,), lambda x: SQUARE @ x, ()),
    Case("__iter__", lambda x: sum(i * row for i, row in enumerate(x)), (X,), lambda x: x[1] + 2 * x[2], ()),
    Case("T", lambda x: x.T, (X,), np.transpose),
    Case("swapaxes", lambda x: x.swapaxes(0, -1), (CUBE,), lambda x: np.swapaxes(x, 0, -1)),
    Case("transpose method", lambda x: x.transpose(2, 0, 1), (CUBE,), lambda x: np.transpose(x, (2, 0, 1))),
    Case("reshape method", lambda x: x.reshape(2, -1), (X,), lambda x: x.reshape(2, 6), ()),
    Case("sum_to", lambda x: x.sum_to((3, 1)), (CUBE,), lambda x: x.sum((0, 2))[:, None]),
    Case("scatter_add", lambda x: x.scatter_add([1, 1, 0], (2, 4)), (X,), lambda x: np.stack([x[2], x[0] + x[1]]), ()),
    Case("to", lambda x: x.to("cpu") * 2, (X,), lambda x: x * 2),
]
