"""Runs a command to its end and says what it cost."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KIB = 1024


class BenchmarkError(Exception):
    """A measurement that can't be taken; the message says what ended how."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and processor time in seconds, peak resident memory in MB (1,048,576 bytes).

    `output` is empty unless it was asked for.
    """

    wall: float
    processor: float
    peak: float
    output: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    good: Sequence[int] = (0,),
    *,
    listen: bool = False,
) -> Cost:
    """Run a command in the checkout, from the call to its end, with all of its children.

    Its output is read with `listen` alone: kept ones make this process large, and on Linux a
    child's peak memory is never told as less than what its parent held when it began.

    Raises:
        BenchmarkError: it ended with a code that is not among the good ones.
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
        out.seek(0)
        errors.seek(0)
        if child.returncode not in good:
            said = (errors.read() or out.read()).decode(errors="replace")[-2000:]
            raise BenchmarkError(f"{' '.join(command[:6])} ended with {child.returncode}\n{said}")
        output = out.read().decode(errors="replace") if listen else ""
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB, output)


def processor_seconds(pid: int) -> float:
    """Return the processor time that a running process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
