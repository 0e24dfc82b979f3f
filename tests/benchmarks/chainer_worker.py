"""The workloads in Chainer, without iDeep and ChainerX (there are none for Python 3.11)."""

from functools import partial
from itertools import cycle

import chainer
from chainer import optimizers
from chainer.functions import dropout, max_pooling_2d, relu, softmax_cross_entropy
from chainer.links import Convolution2D, Linear
from protocol import batches, chain_leaves, serve

max_pool = partial(max_pooling_2d, ksize=2)


def deep_mnist():
    model = chainer.Sequential(
        *(Convolution2D(1, 32, 5, pad=2), relu, max_pool),
        *(Convolution2D(32, 64, 5, pad=2), relu, max_pool),
        *(Linear(64 * 7 * 7, 1024), relu, dropout, Linear(1024, 10)),  # Linear flattens, dropout's ratio is .5
    )
    return training_step(model, optimizers.Adam(alpha=1e-4), batch=50)


def simple_conv_net():
    model = chainer.Sequential(
        *(Convolution2D(1, 30, 5), relu, max_pool),
        *(Linear(30 * 12 * 12, 100), relu, Linear(100, 10)),
    )
    return training_step(model, optimizers.AdaGrad(lr=0.06), batch=100)


def dense():
    model = chainer.Sequential(Linear(28 * 28, 128), relu, Linear(128, 10))
    return training_step(model, optimizers.Adam(alpha=1e-3), batch=32)


def training_step(model, optimizer, batch):
    optimizer.setup(model)
    data = cycle([(x, t.astype("i")) for x, t in batches(batch)])

    def step():
        x, t = next(data)
        loss = softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return float(loss.array)

    return step


def chain(operations):
    leaves = chain_leaves()

    def step():
        y, a, b = (chainer.Variable(leaf) for leaf in leaves)
        for _ in range(operations // 2):
            y = y * a
            y = y + b
        total = chainer.functions.sum(y)
        total.backward()
        return float(total.array)

    return step


serve("Chainer", chainer.__version__, deep_mnist=deep_mnist, simple_conv_net=simple_conv_net, dense=dense, chain=chain)
