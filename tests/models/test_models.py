"""The tutorials' models: their size, their first weights, how they are trained; and that each one learns."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim
from models import RECIPES, resnet

PARAMETERS = {  # as the tutorials count them, or as their layers add up to
    "softmax_regression": 784 * 10 + 10,
    "dense": 101_770,
    "deep_mnist": (25 + 1) * 32 + (25 * 32 + 1) * 64 + (7 * 7 * 64 + 1) * 1024 + (1024 + 1) * 10,
    "simple_conv_net": (25 + 1) * 30 + (12 * 12 * 30 + 1) * 100 + (100 + 1) * 10,
    "codelab_cnn": (9 + 1) * 12 + (36 * 12 + 1) * 24 + (36 * 24 + 1) * 32 + (7 * 7 * 32 + 1) * 200 + (200 + 1) * 10,
    "lenet5": (25 + 1) * 6 + (25 * 6 + 1) * 16 + (400 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10,
    "resnet": sum(9 * a * b + 2 * b for a, b in [(1, 16), (16, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64)])
    + sum(a * b + 2 * b for a, b in [(16, 32), (32, 64)])
    + (64 + 1) * 10,
}
EVERY = [(name, preset) for name in RECIPES for preset in RECIPES[name]]


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    mg.seed(0)


def paper(name):
    return RECIPES[name]["paper"]


@pytest.mark.parametrize("name", RECIPES)
def test_the_number_of_parameters(name):
    model = paper(name).build()
    assert sum(p.size for p in model.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_images_become_logits(name, preset):
    model = RECIPES[name][preset].build()
    for n in (0, 1, 3):
        logits = model(np.ones((n, 1, 28, 28), np.float32))
        assert logits.shape == (n, 10)
        assert logits.dtype == np.float32


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_every_parameter_gets_a_gradient(name, preset):
    model = RECIPES[name][preset].build()
    F.softmax_cross_entropy(model(np.random.default_rng(0).random((2, 1, 28, 28), np.float32)), [3, 8]).backward()
    assert all(p.grad is not None for p in model.parameters())


def differently_trained():
    """Each model and preset, but for presets that differ in their length alone."""
    found = {}
    for name, preset in EVERY[::-1]:
        recipe = RECIPES[name][preset]
        found[recipe.build, recipe.optimizer, recipe.lr, recipe.reduction] = name, preset
    return [*found.values()][::-1]


@pytest.mark.parametrize(("name", "preset"), differently_trained())
def test_a_few_steps_fit_a_few_digits(name, preset):
    recipe = RECIPES[name][preset]
    model = recipe.build()
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    x, t = data.mnist()[0][:20]
    losses = []
    for _ in range(8 if name == "resnet" else 20):
        loss = F.softmax_cross_entropy(model(x), t, reduction=recipe.reduction)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < 0.7 * losses[0]


def test_softmax_regression_begins_with_zeros():
    assert all(not p.data.any() for p in paper("softmax_regression").build().parameters())


def test_deep_mnist_begins_with_the_tutorials_weights():
    model = paper("deep_mnist").build()
    weights = [p.data for name, p in model.named_parameters() if name.endswith(".w")]
    biases = [p.data for name, p in model.named_parameters() if name.endswith(".b")]
    assert len(weights) == len(biases) == 4
    assert all((bias == np.float32(0.1)).all() for bias in biases)
    assert all(abs(w).max() <= 0.2 for w in weights)  # truncated at 2σ, σ = 0.1
    assert weights[2].std() == pytest.approx(0.088, abs=0.001)  # that truncation makes of σ = 0.1


def test_simple_conv_net_begins_with_the_books_weights():
    model = paper("simple_conv_net").build()
    assert model.fc1.w.data.std() == pytest.approx(0.01, rel=0.01)
    assert not any(p.data.any() for name, p in model.named_parameters() if name.endswith(".b"))


def test_the_papers_recipes():
    def shown(recipe):
        return recipe.optimizer, recipe.lr, recipe.batch_size, recipe.steps, recipe.epochs, recipe.reduction

    assert shown(paper("softmax_regression")) == (optim.SGD, 0.01, 50, 1_000, None, "sum")
    assert shown(paper("dense")) == (optim.Adam, 0.001, 32, None, 5, "mean")
    assert shown(paper("deep_mnist")) == (optim.Adam, 1e-4, 50, 20_000, None, "sum")
    assert shown(paper("simple_conv_net")) == (optim.Adagrad, 0.06, 100, 6_000, None, "mean")
    assert shown(paper("codelab_cnn")) == (optim.Adam, 0.005, 128, None, 10, "mean")
    for name, lr, batch, epochs in (("lenet5", 0.02, 50, 20), ("resnet", 0.1, 128, 15)):
        assert shown(paper(name))[1:] == (lr, batch, None, epochs, "mean")
        optimizer = paper(name).optimizer([nn.Parameter([1.0])], lr=lr)
        assert (type(optimizer), optimizer.momentum) == (optim.SGD, 0.9)


def test_dropout_is_where_deep_mnist_has_it():
    dropouts = [m for _, m in paper("deep_mnist").build().named_modules() if isinstance(m, nn.Dropout)]
    assert [d.p for d in dropouts] == [0.5]


def test_the_codelabs_network_has_batch_normalization_without_scale_and_dropout():
    modules = [m for _, m in paper("codelab_cnn").build().named_modules()]
    norms = [m for m in modules if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert [(m.channels, m.w, m.b is not None) for m in norms] == [(c, None, True) for c in (12, 24, 32, 200)]
    assert [m.p for m in modules if isinstance(m, nn.Dropout)] == [0.4]


def test_a_residual_network_may_be_deeper():
    model = resnet.ResNet(blocks=2, channels=4)
    assert len(model.blocks) == 6
    assert [isinstance(block.shortcut, nn.Identity) for block in model.blocks] == [True, True, False, True, False, True]
    assert model(np.ones((2, 1, 28, 28), np.float32)).shape == (2, 10)
