"""Each attack in its short form, and that they notice what they are there for."""

import contextvars
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad as mg
from tests.campaigns.campaign import Account, command
from tests.campaigns.damage import unclear
from tests.campaigns.interrupted import context_variables, left_behind

ROOT = Path(__file__).parents[2]
SHORT = {
    "interrupts": 105,
    "each_moment": 105,
    "forks": 4,
    "kills": 8,
    "killed_trainings": 2,
    "threads": 6,
    "npz_files": 200,
    "idx_files": 200,
    "checkpoint_files": 60,
    "hostile_names": 50,
}


@pytest.mark.parametrize(("attack", "count"), SHORT.items())
def test_a_short_attack_does_no_harm(attack, count):
    command = [sys.executable, "-m", f"tests.campaigns.{attack}", "--count", str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_attack_has_a_short_form():
    files = [
        file for file in Path(__file__).parent.glob("*.py") if "__main__" in file.read_text() and file != Path(__file__)
    ]
    assert {file.stem for file in files} == set(SHORT)


def test_a_failure_gives_status_1_and_is_shown_with_an_example(monkeypatch):
    def attack(account: Account, count, seed):
        account.note("refused")
        account.fail("loaded wrong", f"number {count}")

    lines = []
    monkeypatch.setattr(sys, "argv", ["attack", "--count", "7"])
    with pytest.raises(SystemExit) as ended:
        command(attack, count=1, show=lines.append)
    assert ended.value.code == 1
    assert lines[0].split() == ["1", "FAILED"]
    assert lines[-1] == "FAILED 1 times: loaded wrong, for example number 7"


def test_a_switch_that_is_left_behind_is_noticed():
    def trial():
        before = context_variables()
        assert left_behind(before) == []
        mg.no_grad().__enter__()
        mg.default_dtype("float64").__enter__()
        return left_behind(before)

    assert contextvars.copy_context().run(trial) == ["settings"]


def test_a_signal_comes_at_a_functions_start_after_c_code_and_where_a_loop_jumps_back(fresh_python):
    """A run counts in `done` how far it got; a moment at which it was stopped is missing if a count is."""
    output = fresh_python(
        "from tests.campaigns.signals import Interrupter, moments\n"
        "done = 0\n"
        "def begun():\n"
        "    global done\n"
        "    done = 1\n"
        "def run():\n"
        "    global done\n"
        "    begun()\n"
        "    done = 2\n"
        "    len('')\n"
        "    done = 3\n"
        "    while done < 6:\n"
        "        done += 1\n"
        "interrupter, stopped = Interrupter(), set()\n"
        "for moment in moments(run):\n"
        "    done = 0\n"
        "    interruption = interrupter.at(moment, run)\n"
        "    if interruption.line:\n"
        "        stopped.add((interruption.function, done, interruption.at_entry))\n"
        "print(sorted(stopped))\n"
    )
    assert output.strip() == str([("begun", 0, True), ("run", 2, False), ("run", 4, False), ("run", 5, False)])


@pytest.mark.parametrize("text", ["load: a\nb", "load: \t", "load: " + "x" * 5_000, "struct.error"])
def test_an_unclear_message_is_noticed(text):
    assert unclear(ValueError(text), "load: ")
    assert not unclear(ValueError("load: a\n  w: missing"), "load: ")
