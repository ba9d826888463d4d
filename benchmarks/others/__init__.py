"""airbyte-cdk and dlt, each doing the same job in a virtual environment of its own."""

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import AIRBYTE, DLT, Contender, Job
from benchmarks.processes import ROOT, BenchmarkError

HERE = Path(__file__).resolve().parent
PLACES = ROOT / "build" / "benchmarks"


def contenders() -> list[Contender]:
    """Return them, installed."""
    return [Contender(AIRBYTE, _command("airbyte")), Contender(DLT, _command("dlt"))]


def _command(name: str) -> Callable[[Job], list[str]]:
    python = _installed(name)

    def command(job: Job) -> list[str]:
        program = HERE / f"with_{name}.py"
        asked = (job.served.since, job.served.until, job.in_flight)
        return [str(python), str(program), str(job.folder), *map(str, asked)]

    return command


def _installed(name: str) -> Path:
    """Return the Python of a virtual environment that holds what the requirements name."""
    place, requirements = PLACES / name, HERE / f"{name}.txt"
    python, done = place / "bin" / "python", place / "installed.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing {wanted.strip()} into {place.relative_to(ROOT)}", file=sys.stderr)
    venv.create(place, with_pip=True)
    command = [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise BenchmarkError(f"{name} could not be installed\n{made.stderr[-2000:]}")
    done.write_text(wanted, encoding="utf-8")
    return python
