"""The emulator as its user sees it: started in a process of its own, asked over its pipes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.processes import ROOT, BenchmarkError, processor_seconds


@dataclass(frozen=True, slots=True)
class Served:
    """A running emulator; `since` and `until` are the epoch seconds that enclose its cases."""

    url: str
    api_key: str
    secret_key: str
    since: int
    until: int
    process: "subprocess.Popen[str]"

    @property
    def environment(self) -> dict[str, str]:
        """The address and the keys, as every contender finds them."""
        return {
            "IZOOLOGIC_API_HOST": self.url,
            "IZOOLOGIC_API_KEY": self.api_key,
            "IZOOLOGIC_API_SECRET": self.secret_key,
        }

    @property
    def processor(self) -> float:
        """Processor seconds that it has used so far."""
        return processor_seconds(self.process.pid)

    def set_latency(self, seconds: float) -> None:
        """Let every answer take that much longer."""
        self._ask(f"latency {seconds}")

    def take_calls(self) -> int:
        """Return how many requests came since this was asked last."""
        return int(self._ask("calls"))

    def _ask(self, line: str) -> str:
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise BenchmarkError("the emulator has no pipes")
        stdin.write(line + "\n")
        stdin.flush()
        return stdout.readline().strip()


@contextmanager
def served(cases: int, files: int) -> Iterator[Served]:
    """Start an emulator with that many cases, and files per case; stop it at the end."""
    command = [sys.executable, "-m", "benchmarks.emulator_process", str(cases), str(files)]
    with subprocess.Popen(  # noqa: S603 - our own command, no shell
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise BenchmarkError("the emulator did not start; its error stands above")
        yield Served(**json.loads(line), process=process)
        if process.stdin:
            process.stdin.close()
