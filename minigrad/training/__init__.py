"""Training: `fit` and its parts, callbacks, history, checkpoints.

>>> import minigrad as mg, minigrad.functions as F
>>> from minigrad import data, nn, optim, training
>>> mg.seed(0)
>>> digits = data.batches(data.mnist()[0].split(500)[0], 50)
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
>>> history = training.fit(model, optim.Adam(model.parameters()), digits, loss=F.softmax_cross_entropy, epochs=3)
epoch 1/3  loss ...
epoch 2/3  loss ...
epoch 3/3  loss ...
>>> history["loss"][-1] < history["loss"][0]
True
"""

from minigrad.training.callback import Callback
from minigrad.training.history import History
from minigrad.training.learning_rate import LearningRates, find_learning_rate
from minigrad.training.loop import evaluate, fit, predict, train_step
from minigrad.training.recipe import Recipe
from minigrad.training.under_way import Training

__all__ = [
    "Callback",
    "History",
    "LearningRates",
    "Recipe",
    "Training",
    "evaluate",
    "find_learning_rate",
    "fit",
    "predict",
    "train_step",
]
