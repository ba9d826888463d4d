"""How many calls runs make: `python -m benchmarks.cost TEMPLATES`, simulated without HTTP.

A small tenant stands for all: calls per case do not depend on how many there are,
and the calls of windows and runs are told apart. Prints one JSON object.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.in_memory import Tenant
from benchmarks.simulated import simulate
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.windows import DAY, split_range

SINCE = 1_700_006_400  # 2023-11-15T00:00:00Z
YEAR = 360 * DAY
PER_MONTH = 30
LONGEST_RUN = 30
SYNC_DAYS = 10
# cases a month whose updates fall on all minutes of an hour alike
UNEVEN = 601
HOUR = 3600


def main() -> None:
    """Simulate and print."""
    templates = Path(sys.argv[1])
    print(json.dumps({**_history(templates), "hourly": _scheduled(templates)}))


def _history(templates: Path) -> dict[str, Any]:
    """Read a year in one run, and in one run for each window."""
    until = SINCE + YEAR - 1
    ways = {
        "a year in one run": [(SINCE, until)],
        "a year, a run per window": [
            (window.since, window.until) for window in split_range(SINCE, until, LONGEST_RUN)
        ],
    }
    return {name: _read(templates, parts) for name, parts in ways.items()}


def _read(templates: Path, parts: list[tuple[int, int]]) -> dict[str, float]:
    tenant = Tenant(PER_MONTH * 12, SINCE, YEAR, SINCE + YEAR)
    cases = calls = fixed = 0
    with tempfile.TemporaryDirectory() as folder:
        for since, until in parts:
            whole = plan.whole(since, until)
            library = Path(folder) / "library.sqlite"
            summary = simulate(templates, tenant, library, lambda _, p=whole: p)  # type: ignore[misc]
            cases += summary.detailed
            calls += summary.requests
            fixed += summary.logins + summary.windows_done
    return {"cases": cases, "fixed": fixed, "per_case": (calls - fixed) / cases}


def _scheduled(templates: Path) -> dict[str, float]:
    """Sync once an hour; each case is updated once, and met again where runs overlap."""
    tenant = Tenant(UNEVEN * 12, SINCE, YEAR, SINCE + YEAR // 2)
    runs = calls = fixed = 0
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.sqlite"
        for _ in range(SYNC_DAYS * 24):
            now = tenant.now
            summary = simulate(
                templates,
                tenant,
                library,
                lambda state, n=now: plan.sync(state, n, n - HOUR),  # type: ignore[misc]
            )
            tenant.now += HOUR
            runs += 1
            calls += summary.requests
            fixed += summary.logins + summary.windows_done
    cases = UNEVEN * SYNC_DAYS // 30
    return {"runs": runs, "cases": cases, "fixed": fixed, "per_case": (calls - fixed) / cases}


if __name__ == "__main__":
    main()
