"""The workloads in minigrad, from the tree that PYTHONPATH names, with the kernel set that MINIGRAD_KERNELS names.

The training steps are those of `make mnist`: the models in models/, trained by their tutorials' recipes.
"""

from functools import partial
from itertools import cycle

from protocol import batches, chain_leaves, real_batches, serve

import minigrad as mg
from minigrad.functions import softmax_cross_entropy
from minigrad.optim import Adam
from models import RECIPES


def training_step(name, *, real=False):
    recipe = RECIPES[name]["paper"]
    model = recipe.build()
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    data = real_batches(recipe.batch_size) if real else cycle(batches(recipe.batch_size))

    def step():
        x, t = next(data)
        loss = softmax_cross_entropy(model(x), t, reduction=recipe.reduction)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def train(recipe, seed, minibatches):
    mg.seed(seed)
    model = RECIPES[recipe.model]["quick" if recipe.quick else "paper"].build()
    optimizer = Adam(model.parameters(), lr=recipe.lr)
    for lr, (x, t) in minibatches:
        loss = softmax_cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = lr
        optimizer.step()
        loss.item()

    @mg.inference()
    def predict(x):
        return model(x).data.argmax(1)

    return predict


def chain(operations, *, constants=False):
    leaves = chain_leaves()

    def step():
        y = mg.Variable(leaves[0])
        a, b = leaves[1:] if constants else map(mg.Variable, leaves[1:])
        for _ in range(operations // 2):
            y = y * a
            y = y + b
        total = y.sum()
        total.backward()
        return total.item()

    return step


models = {name: partial(training_step, name) for name in ("deep_mnist", "simple_conv_net", "dense")}
models["late_step"] = partial(training_step, "deep_mnist", real=True)
serve("minigrad", mg.__version__, **models, chain=chain, train=train)
