"""Who runs against whom: each a command in a process of its own, beside that of the emulator."""

import json
import os
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from izoologic_cdf.bundle.build import build_yaml

ROOT = Path(__file__).resolve().parent.parent
CLI = (sys.executable, "-m", "izoologic_cdf.cli.main")
# bytes of output that an error shows
TAIL = 4096
SLOWED, PATIENCE = 1.1, 150.0


class BenchmarkError(Exception):
    """A measurement that cannot be taken; the message says what ended how."""


class Cost(NamedTuple):
    """Wall and processor time in seconds, peak memory in MB of 1,048,576 bytes.

    `busy` is the share of the time that the emulator computed in; `slowed` is whether something
    else slowed the machine.
    """

    wall: float
    processor: float
    peak: float
    busy: float = 0.0
    slowed: bool = False


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command in the checkout, from the call to its end, with all of its children.

    Raises BenchmarkError when it ends with another code than 0.
    """
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            output.seek(max(0, output.seek(0, os.SEEK_END) - TAIL))
            text = output.read().decode(errors="replace")
            raise BenchmarkError(f"{' '.join(command[:6])} ended with {child.returncode}\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Quiet:
    """Measures while nothing else slows the machine, which a fixed loop before and after tells.

    It is slowed where the loop takes `SLOWED` times its best. `PATIENCE` are the seconds that may
    go into waiting for that to end, and into what is measured meanwhile.
    """

    def __init__(self) -> None:
        self._patience = PATIENCE
        self._best = min(_loop() for _ in range(10))

    def measure(self, once: Callable[[], Cost]) -> Cost:
        """Return what once costs, which is done again where the machine was slowed meanwhile."""
        while True:
            while (is_slowed := self._is_slowed()) and self._patience > 0:
                time.sleep(1)
                self._patience -= 1
            cost = once()
            is_slowed |= self._is_slowed()
            print(f"{cost.wall:.2f} s{', slowed' * is_slowed}", file=sys.stderr)
            self._patience -= cost.wall * is_slowed
            if not is_slowed or self._patience <= 0:
                return cost._replace(slowed=is_slowed)

    def _is_slowed(self) -> bool:
        took = _loop()
        self._best = min(self._best, took)
        return took > SLOWED * self._best


def _loop() -> float:
    return timeit.timeit("for _ in range(2_000_000): pass", number=1)


class Served(NamedTuple):
    """A running emulator: its keys by the names that contenders read, and its process.

    `since` and `until` are the epoch seconds that enclose its cases, `messages` how many messages
    lie between them.
    """

    environment: dict[str, str]
    since: int
    until: int
    messages: int
    process: "subprocess.Popen[str]"

    def take(self) -> tuple[dict[str, int], float]:
        """Return the requests by endpoint since the last call, and the processor seconds so far."""
        print("take", file=self.process.stdin, flush=True)
        calls, processor = json.loads(_line(self.process))
        return calls, processor


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
        if not (line := _line(process)):
            raise BenchmarkError("the emulator did not start; see its error above")
        yield Served(**json.loads(line), process=process)


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline() if process.stdout else ""


class Job(NamedTuple):
    """One job: which emulator, a fresh folder to write in, how many cases at once.

    `every` is how often to sync, in seconds; 0 is one reading without a state.
    """

    served: Served
    folder: Path
    in_flight: int = 10
    every: int = 0


Command = Callable[[Job], list[str]]


def own_run(job: Job, *more: str) -> list[str]:
    """Return the command of an incident run of this project."""
    span = ["--since", str(job.served.since), "--until", str(job.served.until)]
    library = str(job.folder / "library.sqlite")
    ways = ["--in-flight", str(job.in_flight), "--library", library]
    return [*CLI, "run", "incident", *span, *ways, *more]


def uploaded_run(job: Job) -> list[str]:
    """Return the command of a run of the uploaded form."""
    built = job.folder / "uploaded.yaml"
    feeds = ROOT / "feeds" / "izoologic_sync_cases.yaml"
    built.write_text(build_yaml(feeds, ROOT / "filters"), encoding="utf-8")
    return own_run(job, "--definition", str(built))


def _program(module: str, python: str = sys.executable) -> Command:
    """Return the command of a program that takes the arguments of benchmarks/others."""

    def command(job: Job) -> list[str]:
        numbers = (job.served.since, job.served.until, job.in_flight, job.every)
        return [python, "-m", f"benchmarks.{module}", str(job.folder), *map(str, numbers)]

    return command


BARE, RUN, AIRBYTE, DLT = "bare aiohttp client", "our run", "airbyte-cdk", "dlt"
UPLOADED: Mapping[str, Command] = {"our run of the uploaded form": uploaded_run}
OURS: Mapping[str, Command] = {BARE: _program("bare_client"), RUN: own_run}
OWN_SYNCS = _program("own_syncs")


def others() -> dict[str, Command]:
    """Return airbyte-cdk and dlt, each in the virtual environment that `make` has made for it.

    Raises BenchmarkError when one is missing.
    """
    found = {}
    for title, name in ((AIRBYTE, "airbyte"), (DLT, "dlt")):
        place = f"build/benchmarks/{name}"
        if not (ROOT / place / "bin" / "python").exists():
            raise BenchmarkError(f"{title} is not installed; run `make {place}`")
        found[title] = _program(f"others.with_{name}", f"{place}/bin/python")
    return found
