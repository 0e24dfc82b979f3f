"""The workloads in Keras on TensorFlow, each training step compiled by tf.function."""

import os
from functools import partial
from itertools import cycle

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, optimizers
from protocol import batches, chain_leaves, serve

THREADS = int(os.environ["OMP_NUM_THREADS"])
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def deep_mnist_model(start="glorot_uniform"):
    Conv2D, Dense = (partial(layer, kernel_initializer=start) for layer in (layers.Conv2D, layers.Dense))
    return keras.Sequential(
        [
            *(keras.Input((28, 28, 1)), Conv2D(32, 5, padding="same", activation="relu"), layers.MaxPool2D(2)),
            *(Conv2D(64, 5, padding="same", activation="relu"), layers.MaxPool2D(2)),
            *(layers.Flatten(), Dense(1024, activation="relu"), layers.Dropout(0.5), Dense(10)),
        ]
    )


def deep_mnist():
    return training_step(deep_mnist_model(), optimizers.Adam(1e-4), batch=50)


def simple_conv_net():
    model = keras.Sequential(
        [
            *(keras.Input((28, 28, 1)), layers.Conv2D(30, 5, activation="relu"), layers.MaxPool2D(2)),
            *(layers.Flatten(), layers.Dense(100, activation="relu"), layers.Dense(10)),
        ]
    )
    return training_step(model, optimizers.Adagrad(0.06, initial_accumulator_value=0.0), batch=100)


def dense_model():
    return keras.Sequential(
        [
            *(keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10)),
        ]
    )


def dense():
    return training_step(dense_model(), optimizers.Adam(1e-3), batch=32)


def training_step(model, optimizer, batch):
    # Keras's memory order, channels last: with one channel the same numbers in the same places.
    data = cycle([(tf.constant(np.moveaxis(x, 1, -1)), tf.constant(t)) for x, t in batches(batch)])
    step = stepper(model, optimizer)
    return lambda: step(*next(data))


def stepper(model, optimizer):
    optimizer.build(model.trainable_variables)

    @tf.function
    def compiled(x, t):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(t, logits))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    return lambda x, t: float(compiled(x, t))


def train(recipe, seed, minibatches):
    keras.utils.set_random_seed(seed)
    model = deep_mnist_model("he_normal") if recipe.quick else dense_model()
    steps = recipe.epochs * -(-60_000 // recipe.batch)
    lr = optimizers.schedules.PolynomialDecay(recipe.lr, steps, 0.0) if recipe.quick else recipe.lr
    step = stepper(model, optimizers.Adam(lr))
    for _, (x, t) in minibatches:
        step(tf.constant(np.moveaxis(x, 1, -1)), tf.constant(t))

    @tf.function
    def labels(x):
        return tf.argmax(model(x, training=False), 1)

    return lambda x: labels(tf.constant(np.moveaxis(x, 1, -1))).numpy()


def chain(operations):
    leaves = chain_leaves()

    def step():
        y, a, b = (tf.Variable(leaf) for leaf in leaves)
        with tf.GradientTape() as tape:
            end = y
            for _ in range(operations // 2):
                end = end * a
                end = end + b
            total = tf.reduce_sum(end)
        tape.gradient(total, [y, a, b])
        return float(total)

    return step


serve(
    "Keras",
    f"{keras.__version__} (TensorFlow {tf.__version__})",
    deep_mnist=deep_mnist,
    simple_conv_net=simple_conv_net,
    dense=dense,
    chain=chain,
    train=train,
)
