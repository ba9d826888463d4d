"""Who runs against whom: each a command, whole processes all of them."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import Served

AIOHTTP, REQUESTS, TRANSPORT = "bare aiohttp client", "bare requests client", "own transport"
RUN, AIRBYTE, DLT = "our run", "airbyte-cdk", "dlt"


@dataclass(frozen=True, slots=True)
class Job:
    """One job: which emulator, how many cases at once, files or not, a fresh folder to write in."""

    served: Served
    in_flight: int
    files: bool
    folder: Path


@dataclass(frozen=True, slots=True)
class Contender:
    """A name and the command that does a job; `good` are the exit codes of a job that was done."""

    name: str
    command: Callable[[Job], list[str]]
    good: tuple[int, ...] = (0,)


def _bare(module: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        asked = (job.served.since, job.served.until, job.in_flight, int(job.files))
        return [sys.executable, "-m", f"benchmarks.clients.{module}", *map(str, asked)]

    return command


def _run(job: Job) -> list[str]:
    command = [sys.executable, "-m", "izoologic_cdf.cli.main", "run", "incident"]
    command += ["--since", str(job.served.since), "--until", str(job.served.until)]
    command += ["--in-flight", str(job.in_flight), "--format", "json"]
    return [*command, "--library", str(job.folder / "library.sqlite")]


OURS = (
    Contender(AIOHTTP, _bare("with_aiohttp")),
    Contender(REQUESTS, _bare("with_requests")),
    Contender(TRANSPORT, _bare("with_transport")),
    Contender(RUN, _run),
)
