"""Functions as users write them, for the tests of Function."""

from dataclasses import dataclass

import numpy as np

from minigrad import Function
from minigrad.backend import xp_of


class Square(Function):
    """x², as in the documentation."""

    def forward(self, x):
        self.save(x)
        return x * x

    def backward(self, gy):
        (x,) = self.saved
        return gy * x * 2


class Multiply(Function):
    """a · b."""

    def forward(self, a, b):
        self.save(a, b)
        return a * b

    def backward(self, gy):
        a, b = self.saved
        return gy * b, gy * a


class MatMul(Function):
    """a @ b, as in DESIGN."""

    def forward(self, a, b):
        self.save(a, b)
        return a @ b

    def backward(self, gy):
        a, b = self.saved
        return gy @ b.T, a.T @ gy


@dataclass(eq=False)
class LeakyReLU(Function):
    """max(x, slope·x), as in DESIGN."""

    slope: float = 0.01

    def forward(self, x):
        self.save(xp_of(x).where(x > 0, 1, self.slope).astype(x.dtype))
        return x * self.saved_arrays[0]

    def backward(self, gy):
        (factor,) = self.saved
        return gy * factor


class Exp(Function):
    """e to the x; saves its output."""

    def forward(self, x):
        y = np.exp(x)
        self.save(y)
        return y

    def backward(self, gy):
        (y,) = self.saved
        return gy * y


class Give(Function):
    """Gives what the test says, forward and backward."""

    def __init__(self, forward=None, backward=None):
        self.given = forward, backward

    def forward(self, *xs):
        given = self.given[0]
        return xs[0] * 1 if given is None else given(*xs)

    def backward(self, gy):
        return self.given[1](gy)


class Probe(Function):
    """The identity; notes the serial numbers of the instances whose backward is called."""

    visited = []  # noqa: RUF012 - reset by the fixture

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        self.visited.append(self.serial)
        return gy * 1
