"""minigrad.files: a file is written whole or not at all, whatever stops the writer and whatever is there."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import files
from minigrad.files import atomic_write

WRITER = """
import sys
from minigrad.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print("half", flush=True)
    input()
    file.write(b" and half")
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "target"


@pytest.fixture
def halfway(path):
    """A process that has written half of a file at `path`, and goes on when it gets a line."""
    process = subprocess.Popen(  # noqa: S603 - the code stands here
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "half\n"
    yield process
    process.kill()
    process.communicate()


def write(path, content):
    with atomic_write(path) as file:
        file.write(content)


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_what_was_written_takes_the_old_files_place_at_the_end(path):
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(path) == ["target"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_the_old_file_is_there_and_nothing_else(path, error):
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_write(path) as file:  # noqa: PT012 - the error comes halfway
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert names(path) == ["target"]


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o666, 0o755])
def test_a_file_keeps_its_permissions_and_is_never_open_to_more(path, permissions):
    path.touch()
    path.chmod(permissions)
    with atomic_write(path) as file:
        assert mode(file.name) == permissions
    assert mode(path) == permissions


def test_a_new_file_has_the_usual_permissions(path):
    write(path, b"")
    (path.parent / "usual").touch()
    assert mode(path) == mode(path.parent / "usual")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.bind(str(path))


@pytest.mark.parametrize("make", [os.mkfifo, make_socket, os.mkdir])
@pytest.mark.parametrize("through_a_link", [False, True])
def test_what_is_no_regular_file_is_not_replaced(path, make, through_a_link):
    special = path.with_name("s")
    make(special)
    if through_a_link:
        path.symlink_to(special)
    else:
        path = special
    before = special.stat(), names(path)
    with pytest.raises(OSError, match=f"(Not a regular file|Is a directory): '{path}'$"):
        write(path, b"new")
    assert (special.stat(), names(path)) == before


def test_links_stay_links(path):
    link, dangling = path.with_name("link"), path.with_name("dangling")
    path.write_bytes(b"old")
    link.symlink_to("target")
    dangling.symlink_to("other")
    write(link, b"new")
    write(dangling, b"new too")
    assert (path.read_bytes(), path.with_name("other").read_bytes()) == (b"new", b"new too")
    assert link.is_symlink()
    assert dangling.is_symlink()
    circle = path.with_name("circle")
    circle.symlink_to("circle")
    with pytest.raises(OSError, match=r"circle'$"):
        write(circle, b"new")


def test_a_write_protected_file_is_not_replaced(path, monkeypatch):
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *arguments: False)  # root may write everything
    with pytest.raises(PermissionError, match=f"'{path}'$"):
        write(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("function", ["open", "fsync", "replace"])
def test_errors_name_the_file_that_was_asked_for(path, monkeypatch, function):
    def fail(first, *others):
        raise OSError(28, "No space left on device", first if isinstance(first, str) else None, None, "other.part")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match=f"^{re.escape(f'[Errno 28] No space left on device: {str(path)!r}')}$"):
        write(path, b"new")
    monkeypatch.undo()
    assert names(path) == []
    with pytest.raises(FileNotFoundError, match=f": '{path / 'nowhere' / 'target'}'$"):
        write(path / "nowhere" / "target", b"new")


@pytest.mark.parametrize("name", ["target", "another"])
def test_what_a_killed_process_left_is_removed_by_the_next_write(path, halfway, name):
    halfway.send_signal(signal.SIGKILL)
    halfway.wait()
    assert len(names(path)) == 1
    assert names(path)[0].endswith(".part")
    write(path.with_name(name), b"new")
    assert names(path) == [name]


def test_what_a_living_process_writes_is_left_to_it(path, halfway):
    write(path, b"in between")
    assert path.read_bytes() == b"in between"
    assert len(names(path)) == 2
    halfway.communicate("\n")
    assert halfway.returncode == 0
    assert path.read_bytes() == b"half and half"
    assert names(path) == ["target"]


def test_a_part_that_is_removed_before_it_is_locked_is_made_again(path, monkeypatch):
    parts, lock = [], files._lock

    def slow_lock(file, *, wait):
        parts.append(file.name)
        if len(parts) == 1:
            files._sweep(path.parent)  # of another process, which calls this too
        lock(file, wait=wait)

    monkeypatch.setattr(files, "_lock", slow_lock)
    write(path, b"new")
    assert len(set(parts)) == 2
    assert path.read_bytes() == b"new"
    assert names(path) == ["target"]


def test_a_file_system_without_locks_will_do(path, monkeypatch):
    def no_lock(file, *, wait):
        raise OSError(95, "Operation not supported")

    (path.parent / ".minigrad-0.part").touch()  # of a living process, perhaps
    monkeypatch.setattr(files, "_lock", no_lock)
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path) == [".minigrad-0.part", "target"]


def test_processes_that_write_one_file_at_once_write_it_whole(path):
    code = "import sys; from tests.test_files import write; [write(sys.argv[1], bytes([i]) * 5000) for i in range(20)]"
    processes = [subprocess.Popen([sys.executable, "-c", code, path]) for _ in range(2)]  # noqa: S603 - it stands here
    while any(process.poll() is None for process in processes):
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 5000
            assert len(set(content)) == 1
    assert [process.returncode for process in processes] == [0, 0]
    assert names(path) == ["target"]
