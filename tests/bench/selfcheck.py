"""selfcheck: how many of the bench's mistakes are noticed, and how many are called by their name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from minigrad.testing.bench import BENCH, Wrong
from minigrad.testing.findings import Finding, Inconclusive
from minigrad.testing.proof import PROFILES, prove


@dataclass
class Score:
    """What the bench gave.

    Attributes:
        killed: how many mistakes were noticed, of
        total: all.
        survivors: those that were not.
        hints_right: in how many findings the hint named the mistake, of
        hints_claimed: those where it should.
    """

    killed: int = 0
    total: int = 0
    survivors: list[Wrong] = field(default_factory=list)
    hints_right: int = 0
    hints_claimed: int = 0


def selfcheck(*, profile: str = "ci", seed: int = 0, show: Callable[[str], None] = print) -> Score:
    """Hold every function of the bench against its contract, and count the mistakes that are noticed.

    Args:
        profile: how many examples are drawn for each: "dev" 10, "ci" 60, "nightly" 1000.
        seed: from which they are drawn.
        show: gets each line of the account.
    Returns:
        the score.
    Raises:
        ValueError: there is no such profile.
    """
    if profile not in PROFILES:
        raise ValueError(f"selfcheck: there is no profile {profile!r}; there are {', '.join(PROFILES)}")
    score = Score()
    killed, of = Counter[str](), Counter[str]()
    for wrong in BENCH:
        finding = prove(wrong.spec, examples=PROFILES[profile], seed=seed, shrink=False).finding
        of[wrong.family] += 1
        if finding is None or isinstance(finding, Inconclusive):
            score.survivors.append(wrong)
            show(f"survived: {wrong.name}" + (f" ({finding.headline})" if finding else ""))
            continue
        killed[wrong.family] += 1
        if wrong.hint:
            score.hints_claimed += 1
            score.hints_right += is_named(wrong, finding)
    score.killed, score.total = killed.total(), of.total()
    for family, count in of.items():
        show(f"{family:14} {killed[family]:3} of {count:3}")
    show(f"{'all':14} {score.killed:3} of {score.total:3}; hints {score.hints_right} of {score.hints_claimed}")
    return score


def hints_of(wrong: Wrong, *, examples: int = PROFILES["ci"], seed: int = 0) -> str:
    """The hint that comes with the smallest example that shows the mistake."""
    finding = prove(wrong.spec, examples=examples, seed=seed).finding
    return finding.hint if finding else ""


def is_named(wrong: Wrong, finding: Finding) -> bool:
    """Whether the finding's hint is the one that the mistake deserves."""
    return bool(re.search(wrong.hint, finding.hint))
