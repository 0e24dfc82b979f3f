"""The settings that switches change: `settings.get().training` is one's value in this thread or asyncio task."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from minigrad.core.hooks import Hook


class GradMode(NamedTuple):
    """The recording of operations: on or off, their order of differentiation, and the hooks around them."""

    enabled: bool = True
    order: int = 0
    hooks: tuple[Hook, ...] = ()


@dataclass(slots=True)
class Settings:
    """All that switches change; never changed itself, but replaced by another one.

    Attributes:
        grad_mode: whether and how operations are recorded.
        training: what differs in training, such as dropout, behaves as in training.
        float_type: of Python numbers, lists and initial weights.
        tf32: a GPU may round the factors of float32 products to 10 bits.
        recomputing: operations that were done before are done again, by `transforms.checkpoint`.
        profile: the name of the profile of proofs, which says how many examples they draw, and the seed.
    """

    grad_mode: GradMode = GradMode()  # noqa: RUF009 - immutable, like the others
    training: bool = True
    float_type: np.dtype[Any] = np.dtype(np.float32)  # noqa: RUF009
    tf32: bool = False
    recomputing: bool = False
    profile: tuple[str, int] = ("dev", 0)


settings: ContextVar[Settings] = ContextVar("settings", default=Settings())  # noqa: B039 - never changed
