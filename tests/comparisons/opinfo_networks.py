"""PyTorch's functions of neural networks, and its losses, as calls of minigrad."""

import functools

import numpy as np

import minigrad.functions as F
from tests.comparisons.opinfo_table import CALLS, axis_of, lacks, of

TINY = {"float64": 1e-300, "float32": 1e-37}  # the least probability, where PyTorch has none
ACTIVATIONS = {"relu": F.relu, "selu": F.selu, "silu": F.silu, "softsign": F.softsign, "hardsigmoid": F.hard_sigmoid}
CALLS.update({f"nn.functional.{name}": lambda x, _f=f: _f(x) for name, f in ACTIVATIONS.items()})


def nn(*names):
    return of(*[f"nn.functional.{name}" for name in names])


def pair(size):
    """An int or a sequence of one stands for both axes."""
    sizes = (size,) if isinstance(size, int) else tuple(size)
    return sizes * 2 if len(sizes) == 1 else sizes


def batch_of(ndim):
    """A decorator: one image, which PyTorch takes without an axis of examples, becomes a batch of one."""

    def decorated(call):
        @functools.wraps(call)
        def batched(x, *args, **kwargs):
            if x.ndim != ndim - 1:
                return call(x, *args, **kwargs)
            return F.squeeze(call(F.expand_dims(x, 0), *args, **kwargs), 0)

        return batched

    return decorated


@nn("leaky_relu")
def _(x, slope=0.01):
    return F.leaky_relu(x, slope)


@nn("elu")
def _(x, alpha=1.0):
    return F.elu(x, alpha)


@nn("gelu")
def _(x, *, approximate="none"):
    return F.gelu(x, approximate)


@nn("prelu")
def _(x, weight):
    lacks(x.ndim < 2 and weight.shape not in {(), (1,)}, "prelu's channels without examples")
    return F.prelu(x, weight)


@nn("relu6")
def _(x):
    return F.clip(x, 0.0, 6.0)


@nn("hardtanh")
def _(x, min_val=-1.0, max_val=1.0):
    return F.hard_tanh(x) if (min_val, max_val) == (-1, 1) else F.clip(x, min_val, max_val)


@nn("softplus")
def _(x, *, beta=1, threshold=20):
    return F.where(x * beta > threshold, x, F.softplus(x * float(beta)) / float(beta))


def along(f):
    return lambda x, dim: f(x, axis_of(x, dim))


CALLS.update({"softmax": along(F.softmax), "softmax.with_dtype": along(F.softmax)})
CALLS.update({"log_softmax": along(F.log_softmax), "log_softmax.with_dtype": along(F.log_softmax)})


@nn("linear")
def _(x, w, b=None):
    lacks(w.ndim != 2, "linear with weights that are no matrix")
    return F.linear(x, w.T, b)


@nn("dropout")
def _(x, p=0.5, training=True):
    lacks(training and p > 0, "random numbers")
    return F.dropout(x, 0.0)


@nn("conv1d")
@batch_of(3)
def _(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    one = lambda n: n if isinstance(n, int | str) else n[0]  # noqa: E731
    return F.conv1d(x, w, b, stride=one(stride), pad=padded(one(padding)), dilation=one(dilation), groups=groups)


def padded(padding):
    return 0 if padding == "valid" else padding if isinstance(padding, int | str) else tuple(padding)


@nn("conv2d")
@batch_of(4)
def _(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    pad = padded(padding) if isinstance(padding, str) else pair(padding)
    return F.conv2d(x, w, b, stride=pair(stride), pad=pad, dilation=pair(dilation), groups=groups)


@nn("conv_transpose2d")
@batch_of(4)
def _(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    sizes = {"stride": pair(stride), "pad": pair(padding), "dilation": pair(dilation)}
    return F.conv_transpose2d(x, w, b, output_padding=pair(output_padding), groups=groups, **sizes)


@nn("avg_pool2d")
@batch_of(4)
def _(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    lacks(divisor_override is not None, "option divisor_override")
    stride = pair(kernel_size if stride is None or stride == () else stride)
    options = {"pad": pair(padding), "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    return F.avg_pool2d(x, pair(kernel_size), stride=stride, **options)


@nn("max_pool2d")
@batch_of(4)
def _(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    lacks(return_indices, "option return_indices")
    lacks(pair(dilation) != (1, 1), "pooling with dilation")
    stride = pair(kernel_size if stride is None or stride == () else stride)
    return F.max_pool2d(x, pair(kernel_size), stride=stride, pad=pair(padding), ceil_mode=ceil_mode)


@nn("adaptive_avg_pool2d")
@batch_of(4)
def _(x, size):
    lacks(pair(size) != (1, 1), "adaptive pooling to more than one pixel")
    return F.global_avg_pool2d(x, keepdims=True)


@nn("unfold")
@batch_of(4)
def _(x, kernel_size, dilation=1, padding=0, stride=1):
    y = F.unfold(x, pair(kernel_size), stride=pair(stride), pad=pair(padding), dilation=pair(dilation))
    N, C, KH, KW, OH, OW = y.shape
    return F.reshape(y, (N, C * KH * KW, OH * OW))


@nn("interpolate.nearest", "interpolate.bilinear", "upsample_nearest")
def _(x, size=None, *, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
    lacks(x.ndim != 4, "interpolation of what is no image (N, C, H, W)")
    lacks(align_corners, "option align_corners")
    if recompute_scale_factor:
        scales = pair(scale_factor) if isinstance(scale_factor, tuple | list) else (scale_factor,) * 2
        size, scale_factor = [int(n * s) for n, s in zip(x.shape[2:], scales, strict=True)], None
    scale = tuple(scale_factor) if isinstance(scale_factor, tuple | list) else scale_factor
    return F.upsample2d(x, scale, size=None if size is None else pair(size), mode=mode)


@nn("upsample_bilinear")
def _(x, size=None, *, scale_factor=None):
    lacks(True, "option align_corners")


@nn("embedding")
def _(w, indices, padding_idx=None, max_norm=None):
    """OpInfo has the table first, which the samples' gradients are for."""
    lacks(padding_idx is not None, "option padding_idx")
    lacks(max_norm is not None, "option max_norm")
    return F.embedding(indices, w)


@nn("scaled_dot_product_attention")
def _(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, enable_gqa=False):
    lacks(dropout_p > 0, "random numbers")
    lacks(enable_gqa, "option enable_gqa")
    return F.scaled_dot_product_attention(q, k, v, mask=attn_mask, causal=is_causal)


@nn("batch_norm", "batch_norm.without_cudnn")
def _(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    lacks(x.ndim < 2, "batch normalization without an axis of channels")
    if training:
        return F.batch_norm(x, weight, bias, eps=eps)
    return F.batch_norm(x, weight, bias, mean=mean, var=var, eps=eps)


@nn("instance_norm")
def _(x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    lacks(not use_input_stats, "instance normalization with given statistics")
    return F.group_norm(x, weight, bias, groups=x.shape[1], eps=eps)


@nn("layer_norm")
def _(x, shape, weight=None, bias=None, eps=1e-5):
    lacks(eps <= 0, "an eps that is not positive (an error here)")
    return F.layer_norm(x, weight, bias, axis=tuple(range(-len(shape), 0)), eps=eps)


@nn("group_norm")
def _(x, groups, weight=None, bias=None, eps=1e-5):
    lacks(eps <= 0, "an eps that is not positive (an error here)")
    return F.group_norm(x, weight, bias, groups=groups, eps=eps)


def loss(f):
    """A loss of two arrays of one shape; PyTorch broadcasts them."""

    def call(x, target, *, reduction="mean", **options):
        lacks(x.shape != target.shape, "a loss of two shapes, which would broadcast (an error here)")
        lacks(x.size == 0 and reduction == "mean", "the mean of nothing (0 here, NaN there)")
        return f(x, target, reduction=reduction, **options)

    return call


def weighted(f):
    """A loss whose elements weigh differently: their sum or mean is taken afterwards."""

    def call(x, target, weight, *, reduction, **options):
        if weight is None:
            return loss(f)(x, target, reduction=reduction, **options)
        y = loss(f)(x, target, reduction="none", **options) * weight
        return {"none": lambda y: y, "mean": F.mean, "sum": F.sum}[reduction](y)

    return call


CALLS["nn.functional.mse_loss"] = loss(F.mean_squared_error)
CALLS["nn.functional.l1_loss"] = loss(F.mean_absolute_error)


@nn("huber_loss")
def _(x, target, *, delta=1.0, reduction="mean"):
    return loss(F.huber)(x, target, delta=delta, reduction=reduction)


@nn("smooth_l1_loss")
def _(x, target, *, beta=1.0, reduction="mean"):
    if beta == 0:
        return loss(F.mean_absolute_error)(x, target, reduction=reduction)
    return loss(F.huber)(x, target, delta=beta, reduction=reduction) / beta


@nn("binary_cross_entropy")
def _(x, target, weight=None, *, reduction="mean"):
    return weighted(F.binary_cross_entropy)(x, target, weight, reduction=reduction, eps=TINY[x.dtype.name])


NO_PROBABILITIES = "a loss of what is no probability (an error here)"


def _probable(x):
    return bool(np.all(np.abs(x.data - 0.5) <= 0.501))


@nn("binary_cross_entropy_with_logits")
def _(x, target, *, weight=None, pos_weight=None, reduction="mean"):
    lacks(pos_weight is not None, "option pos_weight of a binary cross-entropy")
    lacks(not _probable(target), NO_PROBABILITIES)
    return weighted(F.sigmoid_cross_entropy)(x, target, weight, reduction=reduction)


@nn("cross_entropy")
def _(x, target, *, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    lacks(x.ndim == 1, "cross-entropy of one example without a batch")
    if not np.issubdtype(target.dtype, np.integer):
        rows = target.sum(1)
        lacks(not bool(np.all(np.abs(rows.data - 1) < 1e-3)), "labels that are no distribution (an error here)")
    options = {"label_smoothing": label_smoothing, "class_weights": weight, "reduction": reduction}
    return F.softmax_cross_entropy(x, target, ignore_label=ignore_index, **options)


@nn("kl_div")
def _(x, target, *, reduction="mean", log_target=False):
    lacks(reduction == "none", "kl_div of single elements (here of rows)")
    lacks(x.ndim == 0, "kl_div of a scalar")
    lacks(x.shape != target.shape, "a loss of two shapes, which would broadcast (an error here)")
    lacks(not (_probable(F.exp(x)) and _probable(F.exp(target) if log_target else target)), NO_PROBABILITIES)
    y = F.kl_divergence(F.exp(x), F.exp(target) if log_target else target, eps=TINY[x.dtype.name], reduction="sum")
    return y / {"sum": 1, "batchmean": x.shape[0], "mean": x.size}[reduction]


@nn("poisson_nll_loss")
def _(x, target, *, log_input=True, full=False, eps=1e-8, reduction="mean"):
    lacks(full, "option full of poisson_nll_loss")
    if log_input:
        x, eps = F.exp(x), TINY[x.dtype.name]
    return loss(F.poisson)(x, target, eps=eps, reduction=reduction)


@nn("cosine_similarity")
def _(x, other, dim=1, eps=1e-8):
    lacks(x.ndim == 0, "an axis of a scalar")
    lacks(x.shape != other.shape, "a loss of two shapes, which would broadcast (an error here)")
    return -F.cosine_similarity(F.moveaxis(x, dim, -1), F.moveaxis(other, dim, -1), reduction="none")
