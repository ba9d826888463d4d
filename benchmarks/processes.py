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
# bytes of output that are kept: this process stays small
TAIL = 4096


class BenchmarkError(Exception):
    """A measurement that cannot be taken; the message says what ended how."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and processor time in seconds, peak resident memory in MB, the end of the output.

    A MB has 1,048,576 bytes, here and in all tables.
    """

    wall: float
    processor: float
    peak: float
    output: bytes


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
        out.seek(max(0, out.seek(0, os.SEEK_END) - TAIL))
        if child.returncode:
            errors.seek(0)
            text = (errors.read() or out.read()).decode(errors="replace")[-TAIL:]
            raise BenchmarkError(f"{' '.join(command[:6])} ended with {child.returncode}\n{text}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB, out.read())


@dataclass(frozen=True, slots=True)
class Served:
    """A running emulator: its keys by the names that contenders read, and its process.

    `since` and `until` are the epoch seconds that enclose its cases, `messages` how many messages
    lie between them.
    """

    environment: dict[str, str]
    since: int
    until: int
    messages: int
    process: "subprocess.Popen[str]"

    @property
    def processor(self) -> float:
        """Processor seconds that it has used so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def take_calls(self) -> dict[str, int]:
        """Return how many requests each endpoint got since the last call of this."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise BenchmarkError("the emulator has no pipes")
        stdin.write("calls\n")
        stdin.flush()
        counts: dict[str, int] = json.loads(stdout.readline())
        return counts


@contextmanager
def served(cases: int, *, days: int = 0, latency: float = 0.0) -> Iterator[Served]:
    """Start an emulator with that many cases and seconds of latency; stop it at the end.

    The cases were updated over so many days; without `days` in one window, each made beforehand.
    """
    command = [sys.executable, "-m", "benchmarks.emulator_process"]
    command += map(str, (cases, days, latency))
    with subprocess.Popen(  # noqa: S603 - our own command, no shell
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise BenchmarkError("the emulator did not start; see its error above")
        yield Served(**json.loads(line), process=process)
        if process.stdin:
            process.stdin.close()
