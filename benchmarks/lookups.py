"""What looking into a library costs: `python -m benchmarks.lookups [CASES or LIBRARY]`.

Fills a library with generated cases (10,000, if no number is given), or takes one that is there;
prints seconds, of this process and by the clock, and lines of each command, the best of three.
"""

import contextlib
import io
import shlex
import sys
import tempfile
import time
from pathlib import Path

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator, generate
from izoologic_cdf.emulator.generated import CLOCK
from izoologic_cdf.runtime.windows import DAY, stamp

CASES, DAYS, ROUNDS = 10_000, 120, 3
COMMANDS = (
    "status",
    "cases",
    "cases --format csv",
    "cases --format json",
    "cases --status Closed --type Phishing --since 2025-07-01 --sort brand",
    "cases example login",
    "accounts --columns all",
    "accounts example.com",
    "indicators --columns all",
    "notes --format csv",
    "notes case --status Closed",
    "files --columns all",
    "changes --since 2025-01-01",
    "count --by Brand,Status",
    "count accounts --by Brand,Severity",
    "show example.com",
    "show Ab",
)


def run(words: list[str]) -> tuple[float, float, int, int]:
    """Run a command here; return its seconds of both kinds, its lines and its exit code."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    begun, worked = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(words)
    worked, took = time.process_time() - worked, time.perf_counter() - begun
    out.flush()
    out.seek(0)
    return worked, took, sum(1 for _ in out), code


def fill(library: Path, cases: int) -> None:
    """Run both feeds over that many generated cases."""
    with Emulator(generate(cases, days=DAYS)) as emulator:
        config = library.with_name("tenant.yaml")
        config.touch(0o600)
        config.write_text(
            f"api_host: {emulator.url}\napi_key: {emulator.api_key}\n"
            f"api_secret: {emulator.secret_key}\n"
        )
        asked = ["--since", stamp(CLOCK - DAYS * DAY), "--until", stamp(CLOCK)]
        _, took, _, code = run(
            ["run", "all", *asked, "--config", str(config), "--library", str(library)]
        )
        print(f"{cases:,} cases were read in {took:.1f} s, exit code {code}")


def measure(library: Path) -> None:
    """Print what each command takes."""
    for command in COMMANDS:
        words = [*shlex.split(command), "--library", str(library)]
        results = [run(words) for _ in range(ROUNDS)]
        worked, took, lines, code = min(results)
        print(f"{worked:7.3f} s {took:7.3f} s {lines:>8,} lines  exit code {code}  {command}")


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else str(CASES)
    if Path(given).is_file():
        measure(Path(given))
    else:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "izoologic.sqlite"
            fill(made, int(given))
            measure(made)
