"""Where Hypothesis gets its choices from: the seed alone.

By itself it mixes in numbers that it reads in the source of whatever modules are loaded, so that a seed draws other
examples in another program, and the literals of an exercise decide how it is examined.
"""

from __future__ import annotations

from typing import Any

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

BACKEND = "minigrad"


class SeededProvider(HypothesisProvider):
    """Hypothesis's own provider without constants."""

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


AVAILABLE_PROVIDERS[BACKEND] = SeededProvider
