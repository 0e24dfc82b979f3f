"""These functions and their gradients equal PyTorch's, whose numbers pytorch_checksums.py made."""

import math

import numpy as np
import pytest
from pytorch_checksums import SHAPES_AND_OPTIONS, numbers

import minigrad as mg
import minigrad.functions as F

CHECKSUMS = [
    ("conv1d", (2, 6, 4), [-3.062341408961, 4.550796465988, 4.407255023894, -3.940655923319]),
    ("conv1d", (1, 3, 4), [-0.943815706804, 1.864406862223, -1.248367073615]),
    ("conv_transpose2d", (2, 3, 5, 5), [-5.472633030238, 12.857594365053, 2.360395657817, 12.168668394732]),
    ("conv_transpose2d", (1, 4, 6, 6), [7.285312406831, 1.874221381998, -3.461583157816, -11.035563845033]),
    ("conv_transpose2d", (1, 1, 7, 5), [-2.711211252056, 3.484994728329, 1.700631657875]),
    ("conv_transpose2d", (1, 8, 15, 14), [12.622951554951, 12.112181902856, 6.328261025397, 1.275034461347]),
    ("batch_norm", (6, 3), [-1.936215383422, -1.182353691793, 0.040838690205, 1.128761099882]),
    ("batch_norm", (2, 3, 4, 2), [-0.344080658766, -2.501496517894, 3.010391160395, 0.903843563043]),
    ("batch_norm", (2, 2, 5), [-13.060271461424, -2.929728952693]),
    ("batch_norm with statistics", (2, 3, 4, 2), [-2.256715805959, 1.186380336349, 5.469501586224, 0.903843563043]),
    ("layer_norm", (2, 3, 5), [-0.549099907659, -2.24908951541, 5.091834991836, -1.998911911582]),
    ("layer_norm", (2, 3, 5), [5.509630429565, 0.203468228003, 0.101417269472, 4.477297306915]),
    ("group_norm", (2, 6, 3), [-4.770311977575, -2.022730728855, 2.754857502981, 0.029934425486]),
    ("group_norm", (2, 4, 2, 3), [-29.047178560482, -7.955750416794]),
    ("scaled_dot_product_attention", (2, 3, 2), [0.032116933406, 0.113979542441, -0.104413793096, 0.276947684405]),
    ("scaled_dot_product_attention", (2, 2, 3, 2), [-0.024443873042, 0.315391487049, 0.306236572144, 1.930981318983]),
    ("scaled_dot_product_attention", (3, 4), [1.121296411637, -0.464007064816, -0.215457179827, 2.705099209268]),
    ("scaled_dot_product_attention", (2, 3), [1.574272184588, -0.323610395684, -0.319578762184, 1.996097095052]),
    ("upsample2d", (1, 2, 6, 8), [0.708371493287, 1.340168089069]),
    ("upsample2d", (1, 2, 5, 2), [-4.849209719985, 0.343337783988]),
    ("upsample2d", (1, 2, 7, 2), [0.108289534185, -2.154606150376]),
    ("upsample2d", (1, 2, 6, 8), [0.522400635921, 1.371733990722]),
    ("upsample2d", (1, 2, 5, 2), [0.891873265648, -2.951482820818]),
    ("upsample2d", (1, 2, 7, 2), [-1.504627191909, 0.500738310336]),
]
CASES = [(name, *case) for name, cases in SHAPES_AND_OPTIONS.items() for case in cases]


def call(name, xs, options):
    options = {key: np.array(value) if key in ("mask", "mean", "var") else value for key, value in options.items()}
    return getattr(F, name.split()[0])(*xs, **options)


def checksum(y, seed):
    return (y * np.reshape(numbers(y.size, seed), y.shape)).sum()


@pytest.mark.parametrize("i", range(len(CASES)), ids=lambda i: f"{i}-{CASES[i][0]}")
def test_checksums(i):
    name, shapes, options = CASES[i]
    expected_name, expected_shape, expected = CHECKSUMS[i]
    xs = [mg.Variable(np.reshape(numbers(math.prod(shape), j), shape)) for j, shape in enumerate(shapes)]
    y = call(name, xs, options)
    gradients = mg.grad(checksum(y, 9), xs)
    assert (name, y.shape) == (expected_name, expected_shape)
    found = [checksum(y, 9).item(), *(checksum(g, 10).item() for g in gradients)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-11)
