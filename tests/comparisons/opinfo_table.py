"""What a table of translations is made of: `CALLS`, and how an entry says that minigrad lacks an option."""

from collections.abc import Callable

CALLS: dict[str, Callable] = {}


class OutOfScope(Exception):  # noqa: N818 - no error of anybody
    """What the sample asks for is not in minigrad; the message says what."""


def of(*names):
    """A decorator: the function below, with PyTorch's parameters, is what minigrad has for these ops."""

    def register(call):
        for name in names:
            assert name not in CALLS, name
            CALLS[name] = call
        return call

    return register


def lacks(condition, what):
    """Count a sample for which the condition holds as out of scope: minigrad has not `what`."""
    if condition:
        raise OutOfScope(what)


def axis_of(x, dim):
    """PyTorch's dim as minigrad's axis: no axes at all mean all, and a scalar has no axis 0, as in NumPy."""
    if dim is None or (isinstance(dim, tuple | list) and len(dim) == 0):
        return None
    lacks(x.ndim == 0, "an axis of a scalar")
    return tuple(dim) if isinstance(dim, tuple | list) else dim
