"""`python -m benchmarks`: measure, print, and with --write keep the figures in the docs.

What was measured is kept in build/benchmarks.json, so that parts can be measured one by one.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from benchmarks import contenders, machine, others, parts, startup, throughput
from benchmarks.processes import ROOT, BenchmarkError

KEPT = ROOT / "build" / "benchmarks.json"
LARGE = "large"
SIZES = (1_200, 12_000, 100_008)  # multiples of twelve windows


def main() -> int:
    """Measure the parts that were asked for."""
    options = _options()
    results: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    results["machine"] = machine.described()
    try:
        for name in options.part or PARTS:
            PARTS[name](options, results)
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(results, indent=1))
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    # from here on the memory of this process does not count any more
    from benchmarks import document, report  # noqa: PLC0415

    for name, block in report.BLOCKS.items():
        print(f"\n## {name}\n\n{block(results)}")
    if options.write:
        document.write(results)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--cases", type=int, default=1_000, metavar="N", help="default: 1000")
    parser.add_argument(
        "--with-others",
        action="store_true",
        help="with airbyte-cdk and dlt, each in a virtual environment under build/, made at need",
    )
    parser.add_argument("--write", action="store_true", help="keep it in docs/performance.md")
    parser.add_argument(
        "--part",
        action="append",
        choices=list(PARTS),
        help="measure this part alone; repeatable; default: all; large is 10,000 cases",
    )
    return parser.parse_args()


def _throughput(options: argparse.Namespace, results: dict[str, Any]) -> None:
    results["ceiling"] = throughput.ceiling(5_000)
    alone = list(contenders.OURS)
    all_of_them = [*alone, *others.contenders()] if options.with_others else alone
    measured = []
    for cell in throughput.cells(options.cases):
        # the others do not fetch files
        who = alone if cell.files else all_of_them
        rows = throughput.measure(cell, who, options.rounds, _say)
        measured.append({"cell": asdict(cell), "rows": rows})
    results["throughput"] = measured


def _large(options: argparse.Namespace, results: dict[str, Any]) -> None:
    alone = list(contenders.OURS)
    all_of_them = [*alone, *others.contenders()] if options.with_others else alone
    measured = []
    for cell in throughput.LARGE:
        # with latency, the others take an hour for what the smaller settings have told already
        who = alone if cell.latency else all_of_them
        rows = throughput.measure(cell, who, options.rounds, _say)
        measured.append({"cell": asdict(cell), "rows": rows})
    results[LARGE] = measured


def _startup(options: argparse.Namespace, results: dict[str, Any]) -> None:
    who = others.contenders() if options.with_others else []
    results["startup"] = startup.measure(options.rounds, who)


def _stages(_options: argparse.Namespace, results: dict[str, Any]) -> None:
    results["stages"] = parts.stages(1_000)


def _memory(_options: argparse.Namespace, results: dict[str, Any]) -> None:
    results["memory"] = parts.memory(SIZES)


def _profile(_options: argparse.Namespace, results: dict[str, Any]) -> None:
    results["profile"] = parts.profile(2_000)


def _cost(_options: argparse.Namespace, results: dict[str, Any]) -> None:
    results["cost"] = parts.costs()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


PARTS: dict[str, Callable[[argparse.Namespace, dict[str, Any]], None]] = {
    "startup": _startup,
    "stages": _stages,
    "profile": _profile,
    "cost": _cost,
    "throughput": _throughput,
    "memory": _memory,
    LARGE: _large,
}

if __name__ == "__main__":
    sys.exit(main())
