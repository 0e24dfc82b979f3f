"""The tutorials' models, one file each, with how each tutorial trains it."""

from collections.abc import Mapping

from models import deep_mnist, dense, simple_conv_net, softmax_regression
from models.recipe import Recipe

RECIPES: Mapping[str, Mapping[str, Recipe]] = {
    "softmax_regression": softmax_regression.RECIPES,
    "dense": dense.RECIPES,
    "deep_mnist": deep_mnist.RECIPES,
    "simple_conv_net": simple_conv_net.RECIPES,
}
"""Model -> preset -> recipe."""

__all__ = ["RECIPES", "Recipe"]
