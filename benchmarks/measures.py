"""What is measured in time and memory: throughput, start-up, a year of history."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.contenders import BARE, CLI, UPLOADED, Command, Job, own_run
from benchmarks.processes import Cost, Served, served

YEAR_DAYS = 360
# one minute, ten years before anything that the emulator holds
EMPTY_SINCE, EMPTY_UNTIL = 1_400_000_000, 1_400_000_060
TIMEOUT_SECONDS = 30.0
# seconds of latency, cases in flight, files per case
SETTINGS = ((0.0, 10, 0), (0.05, 10, 0), (0.05, 50, 0), (0.05, 10, 1))
# where the others take part: they take the longest
BESIDE_OTHERS = SETTINGS[:2]
HISTORY_CASES, HISTORY_LATENCY = 1_000, 0.05


@contextmanager
def _job(emulator: Served, in_flight: int = 10, *, files: bool = False) -> Iterator[Job]:
    with tempfile.TemporaryDirectory() as folder:
        yield Job(emulator, in_flight, files, Path(folder))


def throughput(
    cases: int, rounds: int, ours: Mapping[str, Command], others: Mapping[str, Command]
) -> list[dict[str, Any]]:
    """Return a row for each setting and contender: medians, times in seconds, memory in MB.

    Contenders run in turn, so that a slow moment of the machine hits all. `ratio` is the throughput
    over that of the bare client in the same round; `emulator` is the share of the wall time in
    which the emulator kept its own core busy.
    """
    rows = []
    for latency, in_flight, files in SETTINGS:
        among = {**ours, **others} if (latency, in_flight, files) in BESIDE_OTHERS else ours
        # the uploaded form is compared with the authored one, once without and once with latency
        who = {n: c for n, c in among.items() if n != UPLOADED or among is not ours}
        setting = {"cases": cases, "latency": latency, "in_flight": in_flight, "files": files}
        taken: dict[str, list[tuple[Cost, float]]] = {name: [] for name in who}
        with served(cases, files) as emulator:
            emulator.set_latency(latency)
            for number in range(rounds):
                for name, command in who.items():
                    with _job(emulator, in_flight, files=bool(files)) as job:
                        before = emulator.processor
                        cost = processes.run(command(job), emulator.environment)
                    taken[name].append((cost, (emulator.processor - before) / cost.wall))
                    rate = f"{cases / cost.wall:.0f} cases/s"
                    print(f"{setting} round {number + 1}: {name} {rate}", file=sys.stderr)
        base = [cost.wall for cost, _ in taken[BARE]]
        rows += [{**setting, **_medians(name, base, taken[name])} for name in who]
    return rows


def _medians(name: str, base: list[float], taken: list[tuple[Cost, float]]) -> dict[str, Any]:
    costs = [cost for cost, _ in taken]
    return {
        "contender": name,
        "ratio": statistics.median(b / c.wall for b, c in zip(base, costs, strict=True)),
        "wall": statistics.median(cost.wall for cost in costs),
        "processor": statistics.median(cost.processor for cost in costs),
        "peak": max(cost.peak for cost in costs),
        "emulator": statistics.median(busy for _, busy in taken),
        "rounds": len(taken),
    }


def startup(rounds: int, others: Mapping[str, Command]) -> dict[str, float]:
    """Return how long a user waits, in seconds: medians."""
    with served(1) as emulator:

        def empty(command: Command) -> float:
            with _job(replace(emulator, since=EMPTY_SINCE, until=EMPTY_UNTIL)) as job:
                return processes.run(command(job), emulator.environment).wall

        taken: dict[str, Callable[[], float]] = {
            "python itself": lambda: processes.run([sys.executable, "-c", "pass"]).wall,
            "--help": lambda: processes.run([*CLI, "--help"]).wall,
            "first request of a run": lambda: _first_request(emulator),
            "run over an empty range": partial(empty, own_run),
            **{f"{name} over an empty range": partial(empty, one) for name, one in others.items()},
        }
        return {
            name: statistics.median(once() for _ in range(rounds)) for name, once in taken.items()
        }


def _first_request(emulator: Served) -> float:
    """Return when the first byte of the first request came, at a port that answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, _job(emulator) as job:
        server.settimeout(TIMEOUT_SECONDS)
        silent = f"http://127.0.0.1:{server.getsockname()[1]}"
        begun = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own command, no shell
            own_run(job),
            cwd=processes.ROOT,
            env={**os.environ, **emulator.environment, "IZOOLOGIC_API_HOST": silent},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(TIMEOUT_SECONDS)
                connection.recv(1)
                return time.perf_counter() - begun
        finally:
            child.kill()
            child.wait()


def memory(sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return what runs over a year of so many cases take; memory in MB, the library in bytes."""
    rows = []
    for cases in sizes:
        with served(cases, days=YEAR_DAYS) as emulator, _job(emulator) as job:
            cost = processes.run(own_run(job), emulator.environment)
            size = sum(file.stat().st_size for file in job.folder.iterdir())
            calls = sum(emulator.take_calls().values())
        rows.append({"cases": cases, "peak": cost.peak, "wall": cost.wall, "calls": calls})
        rows[-1]["library_bytes"] = size
    return rows


def history(rounds: int) -> dict[str, float]:
    """Return what a year of 1,000 cases takes in one run, at the latency of a network: medians."""
    with served(HISTORY_CASES, days=YEAR_DAYS) as emulator:
        emulator.set_latency(HISTORY_LATENCY)
        taken = []
        for _ in range(rounds):
            with _job(emulator) as job:
                taken.append(processes.run(own_run(job), emulator.environment))
        calls = sum(emulator.take_calls().values()) / rounds
    return {
        "calls": calls,
        "wall": statistics.median(one.wall for one in taken),
        "processor": statistics.median(one.processor for one in taken),
    }
