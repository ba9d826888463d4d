"""Who runs against whom: each a command that does the same job in a process of its own."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, BenchmarkError, Served
from izoologic_cdf.bundle.build import build_yaml

CLI = (sys.executable, "-m", "izoologic_cdf.cli.main")


@dataclass(frozen=True, slots=True)
class Job:
    """One job: which emulator, a fresh folder to write in, how many cases at once."""

    served: Served
    folder: Path
    in_flight: int = 10

    @property
    def library(self) -> Path:
        """Where a run of ours stores what it reads."""
        return self.folder / "library.sqlite"

    @property
    def arguments(self) -> list[str]:
        """What each program but our command takes."""
        numbers = (self.served.since, self.served.until, self.in_flight)
        return [str(self.folder), *map(str, numbers)]


# of a job, and of the seconds between two syncs: 0 for one reading without a state
Command = Callable[[Job, int], list[str]]


def own_run(job: Job, _every: int = 0, *more: str) -> list[str]:
    """Return the command of an incident run of this project."""
    span = ["--since", str(job.served.since), "--until", str(job.served.until)]
    ways = ["--in-flight", str(job.in_flight), "--library", str(job.library)]
    return [*CLI, "run", "incident", *span, *ways, *more]


def uploaded_run(job: Job, _every: int) -> list[str]:
    """Return the command of a run of the uploaded form."""
    built = job.folder / "uploaded.yaml"
    feeds = ROOT / "feeds" / "izoologic_sync_cases.yaml"
    built.write_text(build_yaml(feeds, ROOT / "filters"), encoding="utf-8")
    return own_run(job, 0, "--definition", str(built))


def own_syncs(job: Job, every: int) -> list[str]:
    """Return the command of our syncs in one process."""
    return [sys.executable, "-m", "benchmarks.own_syncs", *job.arguments, str(every)]


def bare_client(job: Job, _every: int) -> list[str]:
    """Return the command of a client that makes the calls and nothing else."""
    return [sys.executable, "-m", "benchmarks.bare_client", *job.arguments]


BARE, RUN, AIRBYTE, DLT = "bare aiohttp client", "our run", "airbyte-cdk", "dlt"
UPLOADED = "our run of the uploaded form"
OURS: Mapping[str, Command] = {BARE: bare_client, RUN: own_run}


def others() -> dict[str, Command]:
    """Return airbyte-cdk and dlt, each in the virtual environment that `make` has made for it.

    Raises BenchmarkError when one is missing.
    """
    return {AIRBYTE: _other("airbyte"), DLT: _other("dlt")}


def _other(name: str) -> Command:
    place = f"build/benchmarks/{name}"
    if not (ROOT / place / "bin" / "python").exists():
        raise BenchmarkError(f"{name} is not installed; run `make {place}`")
    program = [f"{place}/bin/python", "-m", f"benchmarks.others.with_{name}"]
    return lambda job, every: [*program, *job.arguments, *([str(every)] if every else [])]
