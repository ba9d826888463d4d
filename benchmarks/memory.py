"""A long run without HTTP: `python -m benchmarks.memory TEMPLATES CASES`.

Twelve windows of 30 days; prints one JSON object. The peak memory of this process, which its
parent tells, is that of a run: the stand-in for the API holds 128 cases.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.in_memory import Tenant
from benchmarks.simulated import simulate
from izoologic_cdf.runtime.plan import whole
from izoologic_cdf.runtime.windows import DAY

SINCE = 1_700_006_400  # 2023-11-15T00:00:00Z
SPAN = 12 * 30 * DAY


def main() -> None:
    """Run once."""
    tenant = Tenant(int(sys.argv[2]), SINCE, SPAN, SINCE + SPAN)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.sqlite"
        plan = whole(SINCE, SINCE + SPAN - 1)
        summary = simulate(Path(sys.argv[1]), tenant, library, lambda _: plan)
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    told = {
        "cases": summary.detailed,
        "windows": summary.windows_done,
        "calls": summary.requests,
        "seconds": time.perf_counter() - begun,
        "outcome": summary.outcome,
        "library_bytes": size,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
