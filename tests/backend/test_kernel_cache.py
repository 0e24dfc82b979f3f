"""Machine code on disk: keyed by all that it depends on, checked, replaced as a whole, and never in the way."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from minigrad.backend.compiled import cache as on_disk
from minigrad.backend.compiled import loading, preparing, processor, update

FLOAT = np.dtype(np.float32)
REAL = on_disk.directory()


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """A cache of the test's own, and nothing said yet."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(on_disk, "directory", cache(on_disk.directory.__wrapped__))
    monkeypatch.setattr(preparing, "directory", on_disk.directory)
    loading.say_once.cache_clear()
    return tmp_path / "cache"


def doubled(x):
    return x + x


def twice():
    """The function as another process knows it, which has compiled nothing."""
    return on_disk.kept(numba.njit(doubled))


def files(place):
    return [file for file in place.rglob("*") if file.is_file()]


def test_what_one_process_compiled_the_next_one_loads(place):
    assert twice()(4) == 8
    assert len(files(place)) == 1
    function = twice()
    assert function(4) == 8
    assert function.stats.cache_hits.total() == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"\0" * len(content),
        lambda content: content[::-1],
        lambda content: b"not machine code",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"\0",
        *(lambda content, i=i: content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :] for i in (0, 31, 32, 999, -2)),
    ],
    ids=lambda damage: "",
)
def test_a_damaged_file_is_compiled_anew_in_silence(place, damage, capfd):
    assert twice()(4) == 8
    (file,) = files(place)
    content = file.read_bytes()
    file.write_bytes(damage(content))
    function = twice()
    assert function(4) == 8
    assert not function.stats.cache_hits
    assert files(place) == [file]
    again = twice()
    assert again(4) == 8
    assert again.stats.cache_hits.total() == 1
    assert capfd.readouterr() == ("", "")


def test_a_file_under_another_name_or_key_is_not_loaded(place, monkeypatch):
    assert twice()(4) == 8
    assert twice()(4.5) == 9
    one, other = files(place)
    one.write_bytes(other.read_bytes())
    function = twice()
    assert function(4) == 8
    assert function(4.5) == 9
    assert function.stats.cache_hits.total() == 1


def test_what_is_killed_while_it_writes_leaves_no_file(place, monkeypatch):
    write = Path.write_bytes

    def killed(path, content):
        write(path, content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        twice()(4)
    assert files(place) == []


def test_damaged_kernels_are_as_good_as_none(place):
    """In a process that begins with them, and believes that all is compiled."""
    shutil.copytree(REAL, place / REAL.name)
    damaged = sorted(place.rglob("*elementwise_relu*"))
    assert len(damaged) == 4, "for two dtypes, the loop and what shares it out"
    for n, file in enumerate(damaged):
        content = file.read_bytes()
        file.write_bytes(content[:100] if n % 2 else content[::-1])
    code = """
import numpy as np
import minigrad as mg, minigrad.functions as F
x = np.linspace(-1, 1, 9)
assert (F.relu(mg.Variable(x)).data == np.maximum(x, 0)).all()
"""
    done = subprocess.run(  # noqa: S603 - the code stands here
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_CACHE_DIR": str(place)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_where_nothing_can_be_written_it_is_said_once(place, capsys):
    place.write_text("a file where the directory should be")
    assert twice()(4) == 8
    assert twice()(4.5) == 9
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"minigrad compiles its CPU kernels anew in each process ({place}: ")
    assert line.endswith("; NUMBA_CACHE_DIR names another place")


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (on_disk, "sources", lambda _: ["another text"]),
        (on_disk, "VECTOR_BYTES", 8),
        (on_disk, "REGISTERS", 8),
        (on_disk, "cpu_target", SimpleNamespace(target_context=SimpleNamespace(codegen=lambda: other_codegen))),
        (numba, "__version__", "0.1"),
        (on_disk.llvmlite, "__version__", "0.1"),
        (np, "__version__", "0.1"),
        (sys, "version", "2.7"),
        (numba.config, "BOUNDSCHECK", 1),
        (numba.config, "OPT", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_key_holds_what_machine_code_depends_on(monkeypatch, owner, name, value):
    before = on_disk.directory.__wrapped__()
    assert on_disk.directory.__wrapped__() == before
    monkeypatch.setattr(owner, name, value)
    assert on_disk.directory.__wrapped__() != before


other_codegen = SimpleNamespace(magic_tuple=lambda: ("x86_64-unknown-linux-gnu", "generic", "-avx"))


def test_the_key_does_not_depend_on_place_and_threads(monkeypatch):
    before = on_disk.directory.__wrapped__()
    monkeypatch.setattr(numba.config, "CACHE_DIR", "elsewhere")
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 77)
    assert on_disk.directory.__wrapped__() == Path("elsewhere", before.name)


@pytest.mark.parametrize(("part", "key"), [("backend/compiled", on_disk.directory), ("optim", on_disk.formulas_key)])
def test_the_keys_are_of_the_kernels_sources_and_of_the_formulas_each(monkeypatch, tmp_path, part, key):
    package = tmp_path / "minigrad"
    for folder in ("backend/compiled", "optim"):
        (package / folder).mkdir(parents=True)
    monkeypatch.setattr(on_disk.resources, "files", {"minigrad": package}.get)
    found = [key.__wrapped__()]  # a frozen program has no sources
    for text in ("1", "2"):
        (package / part / "own.py").write_text(text)
        found.append(key.__wrapped__())
    assert len(set(found)) == 3
    (package / ({"optim": "backend/compiled"}.get(part, "optim")) / "other.py").write_text("3")
    assert key.__wrapped__() == found[-1]


def test_what_nobody_used_for_a_month_is_removed(place):
    old, new, foreign = (place / name for name in ("kernels-old", "kernels-new", "other"))
    for directory in (old, new, foreign, on_disk.directory()):
        directory.mkdir(parents=True)
        os.utime(directory, (0, 0) if directory is not new else None)
    on_disk.sweep()
    assert sorted(file.name for file in place.iterdir()) == sorted([new.name, foreign.name, on_disk.directory().name])


def test_a_formula_that_holds_or_calls_what_may_change_is_kept_in_memory_alone(monkeypatch):
    kept = []
    monkeypatch.setattr(update, "shared", lambda function, cache: kept.append(cache))

    def holding(rate):
        def formula(p, g):
            return p - rate * g

        formula.__module__ = "minigrad.optim.mine"
        return formula

    def users(p, g):
        return p - g

    def own(p, g):
        return p - g

    own.__module__ = "minigrad.optim.mine"
    for formula in (holding(0.1), users, own):
        update.compiled_update.__wrapped__(formula, 0)
    assert kept == [False, False, True]


def second_processes(monkeypatch):
    """The commands of the second processes, none of which is started."""
    commands = []

    def process(command, **options):
        commands.append(command)
        raise OSError("none is started")

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", process)
        with preparing._second_process("f"):
            pass
    return commands


@pytest.mark.parametrize(
    ("name", "value"),
    [("frozen", True), ("executable", "/opt/my-program"), ("executable", ""), ("executable", None)],
)
def test_a_program_that_is_no_python_is_not_started_again(monkeypatch, name, value):
    monkeypatch.setattr(sys, name, value, raising=False)
    assert second_processes(monkeypatch) == []


@pytest.mark.parametrize("entry", ["", ".", "absolute"])
def test_the_second_process_runs_nothing_of_the_current_directory(monkeypatch, tmp_path, entry):
    (tmp_path / "numpy.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path) if entry == "absolute" else entry, *sys.path])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ((*python, program),) = second_processes(monkeypatch)
    imports = program.replace("from minigrad", "import minigrad, numpy; raise SystemExit(7) #")
    assert subprocess.run([*python, imports], check=False).returncode == 7  # noqa: S603 - the code stands here


def test_threads_that_need_the_kernels_at_once_compile_them_once(monkeypatch):
    compiled, second = [], []

    def compile_(letter, first, *, show=False):
        threading.Event().wait(0.02)
        compiled.append(first)

    @contextmanager
    def second_process(letter):
        second.append(letter)
        yield

    monkeypatch.setattr(preparing, "_compile", compile_)
    monkeypatch.setattr(preparing, "_second_process", second_process)
    monkeypatch.setattr(preparing, "_prepare", cache(preparing._prepare.__wrapped__))
    threads = [threading.Thread(target=preparing.prepare, args=(FLOAT,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (compiled, second) == ([0, 1], ["f"])


def test_without_stderr_nothing_is_said(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    loading.say_once("nothing")
    monkeypatch.setattr(preparing, "_small_calls", lambda dtype: [(print, ())])
    preparing._compile("f", 0, show=True)


def test_the_processors_vectors_are_in_the_key():
    assert (on_disk.VECTOR_BYTES, on_disk.REGISTERS) == (processor.VECTOR_BYTES, processor.REGISTERS)
