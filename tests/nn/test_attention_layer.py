"""MultiHeadAttention: heads that look by themselves, at x or at a memory."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 8)).astype(np.float32)
MEMORY = RNG.standard_normal((2, 5, 6)).astype(np.float32)


def by_hand(layer, x, memory, seen=None):
    """Head after head."""
    width = layer.features // layer.heads
    q, k, v = (part.data for part in (layer.q(x), layer.k(memory), layer.v(memory)))
    found = []
    for head in range(layer.heads):
        part = slice(head * width, (head + 1) * width)
        scores = q[:, :, part] @ k[:, :, part].swapaxes(1, 2) / np.sqrt(width)
        scores = scores if seen is None else np.where(seen, scores, -np.inf)
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        found.append(weights @ v[:, :, part])
    return layer.out(np.concatenate(found, 2)).data


def test_each_head_attends_by_itself():
    layer = nn.MultiHeadAttention(8, 2)
    np.testing.assert_allclose(layer(X).data, by_hand(layer, X, X), rtol=1e-4, atol=1e-6)
    causal = np.tri(3, dtype=bool)
    np.testing.assert_allclose(layer(X, causal=True).data, by_hand(layer, X, X, causal), rtol=1e-4, atol=1e-6)


def test_x_may_look_at_a_memory_of_another_length_and_width():
    layer = nn.MultiHeadAttention(8, 4, memory_features=6)
    np.testing.assert_allclose(layer(X, MEMORY).data, by_hand(layer, X, MEMORY), rtol=1e-4, atol=1e-6)


def test_a_mask_is_for_all_heads_or_for_each():
    layer = nn.MultiHeadAttention(8, 2, memory_features=6)
    lengths = np.arange(5) < np.array([4, 2])[:, None, None]  # (N, 1, S): what is padding
    expected = by_hand(layer, X, MEMORY, lengths)
    np.testing.assert_allclose(layer(X, MEMORY, mask=lengths).data, expected, rtol=1e-4, atol=1e-6)
    each = np.broadcast_to(lengths[:, None], (2, 2, 3, 5))
    np.testing.assert_allclose(layer(X, MEMORY, mask=each).data, expected, rtol=1e-4, atol=1e-6)
    shared = np.ones((3, 5), bool)
    shared[:, 4] = False
    np.testing.assert_allclose(
        layer(X, MEMORY, mask=shared).data, by_hand(layer, X, MEMORY, shared), rtol=1e-4, atol=1e-6
    )


def test_every_parameter_gets_a_gradient():
    layer = nn.MultiHeadAttention(8, 2)
    F.square(layer(X)).sum().backward()
    assert [name for name, _ in layer.named_parameters()] == [
        f"{part}.{name}" for part in ("q", "k", "v", "out") for name in ("w", "b")
    ]
    assert all(p.grad.data.any() for name, p in layer.named_parameters() if name != "k.b")  # a softmax ignores k's


def test_dropout_is_for_training():
    layer = nn.MultiHeadAttention(8, 2, dropout=0.9, rng=np.random.default_rng(0))
    assert not np.allclose(layer(X).data, by_hand(layer, X, X), atol=1e-3)
    with mg.inference():
        np.testing.assert_allclose(layer(X).data, by_hand(layer, X, X), rtol=1e-4, atol=1e-6)


def test_what_it_looks_like():
    text = repr(nn.MultiHeadAttention(8, 2, memory_features=6, dropout=0.1, bias=False))
    assert text.startswith("MultiHeadAttention(8, 2, memory_features=6, dropout=0.1")
    assert "(k): Linear(6, 8, bias=False)" in text


ERRORS = {
    "heads": (lambda: nn.MultiHeadAttention(8, 3), ["heads=3", "features=8"]),
    "x": (lambda: nn.MultiHeadAttention(8, 2)(X[0]), ["x must be (N, length, 8)", "(3, 8)"]),
    "memory": (lambda: nn.MultiHeadAttention(8, 2)(X, MEMORY), ["memory must be (N, length, 8)", "(2, 5, 6)"]),
    "batch": (lambda: nn.MultiHeadAttention(8, 2)(X, X[:1]), ["memory must be (N, length, 8)", "(1, 3, 8)"]),
    "mask": (lambda: nn.MultiHeadAttention(8, 2)(X, mask=np.ones(4, bool)), ["mask", "(2, 2, 3, 3)", "(4,)"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_layer_or_input_is_an_error(name):
    call, parts = ERRORS[name]
    with pytest.raises(ValueError, match=r"(?s).") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []
