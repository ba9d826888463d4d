"""What is measured: each part returns its table, and its figures by name for the goals."""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import processes
from benchmarks.processes import BARE, CLI, RUN, BenchmarkError, Command, Cost, Job, Served, served

HOUR, DAY = 3_600, 86_400
YEAR_DAYS, SYNC_DAYS = 360, 10
LATENCY = 0.05
COUNTED = ("Authenticate", "CaseSync", "CaseDetail", "FetchCaseCommunications")
# cases of a year, seconds of latency, and how often it is read, for its time
YEARS = ((1_000, LATENCY, 3), (1_000, 0.0, 1), (10_000, 0.0, 1), (100_000, 0.0, 1))
# about 1,000 a month; a prime, so that cases are updated at all minutes of an hour alike
SYNC_CASES = 331


class Figures(NamedTuple):
    """The table of a part, and its figures by name for the goals."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: dict[str, float]


@contextmanager
def job(emulator: Served, **ways: int) -> Iterator[Job]:
    """Offer a job with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Job(emulator, Path(folder), **ways)


def throughput(
    options: Namespace, others: Mapping[str, Command], *, latency: float, in_flight: int = 10
) -> Figures:
    """Compare whole processes over one window, in so many rounds and with so many cases.

    Ratios are those of rounds. The uploaded form takes part where there is no latency: our stand-in
    for the platform makes its calls one after the other, so that 50 ms would measure the waiting.
    """
    who = {**processes.OURS, **others, **({} if latency else processes.UPLOADED)}
    taken: dict[str, list[Cost]] = {name: [] for name in who}
    with served(options.cases, latency=latency) as emulator:

        def once(command: Command) -> Cost:
            with job(emulator, in_flight=in_flight) as one:
                _, before = emulator.take()
                cost = processes.run(command(one), emulator.environment)
                _, after = emulator.take()
            return cost._replace(busy=(after - before) / cost.wall)

        quiet = processes.Quiet()
        for name, command in [*who.items()] * options.rounds:
            print(name, file=sys.stderr)
            taken[name].append(quiet.measure(partial(once, command)))
    walls = {name: [cost.wall for cost in costs] for name, costs in taken.items()}

    def times(name: str, over: str) -> float:
        pairs = zip(walls[over], walls[name], strict=True)
        return statistics.median(slow / quick for slow, quick in pairs)

    rows = [
        (
            f"{latency * 1000:.0f} ms, {in_flight}",
            name,
            f"{times(name, BARE):.2f}",
            f"{times(RUN, name):.2f} x",
            f"{statistics.median(walls[name]):.2f}",
            f"{statistics.median(cost.processor for cost in costs):.2f}",
            f"{max(cost.peak for cost in costs):.0f}",
            f"{statistics.median(cost.busy for cost in costs):.0%}",
            f"{sum(cost.slowed for cost in costs)}",
        )
        for name, costs in taken.items()
    ]
    headers = ["latency, in flight", "contender", "of the bare client", "our run is"]
    headers += ["wall s", "CPU s", "peak MB", "emulator busy", "slowed"]
    return Figures(headers, rows, {name: times(RUN, name) for name in who})


def startup(rounds: int) -> Figures:
    """Measure how long a user waits, in seconds: medians."""
    python = (sys.executable, "-c", "pass")
    with served(1) as emulator:
        taken: dict[str, Callable[[], float]] = {
            "python itself": lambda: processes.run(python).wall,
            "--help": lambda: processes.run([*CLI, "--help"]).wall,
            "first request of a run": lambda: _first_request(emulator),
        }
        waits = {n: statistics.median(once() for _ in range(rounds)) for n, once in taken.items()}
    return Figures(("what", "seconds"), [(n, f"{wait:.3f}") for n, wait in waits.items()], waits)


def _first_request(emulator: Served) -> float:
    """Return when the first byte of the first request came, at a port that answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, job(emulator) as one:
        server.settimeout(30)
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        environment = {**os.environ, **emulator.environment, "IZOOLOGIC_API_HOST": host}
        begun, quiet = time.perf_counter(), subprocess.DEVNULL
        with subprocess.Popen(  # noqa: S603 - our own command, no shell
            processes.own_run(one), cwd=processes.ROOT, env=environment, stdout=quiet, stderr=quiet
        ) as child:
            try:
                with server.accept()[0] as connection:
                    connection.recv(1)
                return time.perf_counter() - begun
            finally:
                child.kill()


def years() -> Figures:
    """Measure one run over a year of cases, with and without latency."""
    rows, peaks = [], []
    for cases, latency, rounds in YEARS:
        with served(cases, days=YEAR_DAYS, latency=latency) as emulator:
            costs = []
            for _ in range(rounds):
                with job(emulator) as one:
                    costs.append(processes.run(processes.own_run(one), emulator.environment))
                    size = sum(file.stat().st_size for file in one.folder.iterdir())
                calls = sum(emulator.take()[0].values())
        cost = sorted(costs, key=lambda one: one.wall)[len(costs) // 2]
        peaks.append(cost.peak)
        figures = (f"{calls:,}", f"{cost.wall:.1f}", f"{cost.processor:.1f}", f"{cost.peak:.1f}")
        rows.append((f"{cases:,}, {latency * 1000:.0f} ms", *figures, f"{size / 1_048_576:,.1f}"))
        print(*rows[-1], sep=" | ", file=sys.stderr)
    headers = ("cases, latency", "calls", "wall s", "CPU s", "peak MB", "library MB")
    return Figures(headers, rows, {"peak": max(peaks), "growth": peaks[-1] - peaks[1]})


def calls(others: Mapping[str, Command]) -> Figures:
    """Count the calls of a year in one reading, and of days of syncs; each is deterministic.

    Others use their own incremental modes. Raises BenchmarkError when one loses a message.
    """
    ours: Mapping[str, Command] = {RUN: processes.OWN_SYNCS}
    everybody = {**ours, **others}
    year, syncs = (1_000, YEAR_DAYS), (SYNC_CASES, SYNC_DAYS)
    jobs = {
        "a year at once": (*year, YEAR_DAYS * DAY, everybody),
        f"{SYNC_DAYS} days, hourly": (*syncs, HOUR, everybody),
        f"{SYNC_DAYS} days, every 15 minutes": (*syncs, HOUR // 4, ours),
    }
    rows, numbers = [], {}
    for what, (cases, days, every, who) in jobs.items():
        for name, command in who.items():
            with served(cases, days=days) as emulator, job(emulator, every=every) as one:
                cost = processes.run(command(one), emulator.environment)
                read = json.loads((one.folder / "messages.json").read_text(encoding="utf-8"))
                kinds, _ = emulator.take()
            got = sum(int(at) >= emulator.since for _, at in read)
            if got != emulator.messages:
                raise BenchmarkError(f"{name}, {what}: {got} of {emulator.messages} messages")
            each = (kinds["CaseDetail"] + kinds["FetchCaseCommunications"]) / cases
            if name == RUN:
                numbers[what] = each
            counts = [f"{kinds[endpoint]:,}" for endpoint in COUNTED]
            rows.append((what, name, *counts, f"{each:.2f}"))
            print(f"{what}: {name} {cost.wall:.1f} s", file=sys.stderr)
    headers = ("what", "contender", "logins", "lists", "details", "messages", "calls per case")
    return Figures(headers, rows, numbers)
