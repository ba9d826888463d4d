"""Who runs against whom: each a command that does the same job in a process of its own."""

import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, BenchmarkError, Served
from izoologic_cdf.bundle.build import build_yaml

HERE = Path(__file__).resolve().parent
PLACES = ROOT / "build" / "benchmarks"
CLI = (sys.executable, "-m", "izoologic_cdf.cli.main")


@dataclass(frozen=True, slots=True)
class Job:
    """One job: which emulator, how many cases at once, files or not, a fresh folder to write in."""

    served: Served
    in_flight: int
    files: bool
    folder: Path

    @property
    def arguments(self) -> list[str]:
        """What the programs of the others take."""
        numbers = (self.served.since, self.served.until, self.in_flight, int(self.files))
        return [str(self.folder), *map(str, numbers)]


Command = Callable[[Job], list[str]]


def own_run(job: Job, *more: str) -> list[str]:
    """Return the command of an incident run of this project."""
    span = ["--since", str(job.served.since), "--until", str(job.served.until)]
    ways = ["--in-flight", str(job.in_flight), "--format", "json"]
    library = ["--library", str(job.folder / "library.sqlite")]
    return [*CLI, "run", "incident", *span, *ways, *library, *more]


def uploaded_run(job: Job) -> list[str]:
    """Return the command of a run of the uploaded form."""
    built = job.folder / "uploaded.yaml"
    feeds = ROOT / "feeds" / "izoologic_sync_cases.yaml"
    built.write_text(build_yaml(feeds, ROOT / "filters"), encoding="utf-8")
    return own_run(job, "--definition", str(built))


def bare_client(job: Job) -> list[str]:
    """Return the command of a client that makes the calls and nothing else."""
    return [sys.executable, "-m", "benchmarks.bare_client", *job.arguments]


BARE, RUN, AIRBYTE, DLT = "bare aiohttp client", "our run", "airbyte-cdk", "dlt"
UPLOADED = "our run of the uploaded form"
OURS: dict[str, Command] = {BARE: bare_client, RUN: own_run, UPLOADED: uploaded_run}


def others() -> dict[str, Command]:
    """Return airbyte-cdk and dlt, each installed into a virtual environment of its own."""
    return {AIRBYTE: _other("airbyte"), DLT: _other("dlt")}


def _other(name: str) -> Command:
    program = [str(_installed(name)), "-m", f"benchmarks.others.with_{name}"]
    return lambda job: [*program, *job.arguments[:4]]


def _installed(name: str) -> Path:
    """Return the Python of a virtual environment that holds what the requirements name."""
    place, requirements = PLACES / name, HERE / "others" / f"{name}.txt"
    python, done = place / "bin" / "python", place / "installed.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing {wanted.strip()} into {place.relative_to(ROOT)}", file=sys.stderr)
    venv.create(place, with_pip=True)
    command = [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise BenchmarkError(f"{name} cannot be installed\n{made.stderr[-2000:]}")
    done.write_text(wanted, encoding="utf-8")
    return python
