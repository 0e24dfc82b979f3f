"""The tutorials' models, one file each, with how each tutorial trains it."""

from collections.abc import Mapping

from minigrad.training import Recipe
from models import codelab_cnn, deep_mnist, dense, lenet5, resnet, simple_conv_net, softmax_regression

RECIPES: Mapping[str, Mapping[str, Recipe]] = {
    "softmax_regression": softmax_regression.RECIPES,
    "dense": dense.RECIPES,
    "deep_mnist": deep_mnist.RECIPES,
    "simple_conv_net": simple_conv_net.RECIPES,
    "codelab_cnn": codelab_cnn.RECIPES,
    "lenet5": lenet5.RECIPES,
    "resnet": resnet.RECIPES,
}
"""Model -> preset -> recipe."""

__all__ = ["RECIPES", "Recipe"]
