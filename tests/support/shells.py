"""A folder to type commands in, with an emulated tenant: in this process or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator

PROGRAM = (sys.executable, "-m", "izoologic_cdf.cli.main")
# the range that the scenario of the guide lies in
GUIDE = ("--since", "2023-01-01", "--until", "2025-08-15")
# its end, one window instead of 32, with cases of both feeds: for a test of how a run runs
NEWEST = ("--since", "2025-08-01", "--until", "2025-08-15")
CHECKOUT = Path(__file__).resolve().parents[2]
# runs the commands given on standard input one after the other, each with streams of its own
_IN_TURN = """
import io, json, sys
from izoologic_cdf.cli.main import main

ended = []
for words in json.load(sys.stdin):
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    code = main(words)
    ended.append([code, *(one.buffer.getvalue().decode() for one in (sys.stdout, sys.stderr))])
json.dump(ended, sys.__stdout__)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Standard output, which must be one JSON document."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def said(self) -> list[str]:
        """The lines of standard error without those of progress."""
        lines = self.err.splitlines()
        return [line for line in lines if not line.startswith(("window ", "  "))]


def in_turn(
    folder: Path,
    *commands: Sequence[str],
    under: Sequence[str] = (),
    **environment: str,
) -> list[Ended]:
    """Run commands one after the other in one process of its own, started by a command."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*under, sys.executable, "-c", _IN_TURN],
        cwd=folder,
        env={**os.environ, **Shell.paths, **environment},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return [Ended(*one) for one in json.loads(done.stdout)]


@dataclass
class Shell:
    """The current folder is `folder`; no field of a form comes from the environment."""

    folder: Path
    emulator: Emulator
    capsys: pytest.CaptureFixture[str]
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    paths: ClassVar = {"PYTHONPATH": str(CHECKOUT)}

    def __call__(self, *words: str) -> Ended:
        """Run a command in this process."""
        self.capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as left:
            # argparse ends the process itself
            code = int(str(left.code))
        written = self.capsys.readouterr()
        return Ended(code, written.out, written.err)

    def feed(self, *words: str) -> Ended:
        """Run a command that runs a feed, configured with the emulator."""
        return self(*words, "--config", self.config())

    def config(self, **changes: str | None) -> str:
        """Write the configuration, and return its path; null leaves a field out."""
        fields: dict[str, str | None] = {
            "api_host": self.emulator.url,
            "api_key": self.emulator.api_key,
            "api_secret": self.emulator.secret_key,
            **changes,
        }
        lines = [f"{name}: {value}\n" for name, value in fields.items() if value is not None]
        path = self.folder / "tenant.yaml"
        path.write_text("".join(lines), encoding="utf-8")
        path.chmod(0o600)
        return path.name

    def export(self, library: str = "izoologic.sqlite") -> list[dict[str, Any]]:
        """Return the objects of a library."""
        objects: list[dict[str, Any]] = self("library", "export", library).data["objects"]
        return objects

    def process(self, *words: str, script: str = '"$@"', **environment: str) -> Ended:
        """Run a command in a process of its own, by a script of the shell where "$@" stands."""
        done = subprocess.run(  # noqa: S603 - our own program
            ["/bin/sh", "-c", script, "sh", *PROGRAM, *words],
            cwd=self.folder,
            env={**self.environment, **self.paths, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)
