"""`python -m tests.bench`: how many of the wrong gradients are noticed, and how many called by their name."""

import argparse
import re
import sys
from collections import Counter

from minigrad.testing import Inconclusive, prove
from minigrad.testing.proof import PROFILES
from tests.bench import BENCH


def selfcheck(*, examples=PROFILES["ci"], seed=0, entries=BENCH, show=print):
    """Hold each function against its contract; the names of those that nobody noticed, and (hints right, hints due)."""
    noticed, total, survivors, hints = Counter(), Counter(), [], []
    for wrong in entries:
        finding = prove(wrong.spec, examples=examples, seed=seed, shrink=False).finding
        total[wrong.family] += 1
        if finding is None or isinstance(finding, Inconclusive):
            survivors.append(wrong.name)
            show(f"survived: {wrong.name}" + (f" ({finding.headline})" if finding else ""))
            continue
        noticed[wrong.family] += 1
        if wrong.hint:
            hints.append(bool(re.search(wrong.hint, finding.hint)))
    for family, count in sorted(total.items()):
        show(f"{family:14} {noticed[family]:3} of {count:3}")
    show(f"{'all':14} {noticed.total():3} of {total.total():3}; hints {sum(hints)} of {len(hints)}")
    return survivors, (sum(hints), len(hints))


def main():
    """Print the account; 1 if something survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Count the wrong gradients noticed.")
    parser.add_argument("--profile", choices=PROFILES, default="ci", help="how many examples: 10, 60 or 1000")
    parser.add_argument("--seed", type=int, default=0, help="draws the examples")
    options = parser.parse_args()
    survivors, _ = selfcheck(examples=PROFILES[options.profile], seed=options.seed)
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
