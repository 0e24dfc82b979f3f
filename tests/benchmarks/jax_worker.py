"""The workloads in JAX, each training step compiled by jit, with the memory of its state given to the next."""

from functools import partial
from itertools import cycle

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from protocol import batches, serve

DEEP_MNIST = [(5, 5, 1, 32), (32,), (5, 5, 32, 64), (64,), (3136, 1024), (1024,), (1024, 10), (10,)]
DENSE = [(784, 128), (128,), (128, 10), (10,)]


def deep_mnist_model(weights, x, key):
    w1, b1, w2, b2, w3, b3, w4, b4 = weights
    h = max_pool(jax.nn.relu(conv(x, w1, "SAME") + b1))
    h = max_pool(jax.nn.relu(conv(h, w2, "SAME") + b2))
    h = jax.nn.relu(h.reshape(len(h), -1) @ w3 + b3)
    if key is not None:
        h = jnp.where(jax.random.bernoulli(key, 0.5, h.shape), h / 0.5, 0)
    return h @ w4 + b4


def dense_model(weights, x, key):
    w1, b1, w2, b2 = weights
    return jax.nn.relu(x.reshape(len(x), -1) @ w1 + b1) @ w2 + b2


def deep_mnist():
    return training_step(deep_mnist_model, DEEP_MNIST, partial(adam, lr=1e-4), slots=2, batch=50)


def simple_conv_net():
    shapes = [(5, 5, 1, 30), (30,), (4320, 100), (100,), (100, 10), (10,)]

    def model(weights, x, key):
        w1, b1, w2, b2, w3, b3 = weights
        h = max_pool(jax.nn.relu(conv(x, w1, "VALID") + b1))
        h = jax.nn.relu(h.reshape(len(h), -1) @ w2 + b2)
        return h @ w3 + b3

    return training_step(model, shapes, partial(adagrad, lr=0.06), slots=1, batch=100)


def dense():
    return training_step(dense_model, DENSE, partial(adam, lr=1e-3), slots=2, batch=32)


def conv(x, w, padding):
    return lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def adam(w, g, slots, t, lr):
    m, v = 0.9 * slots[0] + 0.1 * g, 0.999 * slots[1] + 0.001 * g * g
    return w - lr * m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), (m, v)


def adagrad(w, g, slots, t, lr):
    h = slots[0] + g * g
    return w - lr * g / (jnp.sqrt(h) + 1e-7), (h,)


def training_step(model, shapes, update, slots, batch):
    data = cycle([on_device(x, t) for x, t in batches(batch)])
    step, _ = stepper(model, shapes, update, slots)
    return lambda: step(*next(data))


def on_device(x, t):
    return jnp.asarray(np.moveaxis(x, 1, -1)), jnp.asarray(t)


def stepper(model, shapes, update, slots, seed=0):
    """A training step, and a list of the weights, the optimizer's state and the number of steps."""
    rng = np.random.default_rng(seed)
    weights = [jnp.asarray(rng.normal(0, (2 / np.prod(s[:-1])) ** 0.5 if s[1:] else 0, s), "f4") for s in shapes]
    state = [tuple(jnp.zeros(s, "f4") for _ in range(slots)) for s in shapes]

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def compiled(weights, state, counter, x, t):
        key = jax.random.fold_in(jax.random.key(0), counter)

        def loss_of(weights):
            logits = jax.nn.log_softmax(model(weights, x, key))
            return -jnp.take_along_axis(logits, t[:, None], 1).mean()

        loss, gradients = jax.value_and_grad(loss_of)(weights)
        new = [update(w, g, s, counter + 1.0) for w, g, s in zip(weights, gradients, state, strict=True)]
        return [w for w, _ in new], [s for _, s in new], counter + 1, loss

    held = [weights, state, jnp.asarray(0)]

    def step(x, t):
        *held[:], loss = compiled(*held, x, t)
        return float(loss)

    return step, held


def train(recipe, seed, minibatches):
    model, shapes = {"dense": (dense_model, DENSE), "deep_mnist": (deep_mnist_model, DEEP_MNIST)}[recipe.model]
    steps = recipe.epochs * -(-60_000 // recipe.batch)

    def update(w, g, slots, t):
        return adam(w, g, slots, t, recipe.lr * (1 - (t - 1) / steps) if recipe.quick else recipe.lr)

    step, held = stepper(model, shapes, update, 2, seed)
    for _, (x, t) in minibatches:
        step(*on_device(x, t))
    labels = jax.jit(lambda weights, x: model(weights, x, None).argmax(1))
    return lambda x: np.asarray(labels(held[0], jnp.asarray(np.moveaxis(x, 1, -1))))


def chain(operations):
    del operations
    raise SystemExit("JAX compiles a chain as a whole: it keeps no books while it runs")


serve(
    "JAX",
    jax.__version__,
    deep_mnist=deep_mnist,
    simple_conv_net=simple_conv_net,
    dense=dense,
    chain=chain,
    train=train,
)
