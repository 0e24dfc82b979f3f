"""What ONNX's layers are in minigrad: windows over images, normalizations, attention, recurrent ones, losses."""

import math

import numpy as np

import minigrad.functions as F
from minigrad import nn
from tests.comparisons.onnx_case import OutOfScope


def windows(node, x, kernel, value=0.0):
    """The images with what border minigrad's functions cannot make, and the stride, pad and dilation for the others."""
    if len(kernel) != 2:
        raise OutOfScope("windows over 1 or 3 axes; minigrad's are over the 2 of images")
    stride, dilation = node["strides"] or [1, 1], node["dilations"] or [1, 1]
    auto, pads = node["auto_pad"], node["pads"] or [0] * 4
    if auto == "SAME_UPPER":
        return x, {"stride": tuple(stride), "pad": "same"}, tuple(dilation)
    border = list(zip(pads[:2], pads[2:], strict=True))
    if auto == "SAME_LOWER":
        for i, (n, s, k, d) in enumerate(zip(x.shape[2:], stride, kernel, dilation, strict=True)):
            total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
            border[i] = total - total // 2, total // 2
    even = all(before == after for before, after in border)
    pad = tuple(before for before, _ in border) if even else 0
    x = x if even else F.pad(x, [(0, 0), (0, 0), *border], value=value)
    return x, {"stride": tuple(stride), "pad": pad}, tuple(dilation)


def conv(node, x, w, b=None):
    node["kernel_shape"]  # w's
    x, options, dilation = windows(node, x, w.shape[2:])
    return F.conv2d(x, w, b, **options, dilation=dilation, groups=node["group"])


def conv_transpose(node, x, w, b=None):
    node["kernel_shape"]
    unpadded = x
    x, options, dilation = windows(node, x, w.shape[2:])
    if x is not unpadded:
        raise OutOfScope("an uneven border")
    more = list(node["output_padding"] or [0, 0])
    if node["output_shape"]:
        for i, wanted in enumerate(node["output_shape"]):
            size = (x.shape[2 + i] - 1) * options["stride"][i] + dilation[i] * (w.shape[2 + i] - 1) + 1 + more[i]
            if size > wanted:
                raise OutOfScope("attribute output_shape that cuts off pixels")
            more[i] += wanted - size
    return F.conv_transpose2d(x, w, b, **options, output_padding=tuple(more), dilation=dilation, groups=node["group"])


def pool(function, value, *more):
    def translated(node, x):
        kernel = node["kernel_shape"]
        unpadded = x
        x, options, dilation = windows(node, x, kernel, value)
        if dilation != (1, 1):
            raise OutOfScope("pooling with dilation")
        options |= {name: bool(node[name]) for name in ("ceil_mode", *more)}
        if x is not unpadded and not options.get("count_include_pad", True):
            raise OutOfScope("an uneven border that does not count in the mean")
        return function(x, tuple(kernel), **options)

    return translated


def global_average(node, x):
    return F.global_avg_pool2d(x, keepdims=True)


def global_max(node, x):
    return F.max(x, (2, 3), keepdims=True)


def col2im(node, columns, size, kernel):
    if len(size) != 2:
        raise OutOfScope("windows over 1 or 3 axes; minigrad's are over the 2 of images")
    stride, dilation, pads = node["strides"] or [1, 1], node["dilations"] or [1, 1], node["pads"] or [0] * 4
    if pads[:2] != pads[2:]:
        raise OutOfScope("an uneven border")
    outputs = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(size, pads[:2], dilation, kernel, stride, strict=True)
    ]
    y = F.reshape(columns, (columns.shape[0], -1, *kernel.tolist(), *map(int, outputs)))  # (N, C, KH, KW, OH, OW)
    return F.fold(y, tuple(size.tolist()), stride=tuple(stride), pad=tuple(pads[:2]), dilation=tuple(dilation))


def resize(node, x, region=None, scales=None, sizes=None):
    axes, mode, place = node["axes"], node["mode"], node["coordinate_transformation_mode"]
    factors = scales if scales is not None and scales.size else sizes
    factors = dict(zip(range(x.ndim) if axes is None else axes, factors.tolist(), strict=True))
    both = factors[2], factors[3]
    if mode == "cubic" or place not in ("half_pixel", "asymmetric"):
        raise OutOfScope(f"resizing in mode {mode}, {place}")
    if mode == "nearest":
        times = both if factors is scales else [b / n for b, n in zip(both, x.shape[2:], strict=True)]
        rounding = place, node["nearest_mode"].split("_")[0]
        whole = all(t == int(t) for t in times)  # then both give the same
        if rounding != ("asymmetric", "floor") and not (whole and rounding == ("half_pixel", "round")):
            raise OutOfScope("nearest pixels by other roundings than i / scale down")
    elif place != "half_pixel":
        raise OutOfScope(f"resizing in mode {mode}, {place}")
    mode = {"nearest": "nearest", "linear": "bilinear"}[mode]
    given = {"size": tuple(map(int, both))} if sizes is not None else {"scale": both}
    return F.upsample2d(x, **given, mode=mode)


def upsample(node, x, scales):
    return F.upsample2d(x, tuple(scales[2:].tolist()), mode={"nearest": "nearest"}[node["mode"]])


def batch_norm(node, x, w, b, mean, var):
    if not node["training_mode"]:
        return F.batch_norm(x, w, b, mean=mean, var=var, eps=node["epsilon"])
    keep = node["momentum"]
    others = (0, *range(2, x.ndim))
    y = F.batch_norm(x, w, b, eps=node["epsilon"])
    return y, keep * mean + (1 - keep) * F.mean(x, others), keep * var + (1 - keep) * F.var(x, others)


def layer_norm(node, x, w, b=None):
    axes = tuple(range(node["axis"] % x.ndim, x.ndim))
    mean, var = F.mean(x, axes, keepdims=True), F.var(x, axes, keepdims=True)
    return F.layer_norm(x, w, b, axis=axes, eps=node["epsilon"]), mean, (var + node["epsilon"]) ** -0.5


def group_norm(node, x, w, b):
    return F.group_norm(x, w, b, groups=node["num_groups"], eps=node["epsilon"])


def instance_norm(node, x, w, b):
    return F.group_norm(x, w, b, groups=x.shape[1], eps=node["epsilon"])


def attention(node, q, k, v, mask=None, past_k=None, past_v=None):
    flat = q.ndim == 3
    if flat:
        q, k, v = (split_heads(x, node[f"{kind}_num_heads"]) for x, kind in ((q, "q"), (k, "kv"), (v, "kv")))
    if past_k is not None:
        if node["is_causal"]:
            raise OutOfScope("causal attention with keys before the first query")
        k, v = F.concatenate([past_k, k], 2), F.concatenate([past_v, v], 2)
    present = k, v
    copies = q.shape[1] // k.shape[1]
    if copies > 1:  # several heads of queries look at each head of keys
        k, v = F.repeat(k, copies, 1), F.repeat(v, copies, 1)
    scale = node["scale"]
    if scale is not None:
        q = q * (scale * math.sqrt(q.shape[-1]))
    y = F.scaled_dot_product_attention(q, k, v, mask=mask, causal=bool(node["is_causal"]))
    return F.reshape(F.transpose(y, (0, 2, 1, 3)), (y.shape[0], y.shape[2], -1)) if flat else y, *present


def split_heads(x, heads):
    N, L, E = x.shape
    return F.transpose(F.reshape(x, (N, L, heads, E // heads)), (0, 2, 1, 3))  # (N, heads, L, E // heads)


def recurrent(layer, order):
    """`order` says where minigrad's gates stand among ONNX's."""

    def translated(node, x, w, r, b=None, lengths=None, h=None, c=None):
        batch_first = node["layout"]
        x = x if batch_first else x.swapaxes(0, 1)  # (N, steps, in)
        if lengths is not None or h is not None or c is not None:
            raise OutOfScope("sequences of several lengths, or a first state")
        b = np.zeros((len(w), 2 * w.shape[1]), x.dtype) if b is None else b
        single = x.shape[1] == 1 and not b[:, -node["hidden_size"] :].any()  # the state before it is 0, reset or not
        if layer is nn.GRU and not node["linear_before_reset"] and not single:
            raise OutOfScope("a GRU whose reset gate weighs h before the product; minigrad's weighs the product")
        runs = []
        for i, reverse in enumerate({"forward": [0], "reverse": [1], "bidirectional": [0, 1]}[node["direction"]]):
            net = layer(x.shape[2], node["hidden_size"])
            (cell,) = net.cells
            load(cell, w[i], r[i], *np.split(b[i], 2), order)
            y, (state,) = net(x[:, ::-1] if reverse else x)
            runs.append((F.flip(y, 1) if reverse else y, *state))
        outputs = [F.stack(parts, 1 if batch_first else 0) for parts in zip(*runs, strict=True)]
        y = F.stack([run[0] for run in runs], 2)  # (N, steps, directions, hidden)
        return y if batch_first else F.transpose(y, (1, 2, 0, 3)), *outputs[1:]

    return translated


def load(cell, w, r, b_x, b_h, order):
    w_x, w_h, b_x, b_h = (gates(array, order) for array in (w, r, b_x, b_h))
    cell.w_x.data, cell.w_h.data = w_x.T.copy(), w_h.T.copy()
    if isinstance(cell, nn.GRUCell):
        cell.b_n.data = b_h[-cell.hidden_features :].copy()
        b_h[-cell.hidden_features :] = 0
    cell.b.data = b_x + b_h


def gates(array, order):
    parts = np.split(array, len(order))
    return np.concatenate([parts[i] for i in order])


def softmax_cross_entropy(node, logits, labels, weights=None):
    options = {"reduction": node["reduction"], "ignore_label": node["ignore_index"], "class_weights": weights}
    return F.softmax_cross_entropy(logits, labels, **options), F.log_softmax(logits, 1)


LAYERS = {
    "Conv": conv, "ConvTranspose": conv_transpose, "MaxPool": pool(F.max_pool2d, -math.inf),
    "AveragePool": pool(F.avg_pool2d, 0.0, "count_include_pad"), "GlobalAveragePool": global_average,
    "GlobalMaxPool": global_max, "Col2Im": col2im, "Resize": resize, "Upsample": upsample,
    "BatchNormalization": batch_norm, "LayerNormalization": layer_norm, "GroupNormalization": group_norm,
    "InstanceNormalization": instance_norm, "Attention": attention, "RNN": recurrent(nn.RNN, [0]),
    "LSTM": recurrent(nn.LSTM, [0, 2, 3, 1]),  # ONNX's gates are i, o, f, g
    "GRU": recurrent(nn.GRU, [1, 0, 2]),  # z, r, n
    "SoftmaxCrossEntropyLoss": softmax_cross_entropy,
}  # fmt: skip
