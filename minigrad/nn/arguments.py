"""The checks of `minigrad.checks` under their old place, until optim imports them from there."""

from minigrad.checks import fraction, positive

__all__ = ["fraction", "positive"]
