"""Sequential, and the layers besides the activations: Linear, Conv2d, ConvReLUPool, poolings, Flatten, Dropout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, overload

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.backend.windows import Pair
from minigrad.core import config
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
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
        owner = type(self).__name__
        self.in_features = checks.integer(owner, "in_features", in_features)
        self.out_features = checks.integer(owner, "out_features", out_features)
        self.w = make_parameter(owner, "init", init, (self.in_features, self.out_features), rng)
        self.b = make_parameter(owner, "bias_init", bias_init, (self.out_features,), rng) if bias else None

    def forward(self, x: Operand) -> Variable:
        return F.linear(x, self.w, self.b)

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
        owner = type(self).__name__
        self.in_channels = checks.integer(owner, "in_channels", in_channels)
        self.out_channels = checks.integer(owner, "out_channels", out_channels)
        self.kernel = checks.pair(owner, "kernel", kernel, least=1)
        self.stride = checks.pair(owner, "stride", stride, least=1)
        self.pad = checks.padding(owner, "pad", pad)
        self.dilation = checks.pair(owner, "dilation", dilation, least=1)
        self.groups = checks.integer(owner, "groups", groups)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(f"{owner}: groups={groups} must divide {in_channels=} and {out_channels=}")
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel)
        self.w = make_parameter(owner, "init", init, shape, rng)
        self.b = make_parameter(owner, "bias_init", bias_init, (self.out_channels,), rng) if bias else None

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of `F.conv2d`."""
        return {"stride": self.stride, "pad": self.pad, "dilation": self.dilation, "groups": self.groups}

    def forward(self, x: Operand) -> Variable:
        return F.conv2d(x, self.w, self.b, **self.options)

    def extra_repr(self) -> str:
        usual = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, "bias": True}
        given = self.options | {"bias": self.b is not None}
        options = {name: (value, usual[name]) for name, value in given.items()}
        return arguments_text(self.in_channels, self.out_channels, self.kernel, **options)


class ConvReLUPool(Conv2d):
    """A convolution, a ReLU and a max-pooling in one pass: (N, C, H, W) -> (N, O, PH, PW), see `F.conv_relu_pool`.

    Args:
        in_channels, out_channels, kernel, **options: as of Conv2d.
        pool, pool_stride, pool_pad, ceil_mode: as of `F.conv_relu_pool`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        *,
        pool: Size = 2,
        pool_stride: Size | None = None,
        pool_pad: Padding = 0,
        ceil_mode: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, **options)
        owner = type(self).__name__
        self.pool = checks.pair(owner, "pool", pool, least=1)
        self.pool_stride = self.pool if pool_stride is None else checks.pair(owner, "pool_stride", pool_stride, least=1)
        self.pool_pad = checks.padding(owner, "pool_pad", pool_pad)
        self.ceil_mode = ceil_mode

    def forward(self, x: Operand) -> Variable:
        pooling: dict[str, Any] = {"pool": self.pool, "pool_stride": self.pool_stride, "pool_pad": self.pool_pad}
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
    """The arguments that the poolings have in common."""

    def __init__(self, kernel: Size, *, stride: Size | None = None, pad: Padding = 0, ceil_mode: bool = False) -> None:
        owner = type(self).__name__
        self.kernel = checks.pair(owner, "kernel", kernel, least=1)
        self.stride = self.kernel if stride is None else checks.pair(owner, "stride", stride, least=1)
        self.pad = checks.padding(owner, "pad", pad)
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        options = {"stride": (self.stride, self.kernel), "pad": (self.pad, 0), "ceil_mode": (self.ceil_mode, False)}
        return arguments_text(self.kernel, **options)


class MaxPool2d(_Pool2d):
    """The maximum over each window: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.max_pool2d`."""

    def forward(self, x: Operand) -> Variable:
        return F.max_pool2d(x, self.kernel, stride=self.stride, pad=self.pad, ceil_mode=self.ceil_mode)


class AvgPool2d(_Pool2d):
    """The mean over each window: (N, C, H, W) -> (N, C, OH, OW); arguments as of `F.avg_pool2d`."""

    def __init__(self, kernel: Size, *, count_include_pad: bool = True, **options: Any) -> None:
        super().__init__(kernel, **options)
        self.count_include_pad = count_include_pad

    def forward(self, x: Operand) -> Variable:
        options: dict[str, Any] = {"stride": self.stride, "pad": self.pad, "ceil_mode": self.ceil_mode}
        return F.avg_pool2d(x, self.kernel, count_include_pad=self.count_include_pad, **options)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.count_include_pad else ", count_include_pad=False")


class Flatten(Module):
    """Each example as one row: (N, ...) -> (N, product of the others), in row-major order."""

    def forward(self, x: Operand) -> Variable:
        return F.flatten(x)


class Dropout(Module):
    """In training each value becomes 0 with probability p, else it is divided by 1 − p: see `F.dropout`."""

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = checks.fraction(type(self).__name__, "p", p, one=True)
        self.rng = checks.optional_generator(type(self).__name__, "rng", rng)

    def forward(self, x: Operand) -> Variable:
        return F.dropout(x, self.p, rng=self.rng)

    def extra_repr(self) -> str:
        return str(self.p)


def make_parameter(
    owner: str, argument: str, init: Initializer, shape: tuple[int, ...], rng: np.random.Generator | None
) -> Parameter:
    """A parameter of `shape` with the values that `init`, the layer's `argument`, makes from `rng`."""
    if not callable(init) or isinstance(init, type):
        raise TypeError(f"{owner}: {argument} must be an initializer such as nn.init.Normal(0.01), not {init!r}")
    values = init(shape, rng=checks.optional_generator(owner, "rng", rng))
    values = np.array(values, config.float_type(), order="C")
    if values.shape != shape:
        raise ValueError(f"{owner}: {argument} made an array {values.shape}, but {shape} is needed")
    return Parameter(values)


def arguments_text(*values: Any, **options: tuple[Any, Any]) -> str:
    """The arguments of a call: `values`, and of the options (value, default) those that differ from their default."""
    changed = [
        f"{name}={_short(value)}" for name, (value, default) in options.items() if _short(value) != _short(default)
    ]
    return ", ".join([*map(_short, values), *changed])


def _short(value: Any) -> str:
    """The text of an argument; one number for a pair of equal ones."""
    return str(value[0]) if isinstance(value, tuple) and value[0] == value[1] else repr(value)
