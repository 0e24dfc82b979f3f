"""Pictures of data, models and trainings, drawn with matplotlib, which is the extra `plots`.

Each function draws in the `axes` that it is given, and returns them; without, it makes a new figure of pyplot's, which
a notebook shows by itself and `axes.figure.savefig("digits.png")` saves.

>>> from minigrad import plots
>>> axes = plots.curves({"loss": [0.9, 0.4, 0.3], "validation_loss": [0.8, 0.5, 0.6]})
>>> axes[0].get_title(loc="left"), [text.get_text() for text in axes[0].get_legend().get_texts()]
('loss', ['training 0.3', 'validation 0.6, best 0.5'])
"""

from typing import TYPE_CHECKING

from minigrad.plots.confusion import confusion_matrix
from minigrad.plots.curves import curves
from minigrad.plots.digits import digits
from minigrad.plots.filters import feature_maps, filters
from minigrad.plots.learning_rates import learning_rates
from minigrad.plots.live import LiveCurves
from minigrad.spelling import missing as _missing

__all__ = ["LiveCurves", "confusion_matrix", "curves", "digits", "feature_maps", "filters", "learning_rates"]

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
