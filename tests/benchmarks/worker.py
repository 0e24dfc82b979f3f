"""run.py's side of the workers: starts them, asks them for steps, keeps what they answer."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from environments import ROOT, interpreter

TREES = {}  # framework -> the tree that it is run from, where that is not this one

THREADS = 2
THREAD_SETTINGS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(THREADS))

SETTINGS = {"minigrad-numpy": {"MINIGRAD_KERNELS": "numpy"}, "minigrad": {"MINIGRAD_KERNELS": "numba"}}


class Worker:
    """One process for one framework and one workload, so that its peak memory is this workload's.

    A framework may be run in several ways: "torch-fused" is "torch" whose worker is told "fused". It starts at its
    first share. Once it fails, `skipped` says why, and it does nothing more.
    """

    def __init__(self, framework: str, workload: str):
        self.framework = framework
        self.workload = workload
        self.skipped = ""
        self.replies: list[dict[str, Any]] = []
        self.started = 0.0
        self.process: subprocess.Popen[str] | None = None
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in close()

    def run(self, steps: int = 1, seed: int = 0):
        """Run so many steps, or one training from start to end, while every other worker waits for its request."""
        if self.skipped or not (self.process or self.start()):
            return
        request = json.dumps({"workload": self.workload, "steps": steps, "seed": seed, "started": self.started})
        try:
            print(request, file=self.process.stdin, flush=True)
            self.replies.append(json.loads(self.process.stdout.readline()))
        except (BrokenPipeError, json.JSONDecodeError):  # it has ended
            self.skipped = self.last_words()

    def start(self) -> bool:
        framework, _, way = self.framework.partition("-")
        python = interpreter(framework)
        if not python.exists():
            self.skipped = "no environment, make it with --setup"
            return False
        self.started = time.time()
        self.process = subprocess.Popen(
            [python, Path(__file__).with_name(f"{framework}_worker.py"), *filter(None, [way])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={
                **os.environ,
                **THREAD_SETTINGS,
                **SETTINGS.get(self.framework, {}),
                "PYTHONPATH": str(TREES.get(self.framework, ROOT)),
            },
        )
        return True

    def last_words(self) -> str:
        status = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().splitlines()
        return lines[-1] if lines else f"ended with status {status}"

    def close(self):
        if self.process:
            self.process.stdout.close()
            with suppress(BrokenPipeError):  # it has ended already
                self.process.stdin.close()
            self.process.wait()
        self.errors.close()
