"""The parts of a run alone: mapping, library, memory, where the time goes, calls that it makes."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.serving import served


@contextmanager
def _templates() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "templates.json"
        made = processes.run([sys.executable, "-m", "benchmarks.templates"], listen=True).output
        path.write_text(made, encoding="utf-8")
        yield path


def _told(module: str, *arguments: str) -> tuple[dict[str, Any], processes.Cost]:
    cost = processes.run([sys.executable, "-m", f"benchmarks.{module}", *arguments], listen=True)
    told: dict[str, Any] = json.loads(cost.output)
    return told, cost


def stages(cases: int) -> dict[str, float]:
    """Return cases a second of mapping alone and library alone."""
    found: dict[str, float] = {}
    with _templates() as templates:
        for stage in ("mapping", "library"):
            found |= _told("stages", stage, str(templates), str(cases))[0]
    return found


def memory(sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return what long runs of so many cases take; `peak` in MB."""
    rows = []
    with _templates() as templates:
        for size in sizes:
            told, cost = _told("memory", str(templates), str(size))
            rows.append({**told, "peak": cost.peak})
    return rows


def costs() -> dict[str, Any]:
    """Return how many calls the simulated tenants need."""
    with _templates() as templates:
        return _told("cost", str(templates))[0]


def profile(cases: int) -> dict[str, Any]:
    """Return the layers of a run and their shares of its processor time."""
    with served(cases, 0) as emulator:
        command = [sys.executable, "-m", "benchmarks.profiled"]
        command += [str(emulator.since), str(emulator.until)]
        cost = processes.run(command, emulator.environment, listen=True)
        told: dict[str, Any] = json.loads(cost.output)
        return told
