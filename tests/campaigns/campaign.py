"""What the attacks share: the command, and the account of what happened."""

import argparse
import inspect
import sys
from collections import Counter
from time import perf_counter

MOST_SHOWN = 20  # failures


class Account:
    """Counts what each run ended with, and the failures of each kind, with one example."""

    def __init__(self):
        self.outcomes = Counter()
        self.failures = Counter()
        self.examples = {}

    def note(self, outcome):
        self.outcomes[outcome] += 1

    def fail(self, kind, example=""):
        self.outcomes["FAILED"] += 1
        self.failures[kind] += 1
        self.examples.setdefault(kind, example)

    def show(self, seconds, show):
        for outcome, count in sorted(self.outcomes.items()):
            show(f"{count:8,}  {outcome}")
        show(f"{self.outcomes.total():8,}  runs in {seconds:.1f} s")
        for kind, count in self.failures.most_common(MOST_SHOWN):
            show(
                f"FAILED {count:,} times: {kind}"
                + (f", for example {self.examples[kind]}" if kind in self.examples else "")
            )
        if len(self.failures) > MOST_SHOWN:
            show(f"... and {len(self.failures) - MOST_SHOWN:,} more kinds of failures")


def command(attack, *, count, unit="runs", show=print):
    """Run `attack(account, count, seed)` as the command line says, and print the account; 1 if something failed."""
    module = inspect.getmodule(attack)
    name = module.__spec__.name
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=module.__doc__)
    parser.add_argument("--count", type=int, default=count, help=f"{unit}; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn; default: %(default)s")
    options = parser.parse_args()
    account, start = Account(), perf_counter()
    attack(account, options.count, options.seed)
    account.show(perf_counter() - start, show)
    sys.exit(int(bool(account.failures) or not account.outcomes))
