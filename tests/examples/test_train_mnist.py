"""examples/train_mnist.py: the training of a model on one page."""

import numpy as np
import pytest

from examples import train_mnist
from minigrad import data, nn
from models import RECIPES


def digits(n):
    """Images that give themselves away: label t has row t lit."""
    labels = np.arange(n) % 10
    images = np.random.default_rng(0).integers(0, 50, (n, 1, 28, 28))
    images[np.arange(n), 0, labels] = 255
    return data.LabelledImages(images.astype(np.uint8), labels)


def test_it_trains_draws_saves_and_says_how_good_the_model_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "mnist", lambda: (digits(1000), digits(100)))
    reached = train_mnist.main("softmax_regression")
    assert reached > 0.9
    assert capsys.readouterr().out.splitlines()[-1] == f"accuracy on the 100 test images: {reached:.2%}"
    assert "<svg" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    nn.load(RECIPES["softmax_regression"]["quick"].build(), tmp_path / "weights.npz")


def test_a_model_that_is_not_there():
    with pytest.raises(KeyError, match="gpt"):
        train_mnist.main("gpt")
