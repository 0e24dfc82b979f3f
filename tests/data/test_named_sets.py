"""Fashion-MNIST and Kuzushiji-MNIST: fetched from mirrors, kept whole or not at all, or read from a directory."""

import gzip
import hashlib
import re
import struct
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from minigrad.data import downloads, fashion_mnist, kmnist, named_sets
from minigrad.data.downloads import RemoteFile
from minigrad.data.named_sets import FASHION_MNIST, KMNIST, NamedSet


def idx_bytes(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


CONTENT = {
    "train-images-idx3-ubyte.gz": np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3),
    "train-labels-idx1-ubyte.gz": np.arange(4, dtype=np.uint8),
    "t10k-images-idx3-ubyte.gz": np.arange(2 * 6, dtype=np.uint8).reshape(2, 2, 3),
    "t10k-labels-idx1-ubyte.gz": np.arange(2, dtype=np.uint8),
}
PLAIN = {name: idx_bytes(array) for name, array in CONTENT.items()}
FILES = {name: gzip.compress(content, mtime=0) for name, content in PLAIN.items()}
FIRST = "train-images-idx3-ubyte.gz"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Server(ThreadingHTTPServer):
    """A mirror; `answer(handler, content)` sends what it has of a file, and `asked` notes each file's name."""

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.asked, self.over = answer, [], threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/set/"

    def handle_error(self, request, client_address):
        """Say nothing: clients hang up on purpose."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        self.server.asked.append(name)
        self.server.answer(self, FILES[name])

    def log_message(self, *_):
        """Say nothing."""

    def head(self, length, status=200, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


# What a mirror may answer


def right(handler, content):
    handler.head(len(content))
    handler.wfile.write(content)


def right_if_asked_for_as_it_is(handler, content):
    packed = "gzip" in handler.headers.get("Accept-Encoding", "gzip")
    (packed_for_the_way if packed else right)(handler, content)


def missing(handler, content):
    handler.head(0, 404)


def failing(handler, content):
    handler.head(0, 500)


def truncated(handler, content):
    handler.head(len(content))
    handler.wfile.write(content[:-3])


def shorter(handler, content):
    right(handler, content[:-3])


def longer(handler, content):
    right(handler, content + b"more")


def endless(handler, content):
    handler.head(None)
    while True:
        handler.wfile.write(bytes(2**16))


def another(handler, content):
    right(handler, bytes([content[0] ^ 1]) + content[1:])


def a_page(handler, content):
    right(handler, b"<html>Please log in</html>")


def unpacked(handler, content):
    right(handler, gzip.decompress(content))


def packed_for_the_way(handler, content):
    handler.head(len(content), Content_Encoding="gzip")
    handler.wfile.write(content)


def silent(handler, content):
    handler.server.over.wait(20)


def stalled(handler, content):
    handler.head(len(content))
    handler.wfile.write(content[:5])
    handler.server.over.wait(20)


def dripping(handler, content):
    handler.head(len(content))
    for i in range(len(content)):
        handler.wfile.write(content[i : i + 1])
        if handler.server.over.wait(0.03):
            break


def nonsense(handler, content):
    handler.wfile.write(b"\x00\x01\x02 no HTTP at all\r\n\r\n")


def an_absurd_length(handler, content):
    handler.head("many")
    handler.wfile.write(content)


def round_in_a_circle(handler, content):
    handler.head(0, 302, Location=handler.path)


def hung_up(handler, content):
    handler.connection.close()


WRONG = [
    missing, failing, truncated, shorter, longer, endless, another, a_page, unpacked, packed_for_the_way, silent,
    stalled, dripping, nonsense, an_absurd_length, round_in_a_circle, hung_up,
]  # fmt: skip


@contextmanager
def serving(*answers):
    servers = [Server(answer) for answer in answers]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield servers
    finally:
        for server in servers:
            server.over.set()
            server.shutdown()
            server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own, and no proxy."""
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "fashion_mnist"


@pytest.fixture
def small(monkeypatch):
    """Fashion-MNIST has four small files from now on, at the addresses that are given."""

    def replaced(*servers, content=True):
        named = NamedSet(
            "fashion_mnist",
            tuple(server.address for server in servers),
            tuple(RemoteFile(name, len(content), sha256(content)) for name, content in FILES.items()),
            {name: sha256(content) for name, content in PLAIN.items()} if content else {},
        )
        monkeypatch.setattr(named_sets, "FASHION_MNIST", named)

    return replaced


def assert_whole(sets):
    for part, prefix in zip(sets, ("train", "t10k"), strict=True):
        np.testing.assert_array_equal(part.images[:, 0], CONTENT[f"{prefix}-images-idx3-ubyte.gz"], strict=True)
        np.testing.assert_array_equal(part.labels, CONTENT[f"{prefix}-labels-idx1-ubyte.gz"])


def stored(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


# Fetching


@pytest.mark.parametrize("answer", [right, right_if_asked_for_as_it_is])
def test_the_files_are_fetched_once(small, cache, answer):
    with serving(answer) as (server,):
        small(server)
        assert_whole(fashion_mnist())
        assert_whole(fashion_mnist())
    assert server.asked == list(FILES)
    assert stored(cache) == FILES


def test_what_is_in_the_cache_needs_no_network(small, cache):
    cache.mkdir(parents=True)
    for name, content in FILES.items():
        (cache / name).write_bytes(content)
    small()
    assert_whole(fashion_mnist())


@pytest.fixture(params=WRONG, ids=lambda answer: answer.__name__)
def wrong(request, monkeypatch):
    """A mirror whose first file is wrong; patience lasts a moment if it is a slow one."""
    if request.param in (silent, stalled, dripping):
        monkeypatch.setattr(downloads, "TIMEOUT", 0.4)
        monkeypatch.setattr(downloads, "SLOWEST", 1000)
        monkeypatch.setattr(downloads, "CHUNK", 4)

    def answer(handler, content):
        (request.param if content == FILES[FIRST] else right)(handler, content)

    return answer


def test_the_next_mirror_is_asked_when_one_gives_a_wrong_file(small, cache, wrong):
    with serving(wrong, right) as (bad, good):
        small(bad, good)
        assert_whole(fashion_mnist())
    assert bad.asked[-3:] == list(FILES)[1:]
    assert good.asked == [FIRST]
    assert stored(cache) == FILES


def test_a_wrong_file_never_stays_in_the_cache(small, cache, wrong, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
    with serving(wrong) as (server,):
        small(server)
        with pytest.raises(OSError, match=f"fashion_mnist: {FIRST} could not be fetched; directory= reads") as caught:
            fashion_mnist()
    assert f"\n  {server.address}{FIRST}: " in str(caught.value)
    assert stored(cache) == {}


def test_the_error_says_what_each_mirror_did(small):
    with serving(missing, shorter, longer, another) as servers:
        small(*servers)
        with pytest.raises(OSError, match="could not be fetched") as caught:
            fashion_mnist()
    lines = str(caught.value).splitlines()[1:]
    size = len(FILES[FIRST])
    for line, words in zip(
        lines,
        ["404", f"{size - 3} bytes instead of {size}", f"more than the {size} bytes", "another file"],
        strict=True,
    ):
        assert words in line


def test_nobody_listens(small):
    with serving(right) as (server,):
        pass
    small(server)
    with pytest.raises(OSError, match="could not be fetched"):
        fashion_mnist()


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(small, cache):
    cache.mkdir(parents=True)
    for name, content in FILES.items():
        (cache / name).write_bytes(content if name != FIRST else content[:-1])
    with serving(right) as (server,):
        small(server)
        assert_whole(fashion_mnist())
    assert server.asked == [FIRST]
    assert stored(cache) == FILES


def test_what_interrupts_a_download_leaves_nothing(small, cache, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads._Checked, "finish", interrupted)
    with serving(right) as (server,):
        small(server)
        with pytest.raises(KeyboardInterrupt):
            fashion_mnist()
    assert stored(cache) == {}


def test_a_cache_that_cannot_be_written_is_not_the_mirrors_fault(small, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "file"))
    with serving(right) as (server,):
        small(server)
        with pytest.raises(OSError, match="file") as caught:
            fashion_mnist()
    assert "could not be fetched" not in str(caught.value)
    assert server.asked == []


def test_two_threads_fetch_at_once(small, cache):
    results = []
    with serving(right) as (server,):
        small(server)
        threads = [threading.Thread(target=lambda: results.append(fashion_mnist())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for sets in results:
        assert_whole(sets)
    assert len(results) == 4
    assert stored(cache) == FILES


def test_a_slow_answer_is_given_up_by_its_average(small, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    monkeypatch.setattr(downloads, "SLOWEST", 1000)
    monkeypatch.setattr(downloads, "CHUNK", 4)
    with serving(dripping) as (server,):
        small(server)
        with pytest.raises(OSError, match=r"too slow: \d+ bytes in 0 s"):
            fashion_mnist()


def test_the_users_cache_is_the_default(monkeypatch):
    monkeypatch.delenv("MINIGRAD_DATA")
    assert downloads.cache_folder("fashion_mnist").name == "minigrad"


def test_without_pooch_the_error_names_the_extra(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    small()
    with pytest.raises(
        ImportError, match=re.escape("pip install 'minigrad-nn[download]'; or read files with directory=")
    ):
        fashion_mnist()


# A directory of one's own


@pytest.fixture
def directory(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_directory_needs_neither_network_nor_pooch(small, directory, cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    small()
    assert_whole(fashion_mnist(directory=directory))
    assert_whole(fashion_mnist(directory=str(directory)))
    assert not cache.exists()


def test_files_that_are_packed_otherwise_or_not_at_all_are_known_by_their_content(small, directory):
    small()
    for name, content in PLAIN.items():
        (directory / name).write_bytes(gzip.compress(content, 1, mtime=5))
    assert_whole(fashion_mnist(directory=directory))
    for name, content in PLAIN.items():
        (directory / name).unlink()
        (directory / name.removesuffix(".gz")).write_bytes(content)
    assert_whole(fashion_mnist(directory=directory))


@pytest.mark.parametrize("known", [True, False])
def test_another_set_of_the_same_form_is_refused(small, directory, known):
    small(content=known)
    name = "t10k-labels-idx1-ubyte.gz"
    (directory / name).write_bytes(gzip.compress(idx_bytes(np.array([0, 0], np.uint8))))
    with pytest.raises(ValueError, match=rf"fashion_mnist: {directory / name} is another file than was published: its"):
        fashion_mnist(directory=directory)


def test_a_missing_file_is_named(small, directory):
    small()
    (directory / FIRST).unlink()
    with pytest.raises(FileNotFoundError, match=f"fashion_mnist: {directory} has neither train-images-idx3-ubyte nor"):
        fashion_mnist(directory=directory)


def test_what_is_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError, match="kmnist: there is no directory"):
        kmnist(directory=tmp_path / "nowhere")
    with pytest.raises(TypeError, match="kmnist: path must be a str"):
        kmnist(directory=3)


# The table


@pytest.mark.parametrize("named", [FASHION_MNIST, KMNIST], ids=lambda named: named.name)
def test_the_table_has_four_files_in_order_with_digests(named):
    assert [file.name for file in named.files] == list(FILES)
    digests = [file.sha256 for file in named.files] + list(named.content.values())
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    assert len(set(digests)) == len(digests)
    assert all(address.endswith("/") for address in named.addresses)
