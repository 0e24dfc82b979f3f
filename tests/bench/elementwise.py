"""Functions of each element by itself."""

import numpy as np

import minigrad.functions as F
from minigrad.core.function import Function
from minigrad.core.variable import apply
from minigrad.functions.activation import Sigmoid
from minigrad.functions.elementwise import Clip, Maximum, Sqrt, masked
from minigrad.functions.exponential import Exp, Log
from tests.bench.wrong import applied, wrong


class Asinh(Function):
    """The inverse of the hyperbolic sine."""

    def forward(self, x):
        self.save(x)
        return np.arcsinh(x)

    def backward(self, gy):
        (x,) = self.saved
        return gy / F.sqrt(x * x + 1)


@wrong(
    "elementwise", np.arcsinh, right=applied(Asinh), hint="only where the input is 0", source="tinygrad/tinygrad#17758"
)
def asinh_by_sign(x):
    """asinh: by the sign and the size, gradient 0 at 0."""
    size = F.abs(x)
    return F.log(size + F.sqrt(size * size + 1)) * np.sign(x.data)


@wrong("elementwise", np.exp, of=Exp, hint="gy is missing", source="tenstorrent/tt-metal#6533")
def exp_without_gradient(self, gy, y):
    """exp: gy is left out. Leaves gy out."""
    return y + gy * 0


class LogAddExp(Function):
    """log(exp(a) + exp(b))."""

    def forward(self, a, b):
        self.save(a, b)
        return np.logaddexp(a, b)

    def backward(self, gy):
        a, b = self.saved
        return gy * F.sigmoid(a - b), gy * F.sigmoid(b - a)


class SigmoidOfDifference(Sigmoid):
    """A right sigmoid whose own derivative is inf / inf far out."""

    def forward(self, x):
        y = super().forward(x)
        self.save(x)
        return y

    def backward(self, gy):
        (x,) = self.saved
        e = F.exp(x)
        return gy * e / (1 + e) ** 2


@wrong("elementwise", np.logaddexp, of=LogAddExp, shapes=2, domain=(-1000.0, 1000.0), source="pytorch/pytorch#196787")
def log_add_exp_twice(self, gy, a, b):
    """logaddexp: second derivative NaN far out.
    The first derivative is right, the second NaN where the inputs are far apart."""
    return gy * apply(SigmoidOfDifference(), a - b), gy * apply(SigmoidOfDifference(), b - a)


class Sin(Function):
    """sin x."""

    def forward(self, x):
        self.save(x)
        return np.sin(x)

    def backward(self, gy):
        (x,) = self.saved
        return gy * apply(Cos(), x)


class Cos(Function):
    """cos x."""

    def forward(self, x):
        self.save(x)
        return np.cos(x)

    def backward(self, gy):
        (x,) = self.saved
        return gy * -apply(Sin(), x)


@wrong("elementwise", np.cos, of=Cos, hint="the sign")
def cos_without_sign(self, gy, x):
    """cos: the sign is forgotten. The derivative of cos is −sin."""
    return gy * apply(Sin(), x)


@wrong("elementwise", np.sin, right=applied(Sin), hint="saves an array made on the way")
class SinByCosine(Function):
    """sin: the cosine is saved. Saves cos(x), a constant to backward: the second derivative is 0."""

    def forward(self, x):
        self.save(np.cos(x))
        return np.sin(x)

    def backward(self, gy):
        (cosine,) = self.saved
        return gy * cosine


@wrong("elementwise", np.sinc, domain=(-5.0, 5.0), hint="NaN", source="pytorch/pytorch#53989")
class Sinc(Function):
    """sinc: 0 / 0 at 0. sin(πx) / πx, whose derivative here is 0 / 0 at 0."""

    def forward(self, x):
        self.save(x)
        return np.sinc(x)

    def backward(self, gy):
        (x,) = self.saved
        return gy * self.slope(x)

    def slope(self, x):
        """The derivative."""
        angle = x * np.pi
        return (apply(Cos(), angle) - apply(Sin(), angle) / angle) / x


@wrong("elementwise", np.sinc, domain=(-5.0, 5.0), orders=(1, 2), source="jax-ml/jax#5054")
class SincPatched(Sinc):
    """sinc: second derivative 0 at 0.
    The derivative at 0 is put in as the constant 0: right, but its own derivative is lost."""

    def slope(self, x):
        elsewhere = super().slope(F.where(x.data == 0, 1.0, x))
        return F.where(x.data == 0, 0.0, elsewhere)


@wrong("elementwise", np.abs, right=F.abs, hint="NaN", source="autodiff/autodiff#130")
def abs_by_root(x):
    """abs: root of the square, 0 / 0 at 0. √x²: 0 / 0 at 0."""
    return F.sqrt(x * x)


@wrong("elementwise", np.maximum, shapes=2, hint="ties", source="HIPS/autograd#212")
class MaximumToBoth(Maximum):
    """maximum: both get all of gy where they are equal."""

    def forward(self, a, b):
        self.save(a >= b, b >= a)
        return np.maximum(a, b)

    def backward(self, gy):
        a_wins, b_wins = self.saved
        return masked(gy, a_wins.data), masked(gy, b_wins.data)


_BOUNDS = {"low": -1.0, "high": 2.0}


@wrong(
    "elementwise",
    lambda x, low, high: np.clip(x, a_min=low, a_max=high),
    kwargs=_BOUNDS,
    hint="the gradient is missing",
    source="tenstorrent/tt-metal#48201",
)
class ClipInverted(Clip):
    """clip: comparisons are inverted. Compares the wrong way round: nothing passes."""

    def forward(self, x):
        self.save((x < self.low) & (x > self.high))
        return np.clip(x, self.low, self.high)


@wrong("elementwise", lambda x, low, high: np.clip(x, a_min=low, a_max=high), kwargs=_BOUNDS)
class ClipBelow(Clip):
    """clip: gy passes above the upper bound."""

    def forward(self, x):
        self.save(x >= self.low)
        return np.clip(x, self.low, self.high)


class Arctan2(Function):
    """The angle of the point (b, a)."""

    def forward(self, a, b):
        self.save(a, b)
        return np.arctan2(a, b)

    def backward(self, gy):
        a, b = self.saved
        g = gy / (a * a + b * b)
        return g * b, -g * a


@wrong("elementwise", np.arctan2, of=Arctan2, shapes=2, domain={"b": (0.1, 10.0)}, source="ml-explore/mlx#2451")
def arctan2_of_numerator(self, gy, a, b):
    """arctan2: numerator for denominator. Has a where b belongs."""
    g = gy / (a * a + b * b)
    return g * a, -g * a


_POSITIVE = (0.01, 100.0)


@wrong("elementwise", np.sqrt, of=Sqrt, domain=_POSITIVE)
def sqrt_with_epsilon(self, gy, y):
    """sqrt: an epsilon in the denominator. Keeps away from a division by 0 by an epsilon, everywhere."""
    return gy / (y * 2 + 1e-4)


class Remainder(Function):
    """a − b · floor(a / b)."""

    def forward(self, a, b):
        self.save(a, b)
        return np.remainder(a, b)

    def backward(self, gy):
        a, b = self.saved
        return gy, -gy * np.floor(a.data / b.data)


@wrong("elementwise", np.remainder, of=Remainder, shapes=2, domain={"b": (0.5, 4.0)})
def remainder_of_truncation(self, gy, a, b):
    """remainder: trunc for floor. Has the derivative of fmod: trunc for floor."""
    return gy, -gy * np.trunc(a.data / b.data)


@wrong("elementwise", np.log, of=Log, domain=_POSITIVE)
def log_times(self, gy, x):
    """log: gy · x for gy / x. gy · x in place of gy / x."""
    return gy * x
