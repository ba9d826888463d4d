"""Runs a command to its end and says what it cost; runs the emulator beside it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KIB = 1024


class BenchmarkError(Exception):
    """A measurement that cannot be taken; the message says what ended how."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and processor time in seconds, peak resident memory in MB (1,048,576 bytes)."""

    wall: float
    processor: float
    peak: float


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command in the checkout, from the call to its end, with all of its children.

    Raises BenchmarkError when it ends with another code than 0.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            out.seek(0)
            errors.seek(0)
            text = (errors.read() or out.read()).decode(errors="replace")[-2000:]
            raise BenchmarkError(f"{' '.join(command[:6])} ended with {child.returncode}\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB)


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
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def set_latency(self, seconds: float) -> None:
        """Make every response take that much longer."""
        self._tell(f"latency {seconds}")

    def take_calls(self) -> dict[str, int]:
        """Return how many requests each endpoint got since the last call of this."""
        counts: dict[str, int] = json.loads(self._tell("calls"))
        return counts

    def _tell(self, line: str) -> str:
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise BenchmarkError("the emulator has no pipes")
        stdin.write(line + "\n")
        stdin.flush()
        return stdout.readline().strip()


@contextmanager
def served(cases: int, files: int = 0, days: int | None = None) -> Iterator[Served]:
    """Start an emulator with that many cases, and files per case; stop it at the end.

    Without `days` all cases lie in one window, each listed once and made beforehand.
    """
    command = [sys.executable, "-m", "benchmarks.emulator_process", str(cases), str(files)]
    command += [] if days is None else [str(days)]
    with subprocess.Popen(  # noqa: S603 - our own command, no shell
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise BenchmarkError("the emulator did not start; see its error above")
        yield Served(**json.loads(line), process=process)
        if process.stdin:
            process.stdin.close()
