"""All contenders over the same cases, in turn, so that a slow moment of the machine hits all."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.contenders import AIOHTTP, OURS, Contender, Job
from benchmarks.serving import Served, served

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting: cases, seconds of latency, cases in flight, files per case."""

    cases: int
    latency: float
    in_flight: int
    files: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of one contender in one setting; times in seconds, memory in MB.

    `ratio` is its throughput over that of the bare asyncio client in the same round; `emulator`
    is the share of the wall time in which the emulator kept its own core busy; `calls` per job.
    """

    contender: str
    cases_per_second: float
    ratio: float
    wall: float
    processor: float
    peak: float
    emulator: float
    calls: int
    rounds: int


LARGE = (Cell(10_000, 0.0, 10), Cell(10_000, 0.05, 50))


def cells(cases: int, *, files: bool = True) -> list[Cell]:
    """Return the settings that are measured."""
    settings = [(0.0, 10), (0.0, 50), (0.05, 10), (0.05, 50)]
    made = [Cell(cases, latency, in_flight) for latency, in_flight in settings]
    return [*made, Cell(cases, 0.05, 10, 1)] if files else made


def measure(
    cell: Cell, contenders: Sequence[Contender], rounds: int, say: Say
) -> list[dict[str, Any]]:
    """Return what each contender takes in one setting."""
    raw: dict[str, list[tuple[processes.Cost, float, int]]] = {one.name: [] for one in contenders}
    with served(cell.cases, cell.files) as emulator:
        emulator.set_latency(cell.latency)
        for number in range(rounds):
            for one in contenders:
                cost, busy, calls = _once(one, emulator, cell)
                raw[one.name].append((cost, busy, calls))
                rate = cell.cases / cost.wall
                say(f"{cell} round {number + 1}: {one.name} {rate:.0f} cases/s, {calls} calls")
    base = [cost.wall for cost, _, _ in raw[AIOHTTP]]
    return [asdict(_medians(name, cell, base, taken)) for name, taken in raw.items()]


def _once(one: Contender, emulator: Served, cell: Cell) -> tuple[processes.Cost, float, int]:
    with tempfile.TemporaryDirectory() as folder:
        job = Job(emulator, cell.in_flight, bool(cell.files), Path(folder))
        emulator.take_calls()
        before = emulator.processor
        cost = processes.run(one.command(job), emulator.environment, one.good)
        return cost, (emulator.processor - before) / cost.wall, emulator.take_calls()


def _medians(
    name: str, cell: Cell, base: list[float], taken: list[tuple[processes.Cost, float, int]]
) -> Measured:
    costs = [cost for cost, _, _ in taken]
    wall = statistics.median(cost.wall for cost in costs)
    return Measured(
        contender=name,
        cases_per_second=cell.cases / wall,
        ratio=statistics.median(b / c.wall for b, c in zip(base, costs, strict=True)),
        wall=wall,
        processor=statistics.median(cost.processor for cost in costs),
        peak=max(cost.peak for cost in costs),
        emulator=statistics.median(busy for _, busy, _ in taken),
        calls=taken[-1][2],
        rounds=len(taken),
    )


def ceiling(cases: int) -> dict[str, float]:
    """Return what the emulator can answer: two bare asyncio clients at once, no latency.

    `calls_per_second` as seen from outside, `calls_per_processor_second` of the emulator alone:
    what it would answer if the clients had cores of their own.
    """
    client = OURS[0]
    with served(cases, 0) as emulator, tempfile.TemporaryDirectory() as folder:
        command = client.command(Job(emulator, 25, files=False, folder=Path(folder)))
        emulator.take_calls()
        before = emulator.processor
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(processes.run, command, emulator.environment) for _ in range(2)]
            walls = [job.result().wall for job in jobs]
        busy, calls = emulator.processor - before, emulator.take_calls()
    return {
        "calls": calls,
        "calls_per_second": calls / max(walls),
        "calls_per_processor_second": calls / busy,
    }
