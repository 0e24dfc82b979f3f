"""A copy of the working tree, in which one mutant after the other meets the tests."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

from stages import CONTRACTS, all_stages, public_names, stages_of
from trial import examples_of, prove_contracts, run_pytest, trial


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: "killed", "timeout", "survived" or "equivalent"; in how many seconds, by which test."""

    mutant: object
    outcome: str
    seconds: float = 0.0
    killer: str = ""


class Workplace:
    """One copy.

    Attributes:
        tree: where it is.
        timeout: seconds that one run of pytest may take; the proofs of the contracts may take a third.
    """

    def __init__(self, tree, timeout):
        self.tree = tree
        self.timeout = timeout

    def check(self):
        """Exit unless the tests pass in the copy without a mutant."""
        for stage in all_stages(self.tree):
            outcome, output = trial(run_pytest, self.tree, [stage], self.timeout)
            if outcome != "survived":
                sys.exit(f"Without a mutant: {outcome} in {' '.join(stage)}\n{output[-2000:]}")

    def meet(self, mutant):
        """Apply a mutant, run the tests until one fails, and put the original back."""
        started = time.perf_counter()
        path = self.tree / "minigrad" / mutant.module
        times = path.stat()
        original = path.read_bytes()
        path.write_bytes(mutant.mutated())
        try:
            outcome, output = self._outcome(mutant)
        finally:
            path.write_bytes(original)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # what was compiled of it is valid again
            shutil.rmtree(examples_of(self.tree), ignore_errors=True)  # no mutant profits by another's counterexamples
        return Verdict(mutant, outcome, time.perf_counter() - started, _killer(output))

    def _outcome(self, mutant):
        names = public_names(mutant, self.tree / "minigrad")
        outcome, output = trial(prove_contracts, self.tree, [CONTRACTS, names], self.timeout / 3)
        for stage in stages_of(mutant, self.tree):
            if outcome != "survived":
                break
            outcome, output = trial(run_pytest, self.tree, [stage], self.timeout)
        return outcome, output


def copy_tree(repository, tree):
    """Copy what git tracks, new files that it does not ignore, and the kernels that are compiled already."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout.decode()
    caches = (path for path in repository.glob("minigrad/**/__pycache__/*") if path.suffix != ".pyc")
    compiled = [path.relative_to(repository) for path in caches]
    for name in (*filter(None, listed.split("\0")), *compiled):
        if (repository / name).is_file():  # and not deleted since
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, tree / name)  # with its time, which Numba's cache looks at


def _killer(output):
    """The first test that failed, from pytest's summary."""
    failed = [line.split(" - ")[0] for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return failed[0].split(" ", 1)[1] if failed else ""
