"""The numbers in test_same_as_pytorch.py, from PyTorch in float64: run with a Python that has it.

    python tests/functions/pytorch_checksums.py

Each line is a case: the checksum of the result, and those of the gradients of that checksum towards each array.
"""

import math

SHAPES_AND_OPTIONS = {
    "conv1d": [
        ([(2, 4, 9), (6, 2, 3), (6,)], {"stride": 2, "pad": 1, "dilation": 2, "groups": 2}),
        ([(1, 2, 5), (3, 2, 2)], {}),
    ],
    "conv_transpose2d": [
        ([(2, 2, 3, 4), (2, 3, 3, 2), (3,)], {}),
        ([(1, 4, 3, 3), (4, 2, 3, 3), (4,)], {"stride": 2, "pad": 1, "output_padding": 1, "groups": 2}),
        ([(1, 2, 4, 3), (2, 1, 2, 3)], {"stride": (1, 3), "pad": (0, 2), "dilation": (3, 1)}),
        ([(1, 4, 3, 4), (4, 2, 3, 3), (8,)], {
            "stride": (3, 2), "pad": (1, 2), "output_padding": (2, 3), "dilation": (4, 4), "groups": 4,
        }),
    ],
    "batch_norm": [
        ([(6, 3), (3,), (3,)], {"eps": 1e-3}),
        ([(2, 3, 4, 2), (3,), (3,)], {}),
        ([(2, 2, 5)], {}),
    ],
    "batch_norm with statistics": [([(2, 3, 4, 2), (3,), (3,)], {"mean": [0.1, -0.2, 0.3], "var": [1.0, 0.5, 2.0]})],
    "layer_norm": [([(2, 3, 5), (5,), (5,)], {"axis": -1}), ([(2, 3, 5), (3, 5), (3, 5)], {"axis": (1, 2)})],
    "group_norm": [([(2, 6, 3), (6,), (6,)], {"groups": 3}), ([(2, 4, 2, 3)], {"groups": 4})],
    "scaled_dot_product_attention": [
        ([(2, 3, 4), (2, 5, 4), (2, 5, 2)], {}),
        ([(2, 1, 3, 4), (2, 2, 5, 4), (2, 2, 5, 2)], {"causal": True}),
        ([(3, 4), (4, 4), (4, 4)], {"mask": [[True, False, True, True], [False, True, True, False], [True] * 4]}),
        ([(2, 2), (3, 2), (3, 3)], {"mask": [[0.5, -1.0, 0.0], [-2.0, 3.0, 1.0]]}),
    ],
    "upsample2d": [
        ([(1, 2, 3, 4)], {"scale": 2, "mode": "nearest"}),
        ([(1, 2, 3, 4)], {"scale": (1.7, 0.6), "mode": "nearest"}),
        ([(1, 2, 3, 4)], {"size": (7, 2), "mode": "nearest"}),
        ([(1, 2, 3, 4)], {"scale": 2, "mode": "bilinear"}),
        ([(1, 2, 3, 4)], {"scale": (1.7, 0.6), "mode": "bilinear"}),
        ([(1, 2, 3, 4)], {"size": (7, 2), "mode": "bilinear"}),
    ],
}  # fmt: skip


def numbers(count, seed):
    """Numbers between −1 and 1 that both frameworks are given."""
    return [math.sin(7.3 * i + seed + 0.5 * i * i) for i in range(count)]


def main():
    import torch  # noqa: PLC0415 - the test, which imports this file, does without
    import torch.nn.functional as T  # noqa: PLC0415

    def call(name, xs, options):  # noqa: PLR0911
        options = dict(options)
        if name in ("conv1d", "conv_transpose2d"):
            options["padding"] = options.pop("pad", 0)
            return getattr(T, name)(*xs, **options)
        if name.startswith("batch_norm"):
            statistics = [
                torch.tensor(options.pop(key), dtype=torch.float64) for key in ("mean", "var") if key in options
            ]
            x, *parameters = xs
            return T.batch_norm(x, *(statistics or (None, None)), *parameters, training=not statistics, **options)
        if name == "layer_norm":
            x, w, b = xs
            return T.layer_norm(x, w.shape, w, b)
        if name == "group_norm":
            x, *parameters = xs
            return T.group_norm(x, options["groups"], *parameters)
        if name == "upsample2d":
            options["scale_factor"] = options.pop("scale", None)
            corners = {} if options["mode"] == "nearest" else {"align_corners": False}
            return T.interpolate(*xs, **options, **corners)
        if "mask" in options:
            mask = torch.tensor(options["mask"])
            return T.scaled_dot_product_attention(*xs, attn_mask=mask if mask.dtype == torch.bool else mask.double())
        return T.scaled_dot_product_attention(*xs, is_causal=options.get("causal", False))

    for name, cases in SHAPES_AND_OPTIONS.items():
        for shapes, options in cases:
            xs = [
                torch.tensor(numbers(math.prod(shape), i), dtype=torch.float64).reshape(shape).requires_grad_()
                for i, shape in enumerate(shapes)
            ]
            y = call(name, xs, options)
            checksum = (y * torch.tensor(numbers(y.numel(), 9), dtype=torch.float64).reshape(y.shape)).sum()
            gradients = torch.autograd.grad(checksum, xs)
            sums = [
                (g * torch.tensor(numbers(g.numel(), 10), dtype=torch.float64).reshape(g.shape)).sum()
                for g in gradients
            ]
            print(f"    ({name!r}, {tuple(y.shape)}, {[round(n.item(), 12) for n in (checksum, *sums)]}),")  # noqa: T201


if __name__ == "__main__":
    main()
