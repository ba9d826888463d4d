"""`python -m benchmarks`: measure, print, and with --write keep the figures in the docs.

What was measured is kept in build/benchmarks/measured.json: parts can be measured one by one.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import measures, report
from benchmarks.measures import LATENCY, Figures
from benchmarks.processes import ROOT, BenchmarkError, others

KEPT = ROOT / "build" / "benchmarks" / "measured.json"
Part = Callable[[argparse.Namespace], Figures]
# the others, which take the longest, take part where they are to be compared
PARTS: dict[str, Part] = {
    "calls": lambda options: measures.calls(options.others),
    "free": lambda options: measures.throughput(options, options.others, latency=0.0),
    "latency": lambda options: measures.throughput(options, options.others, latency=LATENCY),
    "wide": lambda options: measures.throughput(options, {}, latency=LATENCY, in_flight=50),
    "startup": lambda options: measures.startup(options.rounds),
    "years": lambda _options: measures.years(),
}


def main() -> int:
    """Measure the requested parts."""
    # all of them keep their bytecode, as pip leaves it with what it installs
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    options = _options()
    results: dict[str, Any] = {}
    if options.part and KEPT.exists():
        results = json.loads(KEPT.read_text())
    begun = time.monotonic()
    try:
        options.others = others() if options.with_others else {}
        for name in options.part or PARTS:
            print(f"{name} ...", file=sys.stderr)
            results[name] = _measured(PARTS[name], options)
            KEPT.parent.mkdir(parents=True, exist_ok=True)
            KEPT.write_text(json.dumps(results, indent=1))
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    for name, text in {**report.blocks(results), "goals": report.goals(results)}.items():
        print(f"\n## {name}\n\n{text}")
    print(f"\nThis took {(time.monotonic() - begun) / 60:.1f} minutes.")
    if options.write:
        # not above: what it imports would count as memory of the measured processes
        from tools.documents import make  # noqa: PLC0415

        make(figures=report.blocks(results), check=False)
    return 0


def _measured(part: Part, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a part, and when and on what they were measured."""
    info, model = Path("/proc/cpuinfo"), "unknown processor"
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    load, begun, at = os.getloadavg()[0], time.monotonic(), time.strftime("%Y-%m-%d %H:%M")
    figures = part(options)._asdict()
    where = f"{os.cpu_count()} cores ({model}), {platform.system()}, {platform.python_version()}"
    when = f"{at}, load average {load:.1f} before, for {time.monotonic() - begun:.0f} s"
    return {**figures, "where": where, "when": when}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--cases", type=int, default=1_000, metavar="N", help="default: 1000")
    beside = "with airbyte-cdk and dlt, each in a virtual environment under build/"
    parser.add_argument("--with-others", action="store_true", help=beside)
    parser.add_argument("--write", action="store_true", help="write to docs/performance.md")
    part = "measure this part alone; repeatable; default: all"
    parser.add_argument("--part", action="append", choices=list(PARTS), help=part)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
