"""How long a user waits: for `--help`, for the first request of a run, for an empty run."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import processes
from benchmarks.contenders import Contender, Job
from benchmarks.serving import served

COMMAND = [sys.executable, "-m", "izoologic_cdf.cli.main"]
KEYS = {"IZOOLOGIC_API_KEY": "a", "IZOOLOGIC_API_SECRET": "b"}
PATIENCE = 30.0
# one minute, ten years before anything that the emulator holds
EMPTY_SINCE, EMPTY_UNTIL = 1_400_000_000, 1_400_000_060


def measure(rounds: int, others: Sequence[Contender]) -> dict[str, float]:
    """Return medians in seconds."""
    empty = ["--since", str(EMPTY_SINCE), "--until", str(EMPTY_UNTIL)]
    with served(1, 0) as emulator:

        def empty_run() -> float:
            with tempfile.TemporaryDirectory() as folder:
                command = [*COMMAND, "run", "incident", *empty, "--library", f"{folder}/l.sqlite"]
                return processes.run(command, emulator.environment).wall

        def empty_job(other: Contender) -> float:
            with tempfile.TemporaryDirectory() as folder:
                asked = replace(emulator, since=EMPTY_SINCE, until=EMPTY_UNTIL)
                job = Job(asked, 10, files=False, folder=Path(folder))
                return processes.run(other.command(job), emulator.environment).wall

        taken: dict[str, Callable[[], float]] = {
            "python itself": lambda: processes.run([sys.executable, "-c", "pass"]).wall,
            "--help": lambda: processes.run([*COMMAND, "--help"]).wall,
            "first request of a run": lambda: _first_request(empty),
            "run over an empty range": empty_run,
            **{f"{one.name} over an empty range": partial(empty_job, one) for one in others},
        }
        return {
            name: statistics.median(once() for _ in range(rounds)) for name, once in taken.items()
        }


def _first_request(asked: list[str]) -> float:
    """Return when the first byte of the first request came, at a port that answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:
        server.settimeout(PATIENCE)
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        command = [*COMMAND, "run", "incident", *asked, "--library", str(Path(folder) / "l.sqlite")]
        begun = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command,
            cwd=processes.ROOT,
            env={**os.environ, **KEYS, "IZOOLOGIC_API_HOST": host},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(PATIENCE)
                connection.recv(1)
                return time.perf_counter() - begun
        finally:
            child.kill()
            child.wait()
