"""How long a user waits: for `--help`, for the first request of a run, for an empty run."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import processes
from benchmarks.serving import served

COMMAND = [sys.executable, "-m", "izoologic_cdf.cli.main"]
KEYS = {"IZOOLOGIC_API_KEY": "a", "IZOOLOGIC_API_SECRET": "b"}
PATIENCE = 30.0


def measure(rounds: int) -> dict[str, float]:
    """Return medians in seconds."""
    # a range of one minute, ten years before anything that the emulator holds
    empty = ["--since", "1400000000", "--until", "1400000060"]
    with served(1, 0) as emulator:

        def empty_run() -> float:
            with tempfile.TemporaryDirectory() as folder:
                command = [*COMMAND, "run", "incident", *empty, "--library", f"{folder}/l.sqlite"]
                return processes.run(command, emulator.environment).wall

        taken: dict[str, Callable[[], float]] = {
            "python itself": lambda: processes.run([sys.executable, "-c", "pass"]).wall,
            "--help": lambda: processes.run([*COMMAND, "--help"]).wall,
            "first request of a run": lambda: _first_request(empty),
            "run over an empty range": empty_run,
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
