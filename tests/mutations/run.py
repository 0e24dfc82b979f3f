"""Mutate minigrad's derivatives and optimizers and count the mutants that the tests kill: see README.md here."""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from changes import OPERATORS
from mutants import EQUIVALENT, generate, package, sample
from workplace import Verdict, Workplace, copy_tree

OUTCOMES = ["killed", "timeout", "survived", "equivalent"]
LEAST = 95  # percent


def main():
    options = parse()
    everything = generate(package())
    chosen = [mutant for mutant in everything if any(text in mutant.id for text in options.only)]
    if options.list:
        print(*(f"{mutant.id}\n{mutant.diff()}" for mutant in chosen), f"{len(chosen)} mutants", sep="\n")
        return
    chosen = sample(chosen, options.sample or len(chosen), options.seed)
    print(f"{len(chosen)} of {len(everything)} mutants, seed {options.seed}", flush=True)
    started = time.perf_counter()
    verdicts = campaign(chosen, options)
    print_table(verdicts)
    print_left(verdicts)
    print(f"\n{time.perf_counter() - started:.0f} s")
    stale = set(EQUIVALENT) - {mutant.id for mutant in everything}
    if stale:
        print("EQUIVALENT names mutants that there are not:", *sorted(stale), sep="\n  ")
    sys.exit(killed_percent(verdicts) < LEAST)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=150, metavar="N", help="how many mutants, 0 for all; %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="draws the sample; %(default)s")
    parser.add_argument("--only", default=[""], nargs="+", metavar="ID", help="only those with one of these in the id")
    parser.add_argument("--jobs", type=int, default=1, help="so many copies of the tree at a time; %(default)s")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one run of pytest; %(default)s")
    parser.add_argument("--unchecked", action="store_true", help="do not first run the tests without a mutant")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    options = parser.parse_args()
    if options.jobs < 1 or options.sample < 0:
        parser.error("--jobs: at least 1; --sample: at least 0")
    return options


def campaign(mutants, options):
    """Let each mutant meet the tests, in as many copies of the working tree as there are jobs."""
    free = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        first, *others = (Path(folder).resolve() / str(i) for i in range(options.jobs))
        copy_tree(package().parent, first)
        if not options.unchecked:
            Workplace(first, options.timeout).check()
        for tree in others:
            shutil.copytree(first, tree)
        for tree in (first, *others):
            free.put(Workplace(tree, options.timeout))

        def meet(mutant):
            if mutant.id in EQUIVALENT:
                return Verdict(mutant, "equivalent")
            place = free.get()
            try:
                return place.meet(mutant)
            finally:
                free.put(place)

        verdicts = []
        with ThreadPoolExecutor(options.jobs) as threads:
            for verdict in threads.map(meet, mutants):
                verdicts.append(verdict)
                head = f"{len(verdicts):4}/{len(mutants)} {verdict.outcome:10} {verdict.seconds:5.1f} s "
                print(head, verdict.mutant.id, f" {verdict.killer}" if verdict.killer else "", flush=True)
    return verdicts


def print_table(verdicts):
    print(f"\n{'':14}{'mutants':>8}", *(f"{outcome:>11}" for outcome in OUTCOMES), sep="")
    for operator in (*OPERATORS, ""):
        outcomes = Counter(v.outcome for v in verdicts if operator in {"", v.mutant.operator})
        if outcomes:
            counts = "".join(f"{outcomes[outcome]:>11}" for outcome in OUTCOMES)
            print(f"{operator or 'all':14}{outcomes.total():>8}{counts}")
    print(f"\n{killed_percent(verdicts):.1f} % killed (timeouts included, equivalent mutants left out)")


def killed_percent(verdicts):
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    killed = outcomes["killed"] + outcomes["timeout"]
    return 100 * killed / max(1, killed + outcomes["survived"])


def print_left(verdicts):
    for outcome in ("survived", "timeout", "equivalent"):
        found = [verdict.mutant for verdict in verdicts if verdict.outcome == outcome]
        if found:
            print(f"\n{outcome}:")
        for mutant in found:
            reason = EQUIVALENT.get(mutant.id)
            print(mutant.id, *([f"  # {reason}"] if reason else []), mutant.diff(), sep="\n")


if __name__ == "__main__":
    main()
