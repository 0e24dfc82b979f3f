"""Normalizations as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import minigrad.functions as F
from minigrad import checks
from minigrad.backend import accumulation_dtype, format_array, xp_of
from minigrad.checks import Checked
from minigrad.core import config
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.functions.channel_normalization import batch_norm_and_statistics
from minigrad.nn.init import Constant
from minigrad.nn.layers import arguments_text, make_parameter
from minigrad.nn.module import Buffer, Module


class _Normalization(Module):
    """What the normalizations have in common: w (at first 1) and b (at first 0), each of which may be left out."""

    eps = Checked(checks.positive)

    def make_parameters(self, shape: tuple[int, ...], *, eps: float, scale: bool, center: bool) -> None:
        """Set eps, w and b."""
        self.eps, name = eps, type(self).__name__
        scaled, centered = checks.boolean(name, "scale", scale), checks.boolean(name, "center", center)
        self.w = make_parameter(self, "scale", Constant(1.0), shape, None) if scaled else None
        self.b = make_parameter(self, "center", Constant(0.0), shape, None) if centered else None

    def input(self, x: Operand) -> Variable:
        """x in the float type of the parameters, if there are any."""
        x, parameter = as_variable(x), self.w if self.w is not None else self.b
        return x if parameter is None or x.dtype == parameter.dtype else x.astype(parameter.dtype)

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """The options, each with its default."""
        options = {"scale": (self.w is not None, True), "center": (self.b is not None, True)}
        return {"eps": (self.eps, 1e-5), **options}


class _BatchNorm(_Normalization):
    """What the batch normalizations have in common: all but the number of axes.

    In training (`minigrad.train_mode`, the default) a batch is normalized by its own statistics, and a running mean and
    variance come a little nearer to them; in inference these are used.
    """

    channels = Checked(checks.integer, fixed=True)
    momentum = Checked(checks.fraction, one=True)
    shapes: tuple[str, ...]

    def __init__(
        self, channels: int, *, momentum: float = 0.1, eps: float = 1e-5, scale: bool = True, center: bool = True
    ) -> None:
        self.channels, self.momentum = channels, momentum
        self.make_parameters((self.channels,), eps=eps, scale=scale, center=center)
        zeros = Constant(0.0)((self.channels,)).astype(accumulation_dtype(config.float_type()))
        self.mean, self.var = Buffer(zeros), Buffer(zeros + 1)

    def forward(self, x: Operand) -> Variable:
        x = self.input(x)
        ndims = [shape.count(",") + 1 for shape in self.shapes]
        if x.ndim not in ndims or x.shape[1] != self.channels:
            wanted = " or ".join(self.shapes)
            raise ValueError(f"{type(self).__name__}: x must be {wanted}, C = {self.channels}, not {format_array(x)}")
        if not config.is_training():
            return F.batch_norm(x, self.w, self.b, mean=self.mean, var=self.var, eps=self.eps)
        y, mean, variance = batch_norm_and_statistics(type(self).__name__, x, self.w, self.b, self.eps)
        if x.size and not config.is_recomputing():
            n = x.size // self.channels
            self.mean.data = self._nearer(self.mean.data, mean)
            self.var.data = self._nearer(self.var.data, variance * (n / max(1, n - 1)))
        return y

    def _nearer(self, running: Any, batch: Any) -> Any:
        """An array of its own: graphs that use the old one keep it."""
        return xp_of(running).asarray(running + self.momentum * (batch - running), running.dtype)

    def extra_repr(self) -> str:
        return arguments_text(self.channels, momentum=(self.momentum, 0.1), **self.changed)


class BatchNorm1d(_BatchNorm):
    """Batch normalization of features (N, C) or signals (N, C, L): see `F.batch_norm`.

    In training (`minigrad.train_mode`, the default) each channel is normalized by the batch's statistics, and the
    buffers `mean` and `var` take a step towards them; in inference these are used.

    Args:
        channels: C.
        momentum: the part that a batch has in the running statistics, m in running ← (1 − m)·running + m·batch, as in
            PyTorch; Keras's momentum is 1 − m. The running variance is that divided by n − 1.
        eps: what is added to the variance; Keras's is 1e-3.
        scale: have a factor w, at first 1, of each channel.
        center: have a summand b, at first 0, of each channel.
    """

    shapes = ("(N, C)", "(N, C, L)")


class BatchNorm2d(_BatchNorm):
    """Batch normalization of images (N, C, H, W); arguments as of BatchNorm1d."""

    shapes = ("(N, C, H, W)",)


class LayerNorm(_Normalization):
    """Each example normalized by its own statistics over the last axes: see `F.layer_norm`.

    Args:
        shape: the lengths of the axes to normalize over, x's last ones; an int for the last one alone.
        eps, scale, center: as of BatchNorm1d; w and b have this shape.
    """

    def __init__(
        self, shape: int | Sequence[int], *, eps: float = 1e-5, scale: bool = True, center: bool = True
    ) -> None:
        lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
        self.shape = tuple(checks.integer("LayerNorm", "shape", n) for n in lengths)
        self.make_parameters(self.shape, eps=eps, scale=scale, center=center)

    def forward(self, x: Operand) -> Variable:
        x, ndim = self.input(x), len(self.shape)
        if x.shape[max(0, x.ndim - ndim) :] != self.shape:
            raise ValueError(f"LayerNorm: x must be (..., {', '.join(map(str, self.shape))}), not {format_array(x)}")
        return F.layer_norm(x, self.w, self.b, axis=tuple(range(-ndim, 0)), eps=self.eps)

    def extra_repr(self) -> str:
        return arguments_text(self.shape[0] if len(self.shape) == 1 else list(self.shape), **self.changed)


class GroupNorm(_Normalization):
    """Each example's groups of channels normalized by their own statistics: see `F.group_norm`.

    Args:
        channels: C of x (N, C, ...).
        groups: their number; C of them make an instance normalization.
        eps, scale, center: as of BatchNorm1d.
    """

    channels = Checked(checks.integer, fixed=True)
    groups = Checked(checks.integer, fixed=True)

    def __init__(
        self, channels: int, *, groups: int, eps: float = 1e-5, scale: bool = True, center: bool = True
    ) -> None:
        self.channels, self.groups = channels, groups
        if self.channels % self.groups:
            raise ValueError(f"GroupNorm: groups={groups} must divide {channels=}")
        self.make_parameters((self.channels,), eps=eps, scale=scale, center=center)

    def forward(self, x: Operand) -> Variable:
        x = self.input(x)
        if x.ndim < 2 or x.shape[1] != self.channels:
            raise ValueError(f"GroupNorm: x must be (N, {self.channels}, ...), not {format_array(x)}")
        return F.group_norm(x, self.w, self.b, groups=self.groups, eps=self.eps)

    def extra_repr(self) -> str:
        return arguments_text(self.channels, groups=(self.groups, None), **self.changed)
