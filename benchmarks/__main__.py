"""`python -m benchmarks`: measure, print, and with --write keep the figures in the docs.

What was measured is kept in build/benchmarks.json, so that parts can be measured one by one, and
what broke off goes on with --continue.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import contenders, cost, measures, report
from benchmarks.processes import ROOT, BenchmarkError

KEPT = ROOT / "build" / "benchmarks.json"
SIZES = (1_000, 10_000, 100_000)
HISTORY_ROUNDS = 3
PARTS: dict[str, Callable[[argparse.Namespace], Any]] = {
    "startup": lambda options: measures.startup(options.rounds, options.others),
    "throughput": lambda options: measures.throughput(
        options.cases, options.rounds, contenders.OURS, options.others
    ),
    "memory": lambda _options: measures.memory(SIZES),
    "calls": lambda _options: cost.found(),
    "history": lambda _options: measures.history(HISTORY_ROUNDS),
}


def main() -> int:
    """Measure the requested parts."""
    options = _options()
    results: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if not (options.part or options.go_on):
        results = {}
    results["machine"] = _machine()
    try:
        options.others = contenders.others() if options.with_others else {}
        done = results if options.go_on else {}
        for name in options.part or [name for name in PARTS if name not in done]:
            results[name] = PARTS[name](options)
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(results, indent=1))
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    for name in ("machine", *filter(results.__contains__, PARTS), "goals"):
        print(f"\n## {name}\n\n{report.BLOCKS[name](results)}")
    if options.write:
        report.write(results)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--cases", type=int, default=1_000, metavar="N", help="default: 1000")
    others = "with airbyte-cdk and dlt, each in a virtual environment under build/"
    parser.add_argument("--with-others", action="store_true", help=others)
    parser.add_argument("--write", action="store_true", help="write to docs/performance.md")
    go_on = "measure the parts that are not in build/benchmarks.json"
    parser.add_argument("--continue", dest="go_on", action="store_true", help=go_on)
    part = "measure this part alone; repeatable; default: all"
    parser.add_argument("--part", action="append", choices=list(PARTS), help=part)
    return parser.parse_args()


def _machine() -> str:
    """Return what the figures are measured on, and what load it had in the minute before."""
    info, model = Path("/proc/cpuinfo"), "unknown processor"
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    where = f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}"
    load = f"load average at the beginning {os.getloadavg()[0]:.1f}"
    return f"{os.cpu_count()} cores ({model}), {where}; {load}"


if __name__ == "__main__":
    sys.exit(main())
