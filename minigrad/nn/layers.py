"""Sequential, and the layers besides the activations: Linear, Conv2d, ConvReLUPool, poolings, Flatten, Dropout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, overload

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.backend.windows import Pair
from minigrad.checks import Checked
from minigrad.core import config
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.nn.init import Constant, GlorotUniform, Initializer
from minigrad.nn.module import Module, Parameter

Size: TypeAlias = int | Pair
Padding: TypeAlias = int | Pair | Literal["same"]
WEIGHTS = GlorotUniform()
BIASES = Constant(0.0)


class Sequential(Module):
    """A module that calls each of its `modules` with the output of the one before.

    Raises:
        TypeError: one of them is no Module.

    >>> from minigrad import nn
    >>> nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))[:2]
    Sequential(
      (layers.0): Flatten()
      (layers.1): Linear(784, 128)
    )
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if isinstance(module, type):
                name = module.__name__
                raise TypeError(f"Sequential: modules[{i}] is the class {name}; write {name}(...)")
            if not isinstance(module, Module):
                raise TypeError(f"Sequential: modules[{i}] must be a Module, not {type(module).__name__}")
        self.layers = modules

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, i: int) -> Module: ...
    @overload
    def __getitem__(self, i: slice) -> Sequential: ...
    def __getitem__(self, i: int | slice) -> Module:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]


class Linear(Module):
    """y = x·w + b, also called a dense or fully connected layer.

    Args:
        in_features, out_features: lengths of the last axis of x (..., in) and y (..., out).
        bias: add b.
        init, bias_init: make the first values of w (in, out) and b (out,).
        rng: the generator that they draw from; by default the context's (`minigrad.seed`).
    """

    in_features = Checked(checks.integer, fixed=True)
    out_features = Checked(checks.integer, fixed=True)

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.w = make_parameter(self, "init", init, (self.in_features, self.out_features), rng)
        self.b = make_bias(self, bias, bias_init, self.out_features, rng)

    def forward(self, x: Operand) -> Variable:
        return F.linear(as_floats_of(self.w, x), self.w, self.b)

    def extra_repr(self) -> str:
        return arguments_text(self.in_features, self.out_features, bias=(self.b is not None, True))


class Conv2d(Module):
    """Images (N, C, H, W) cross-correlated with filters w (O, C // groups, KH, KW), plus b: see `F.conv2d`.

    Args:
        in_channels, out_channels: C and O.
        kernel: (KH, KW), or one int for both.
        stride, pad, dilation, groups: as of `F.conv2d`.
        bias, init, bias_init, rng: as of Linear.
    """

    in_channels = Checked(checks.integer, fixed=True)
    out_channels = Checked(checks.integer, fixed=True)
    kernel = Checked(checks.pair, fixed=True, least=1)
    stride = Checked(checks.pair, least=1)
    pad = Checked(checks.padding)
    dilation = Checked(checks.pair, least=1)
    groups = Checked(checks.integer, fixed=True)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        *,
        stride: Size = 1,
        pad: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_channels, self.out_channels, self.kernel = in_channels, out_channels, kernel
        self.stride, self.pad, self.dilation, self.groups = stride, pad, dilation, groups
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(f"{type(self).__name__}: groups={groups} must divide {in_channels=} and {out_channels=}")
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel)
        self.w = make_parameter(self, "init", init, shape, rng)
        self.b = make_bias(self, bias, bias_init, self.out_channels, rng)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of `F.conv2d`."""
        return {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}

    def forward(self, x: Operand) -> Variable:
        return F.conv2d(as_floats_of(self.w, x), self.w, self.b, **self.options)

    def extra_repr(self) -> str:
        usual = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, "bias": True}
        given = self.options | {"bias": self.b is not None}
        options = {name: (value, usual[name]) for name, value in given.items()}
        return arguments_text(self.in_channels, self.out_channels, self.kernel, **options)


class ConvReLUPool(Conv2d):
    """A convolution, a ReLU and a max-pooling in one pass: (N, C, H, W) -> (N, O, PH, PW), see `F.conv_relu_pool`.

    Args:
        pool, pool_stride, pool_pad, ceil_mode: as of `F.conv_relu_pool`.
        others: as of Conv2d.
    """

    pool = Checked(checks.pair, least=1)
    pool_stride = Checked(checks.pair, least=1)
    pool_pad = Checked(checks.padding)
    ceil_mode = Checked(checks.boolean)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        *,
        stride: Size = 1,
        pad: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        pool: Size = 2,
        pool_stride: Size | None = None,
        pool_pad: Padding = 0,
        ceil_mode: bool = False,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        options: dict[str, Any] = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
        options |= {"bias": bias, "init": init, "bias_init": bias_init, "rng": rng}
        super().__init__(in_channels, out_channels, kernel, **options)
        self.pool, self.pool_stride = pool, pool if pool_stride is None else pool_stride
        self.pool_pad, self.ceil_mode = pool_pad, ceil_mode

    def forward(self, x: Operand) -> Variable:
        pooling: dict[str, Any] = {"pool": self.pool, "pool_stride": self.pool_stride, "pool_pad": self.pool_pad}
        x = as_floats_of(self.w, x)
        return F.conv_relu_pool(x, self.w, self.b, ceil_mode=self.ceil_mode, **pooling, **self.options)

    def extra_repr(self) -> str:
        pooling = arguments_text(
            pool=(self.pool, 2),
            pool_stride=(self.pool_stride, self.pool),
            pool_pad=(self.pool_pad, 0),
            ceil_mode=(self.ceil_mode, False),
        )
        return ", ".join(filter(None, [super().extra_repr(), pooling]))


class _Pool2d(Module):
    """What the poolings have in common."""

    kernel = Checked(checks.pair, least=1)
    stride = Checked(checks.pair, least=1)
    pad = Checked(checks.padding)
    ceil_mode = Checked(checks.boolean)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the function, besides the kernel."""
        return {"stride": self.stride, "pad": self.pad, "ceil_mode": self.ceil_mode}

    def extra_repr(self) -> str:
        usual = {"stride": self.kernel, "pad": 0, "ceil_mode": False, "count_include_pad": True}
        return arguments_text(self.kernel, **{name: (value, usual[name]) for name, value in self.options.items()})


class MaxPool2d(_Pool2d):
    """The maximum over each window: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.max_pool2d`."""

    def __init__(self, kernel: Size, *, stride: Size | None = None, pad: Padding = 0, ceil_mode: bool = False) -> None:
        self.kernel, self.stride = kernel, kernel if stride is None else stride
        self.pad, self.ceil_mode = pad, ceil_mode

    def forward(self, x: Operand) -> Variable:
        return F.max_pool2d(x, self.kernel, **self.options)


class AvgPool2d(_Pool2d):
    """The mean over each window: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.avg_pool2d`."""

    count_include_pad = Checked(checks.boolean)

    def __init__(
        self,
        kernel: Size,
        *,
        stride: Size | None = None,
        pad: Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel, self.stride = kernel, kernel if stride is None else stride
        self.pad, self.ceil_mode, self.count_include_pad = pad, ceil_mode, count_include_pad

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the function, besides the kernel."""
        return super().options | {"count_include_pad": self.count_include_pad}

    def forward(self, x: Operand) -> Variable:
        return F.avg_pool2d(x, self.kernel, **self.options)


class Flatten(Module):
    """Each example as one row: (N, ...) -> (N, product of the others), in row-major order."""

    def forward(self, x: Operand) -> Variable:
        return F.flatten(x)


class Dropout(Module):
    """In training each value becomes 0 with probability p, else it is divided by 1 − p: see `F.dropout`."""

    p = Checked(checks.fraction, one=True)
    rng = Checked(checks.optional_generator)

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p, self.rng = p, rng

    def forward(self, x: Operand) -> Variable:
        return F.dropout(x, self.p, rng=self.rng)

    def extra_repr(self) -> str:
        return str(self.p)


def make_parameter(
    layer: Module, argument: str, init: Initializer, shape: tuple[int, ...], rng: np.random.Generator | None
) -> Parameter:
    """A parameter of `shape` with the values that `init`, the layer's `argument`, makes from `rng`."""
    owner = type(layer).__name__
    if not callable(init) or isinstance(init, type):
        raise TypeError(f"{owner}: {argument} must be an initializer such as nn.init.Normal(0.01), not {init!r}")
    values = init(shape, rng=checks.optional_generator(owner, "rng", rng))
    values = np.array(values, config.float_type(), order="C")
    if values.shape != shape:
        raise ValueError(f"{owner}: {argument} made an array {values.shape}, but {shape} is needed")
    return Parameter(values)


def make_bias(
    layer: Module, bias: bool, init: Initializer, features: int, rng: np.random.Generator | None
) -> Parameter | None:
    """The parameter (features,) that the layer adds, or None without `bias`."""
    wanted = checks.boolean(type(layer).__name__, "bias", bias)
    return make_parameter(layer, "bias_init", init, (features,), rng) if wanted else None


def as_floats_of(w: Variable, x: Operand) -> Variable:
    """A layer's input in its weights' float type; the gradient comes back in x's own."""
    x = as_variable(x)
    return x if x.dtype == w.dtype else x.astype(w.dtype)


def arguments_text(*values: Any, **options: tuple[Any, Any]) -> str:
    """The arguments of a call: `values`, and of the options (value, default) those that differ from their default."""
    changed = [
        f"{name}={_short(value)}" for name, (value, default) in options.items() if _short(value) != _short(default)
    ]
    return ", ".join([*map(_short, values), *changed])


def _short(value: Any) -> str:
    """The text of an argument; one number for a pair of equal ones."""
    return str(value[0]) if isinstance(value, tuple) and value[0] == value[1] else repr(value)
