"""Training."""

from minigrad.training.learning_rate import LearningRates, find_learning_rate

__all__ = ["LearningRates", "find_learning_rate"]
