"""Engines: the programs that lay out a Graphviz text, and one run of one of them in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from sysconfig import get_path, get_preferred_scheme

# The beginning and the end of a file by its format:
_FRAMES = {"svg": (b"<svg", b"</svg>"), "png": (b"\x89PNG\r\n", b"IEND\xaeB`\x82"), "pdf": (b"%PDF-", b"%%EOF")}
_LONGEST = 1000  # characters of an engine's last words, and bytes before an SVG's first element


class EngineError(RuntimeError):
    """There is no engine, or it failed."""


@dataclass(frozen=True)
class Engine:
    """A program that understands `dot -Tsvg`."""

    name: str  # "graphviz-pure", "dot", or a path that was given
    path: str  # of the program

    def render(self, text: str, kind: str, *options: str, timeout: float = 60.0) -> bytes:
        """The picture of a text in the DOT language, in a format such as "svg", "png" or "pdf".

        Raises:
            EngineError: the engine could not be started, failed, or took more than `timeout` seconds.
        """
        command = [self.path, f"-T{kind}", *options]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=timeout, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            message = f"{self.name} took more than {timeout:g} s and was stopped; .dot and .json need no engine"
            raise EngineError(message) from None
        except OSError as error:
            raise EngineError(f"{self.name} could not be started: {error.strerror}: {self.path}") from None
        words = done.stderr.decode(errors="replace").strip()[:_LONGEST] or "it gave no reason"
        if done.returncode:
            raise EngineError(f"{self.name} failed with exit status {done.returncode}: {words}")
        start, end = _FRAMES.get(kind, (b"", b""))
        if not done.stdout or start not in done.stdout[:_LONGEST] or not done.stdout.rstrip().endswith(end):
            raise EngineError(f"{self.name} printed what is no {kind}: {words}")
        return done.stdout


def engines() -> list[Engine]:
    """The engines that are there, the one that serves first: $MINIGRAD_DOT, graphviz-pure, the system's dot."""
    given = os.environ.get("MINIGRAD_DOT")
    # Where pip installs programs, for this Python and for this user; neither folder needs to be on the PATH.
    folders = os.pathsep.join([get_path("scripts"), get_path("scripts", get_preferred_scheme("user"))])
    candidates = [
        (given or "", given and (shutil.which(given) or given)),
        ("graphviz-pure", shutil.which("graphviz-pure", path=folders) or shutil.which("graphviz-pure")),
        ("dot", shutil.which("dot")),
    ]
    return [Engine(name, path) for name, path in candidates if path]


def engine_of(name: str = "auto") -> Engine:
    """The engine of a name or path, with "auto" the first that is there; EngineError if there is none."""
    found = [engine for engine in engines() if name in ("auto", engine.name, engine.path)]
    path = shutil.which(name) if name != "auto" else None
    if not found and not path:
        wanted = "there is no Graphviz" if name == "auto" else f"there is no engine {name!r}"
        raise EngineError(f"{wanted}: pip install 'minigrad-nn[viz]' brings one; .dot and .json need none")
    return found[0] if found else Engine(name, str(path))
