"""One mutant's trials, each in a process forked from a warm one: there all but minigrad is imported already."""

import multiprocessing
import os
import resource
import signal
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

WARM = ["numpy", "scipy.special", "hypothesis", "hypothesis.extra.numpy", "numba", "pytest"]
"""What the warm process imports: nothing of minigrad, and nothing that keeps threads."""

PYTEST = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--grad-profile", "ci", "-p", "xdist", "-n", "0"]
NO_TESTS = 5
MEMORY = 8 * 2**30  # bytes of address space: a mutant may ask for more than there is

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(WARM)


def trial(function, tree, arguments, timeout):
    """Call `function(*arguments)` in a process of its own, with the package in `tree`.

    Returns:
        "survived", "killed" or "timeout"; and what it printed.
    """
    output = tree.with_name(f"{tree.name}.output")
    process = _processes.Process(target=_run, args=(function, tree, arguments, output))
    process.start()
    process.join(timeout)
    outcome = "timeout"
    if process.exitcode is not None:
        outcome = "survived" if process.exitcode in (0, NO_TESTS) else "killed"
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # with the processes that tests start
    process.join()
    return outcome, output.read_text(errors="replace")


def examples_of(tree):
    """Where Hypothesis keeps the counterexamples of trials in a tree."""
    return tree.with_name(f"{tree.name}.examples")


def _run(function, tree, arguments, output):
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(tree)
    os.environ.update(
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONPATH=str(tree),
        OMP_NUM_THREADS="1",
        HYPOTHESIS_STORAGE_DIRECTORY=str(examples_of(tree)),
    )
    sys.path.insert(0, str(tree))
    assert Path(find_spec("minigrad").origin).is_relative_to(tree)
    sys.exit(function(*arguments))


def prove_contracts(module, names):
    """Prove the contracts of some functions; exit at the first that does not hold."""
    contracts = import_module(module).CONTRACTS
    prove = import_module("minigrad.testing").prove
    chosen = [spec for spec in contracts if names & {spec.name, spec.name.split()[0]}]
    warnings.simplefilter("error")
    for examples in (10, 60):  # the first ten are the same: most mutants fall at once
        for spec in chosen:
            finding = prove(spec, examples=examples, seed=0, shrink=False).finding
            if finding is not None:
                print(f"FAILED contract of {spec.name}")
                return 1
    return 0


def run_pytest(arguments):
    """Run the tests until one fails."""
    return import_module("pytest").main([*PYTEST, *arguments])
