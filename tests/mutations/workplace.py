"""A copy of the working tree, in which one mutant after the other meets the tests."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from stages import all_stages, stages_of

PYTEST = [
    "-m",
    "pytest",
    "-x",
    "-q",
    "--tb=no",
    "-p",
    "no:cacheprovider",
    "--grad-profile",
    "ci",
    "-p",
    "xdist",
    "-n",
    "0",
]
MEMORY = 8 * 2**30  # bytes of address space: a mutant may ask for more than there is
NO_TESTS = 5

ORIGIN = """
from pathlib import Path
import minigrad

def test_the_copy_is_tested():
    assert Path(minigrad.__file__).resolve().is_relative_to(Path.cwd().resolve())
"""


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
        timeout: seconds that one pytest run may take.
        examples: where Hypothesis keeps its counterexamples.
        environment: of the tests.
    """

    def __init__(self, repository, tree, timeout):
        self.tree = tree
        self.timeout = timeout
        self.examples = tree.with_name(f"{tree.name}-hypothesis")
        self.environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(tree),
            "OMP_NUM_THREADS": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.examples),
        }
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout.decode()
        for name in filter(None, listed.split("\0")):
            if (repository / name).is_file():  # and not deleted since
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(repository / name, tree / name)

    def check(self):
        """Exit unless the tests import the copy, and pass there without a mutant."""
        probe = self.tree / "tests" / "test_origin.py"
        probe.write_text(ORIGIN)
        for stage in (["tests/test_origin.py"], *all_stages(self.tree)):
            outcome, output = self._pytest(stage)
            if outcome != "survived":
                sys.exit(f"Without a mutant: {outcome} in {' '.join(stage)}\n{output[-2000:]}")
            probe.unlink(missing_ok=True)

    def meet(self, mutant):
        """Apply a mutant, run the tests until one fails, and put the original back."""
        started = time.perf_counter()
        path = self.tree / "minigrad" / mutant.module
        original = path.read_bytes()
        path.write_bytes(mutant.mutated())
        try:
            for stage in stages_of(mutant, self.tree):
                outcome, output = self._pytest(stage)
                if outcome != "survived":
                    break
        finally:
            path.write_bytes(original)
            shutil.rmtree(self.examples, ignore_errors=True)  # no mutant profits by another's counterexamples
        return Verdict(mutant, outcome, time.perf_counter() - started, _killer(output))

    def _pytest(self, arguments):
        """The outcome of a run, for a mutant: "killed" if any test failed, or could not even be collected."""
        process = subprocess.Popen(
            [sys.executable, *PYTEST, *arguments],
            cwd=self.tree,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            return "timeout", ""
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # with the processes that tests start
                process.communicate()
        return ("survived" if process.returncode in (0, NO_TESTS) else "killed"), output


def limit_memory():
    """For this process and all that it starts."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _killer(output):
    """The first test that failed, from pytest's summary."""
    failed = [line.split(" - ")[0] for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return failed[0].split(" ", 1)[1] if failed else ""
