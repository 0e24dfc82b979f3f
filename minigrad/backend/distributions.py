"""Labels as distributions over classes."""

from __future__ import annotations

from minigrad.backend import Array, xp_of


def distributions(targets: Array, like: Array, smoothing: float) -> Array:
    """What rows `like` (N, C) are held against: labels (N,) as distributions, 1 at the label; or distributions (N, C).

    The part `smoothing` of each is spread evenly over all classes. A label that is no class has 0 everywhere.
    """
    C = like.shape[1]
    if targets.ndim == 1:
        targets = xp_of(targets).arange(C) == targets[:, None]  # (N,) -> (N, C)
    targets = targets.astype(like.dtype, copy=False)
    return targets * (1 - smoothing) + smoothing / C if smoothing else targets
