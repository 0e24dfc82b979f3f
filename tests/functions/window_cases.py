"""A table of convolutions and poolings."""

from cases import Case, normal, spread

import minigrad.functions as F
from minigrad.testing.contracts import loops


def convolution(name, x, w, *, pads=None, bias=True, **options):
    """pads is what the option `pad` must mean: ((above, below), (left, right))."""
    if pads is None:
        vertical, horizontal = pair(options.get("pad", 0))
        pads = ((vertical, vertical), (horizontal, horizontal))
    spelled = {key: pair(value) for key, value in options.items() if key in ("stride", "dilation")}
    return Case(
        f"conv2d {name}",
        lambda *arrays: F.conv2d(*arrays, **options),
        (normal(*x), normal(*w, seed=1), *[normal(w[0], seed=2)] * bias),
        lambda *arrays: loops.conv2d(*arrays, pad=pads, groups=options.get("groups", 1), **spelled),
    )


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


CONVOLUTION = [
    convolution("", (2, 2, 4, 3), (3, 2, 2, 2)),
    convolution("without bias", (2, 2, 4, 3), (1, 2, 3, 2), bias=False),
    convolution("1x1", (2, 3, 2, 3), (2, 3, 1, 1)),
    convolution("(5,3) kernel, (2,1) pad", (1, 2, 5, 3), (2, 2, 5, 3), pad=(2, 1)),
    convolution("(3,1) stride", (1, 2, 8, 3), (2, 2, 2, 2), stride=(3, 1)),
    convolution("stride that leaves pixels over", (2, 1, 6, 5), (2, 1, 3, 2), stride=2, pad=1),
    convolution("stride wider than the kernel", (1, 2, 7, 7), (2, 2, 2, 1), stride=3),
    convolution("dilation", (1, 2, 6, 5), (1, 2, 3, 2), dilation=(2, 3), pad=1),
    convolution("dilation, stride", (1, 1, 8, 7), (2, 1, 3, 2), dilation=(2, 1), stride=(2, 3), pad=(1, 0)),
    convolution("groups", (2, 4, 3, 3), (6, 2, 2, 2), groups=2, stride=(1, 2), pad=(0, 1)),
    convolution("depthwise", (1, 3, 4, 4), (6, 1, 2, 3), groups=3),
    convolution("pad wider than the kernel", (1, 1, 2, 3), (2, 1, 2, 2), pad=3, stride=2),
    convolution("same", (1, 2, 4, 3), (2, 2, 3, 3), pad="same", pads=((1, 1), (1, 1))),
    convolution("same, even kernel", (1, 2, 3, 4), (2, 2, 2, 4), pad="same", pads=((0, 1), (1, 2))),
    convolution("same, stride", (1, 1, 6, 5), (2, 1, 3, 4), pad="same", stride=2, pads=((0, 1), (1, 2))),
]


def pooling(name, f, x, kernel, *, pads=None, **options):
    """pads is what the option `pad` must mean."""
    reference = getattr(loops, name.split()[0])
    spelled = {**options, "pad": pads or pair(options.get("pad", 0))}
    if "stride" in options:
        spelled["stride"] = pair(options["stride"])
    return Case(
        name,
        lambda x: f(x, kernel, **options),
        (spread(*x, low=-3, high=3),),
        lambda x: reference(x, pair(kernel), **spelled),
    )


def poolings():
    for name in ("max_pool2d", "avg_pool2d"):
        f = getattr(F, name)
        yield pooling(name, f, (2, 2, 4, 6), 2)
        yield pooling(f"{name} (3,2) kernel", f, (1, 2, 6, 5), (3, 2))
        yield pooling(f"{name} overlapping", f, (1, 2, 5, 5), 3, stride=(1, 2))
        yield pooling(f"{name} leaves pixels over", f, (1, 1, 5, 7), 2, stride=3)
        yield pooling(f"{name} pad", f, (1, 2, 5, 4), 3, stride=2, pad=1)
        yield pooling(f"{name} pad (1,0)", f, (1, 2, 5, 4), (3, 2), stride=2, pad=(1, 0))
        yield pooling(f"{name} ceil_mode", f, (1, 2, 5, 6), 2, stride=2, ceil_mode=True)
        yield pooling(f"{name} ceil_mode, pad", f, (1, 1, 5, 6), 3, stride=2, pad=1, ceil_mode=True)
        yield pooling(f"{name} ceil_mode, wide stride", f, (1, 1, 4, 5), 2, stride=3, pad=1, ceil_mode=True)
        yield pooling(f"{name} same", f, (1, 1, 5, 4), 3, stride=2, pad="same", pads=((1, 1), (0, 1)))
        yield pooling(
            f"{name} same, ceil_mode", f, (1, 1, 5, 4), 2, stride=2, pad="same", pads=((0, 1), (0, 0)), ceil_mode=True
        )


INSIDE_ONLY = {"count_include_pad": False}

POOLING = [
    *poolings(),
    pooling("avg_pool2d pad, image only", F.avg_pool2d, (1, 2, 5, 4), 3, stride=2, pad=1, **INSIDE_ONLY),
    pooling(
        "avg_pool2d ceil_mode, image only",
        F.avg_pool2d,
        (1, 1, 5, 6),
        3,
        stride=2,
        pad=1,
        ceil_mode=True,
        **INSIDE_ONLY,
    ),
]

CASES = [*CONVOLUTION, *POOLING]
