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
from minigrad.training.checkpoint import Checkpoint
from minigrad.training.early_stopping import EarlyStopping
from minigrad.training.history import History
from minigrad.training.learning_rate import LearningRateSearch, find_learning_rate
from minigrad.training.logs import CSV, JSONLines, TensorBoard
from minigrad.training.loop import evaluate, fit, predict, train_step
from minigrad.training.rates import AverageWeights, LearningRate
from minigrad.training.recipe import Recipe
from minigrad.training.under_way import Training

__all__ = [
    "CSV",
    "AverageWeights",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "JSONLines",
    "LearningRate",
    "LearningRateSearch",
    "Recipe",
    "TensorBoard",
    "Training",
    "evaluate",
    "find_learning_rate",
    "fit",
    "predict",
    "train_step",
]
