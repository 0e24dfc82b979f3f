"""Documentation with commands: its files are written, its commands run, its output compared or made anew.

`python tests/testing/pages.py` writes the output of every command into the pages.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["prove-your-function.md", "marking-exercises.md"]
BLOCK = re.compile(r"```(python file=(?P<file>\S+)(?: replace=(?P<method>\w+))?|console)\n(?P<text>.*?)```", re.DOTALL)
SECONDS = re.compile(r"in \d+\.\d+s")


def run_anew(page, folder):
    """The page's text with the output that its commands give now; files are written into the folder."""

    def block(match):
        if match["file"]:
            _write(folder / match["file"], match["text"], match["method"])
            return match[0]
        commands = [line for line in match["text"].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{command}\n{_output(command[2:], folder)}" for command in commands) + "```"

    return BLOCK.sub(block, page)


def _write(path, text, method):
    path.parent.mkdir(exist_ok=True)
    if method:
        old = path.read_text()
        (found,) = re.findall(rf"    def {method}\(.*?\n\n", old, re.DOTALL)
        text = old.replace(found, text.rstrip() + "\n\n")
    path.write_text(text)


def _output(command, folder):
    program, *arguments = shlex.split(command)
    assert program == "python"
    done = subprocess.run(  # noqa: S603 - the commands stand in the pages
        [sys.executable, "-B", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    return SECONDS.sub("in 0.00s", done.stdout + done.stderr)


def main():
    import tempfile  # noqa: PLC0415 - for this alone

    for name in PAGES:
        path = ROOT / "docs" / name
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(run_anew(path.read_text(), Path(folder)))


if __name__ == "__main__":
    main()
