# SPDX-License-Identifier: Apache-2.0
"""The commands of Avlest as processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


class Service:
    """`avlest collect` or `avlest work` as a process that can be killed and started again."""

    def __init__(self, command: str, folder: Path, environ: dict[str, str]) -> None:
        self.command, self.folder, self.environ = command, folder, environ
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / f"{self.command}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "avlest", self.command, "--data", str(self.folder)],
                stdout=log, stderr=log, env=self.environ,
            )  # fmt: skip

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)


def run_command(*arguments: str, environ: dict[str, str]) -> str:
    """One command of avlest, to its end."""
    result = subprocess.run(
        [sys.executable, "-m", "avlest", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"avlest {' '.join(arguments)}: {result.stdout}{result.stderr}")
    return result.stdout


def read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
