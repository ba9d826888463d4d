"""What a push costs: `python -m benchmarks.pushes [CASES]`; prints one JSON object.

Cases with two notes and an address each go to an emulated platform in a process of its own; then
one case changes; then nothing does.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from izoologic_cdf.library.objects import Attribute, Batch, Origin, Reported
from izoologic_cdf.library.outbox import Outbox
from izoologic_cdf.library.store import Library
from izoologic_cdf.push.mending import Ownership
from izoologic_cdf.push.pushing import Push
from izoologic_cdf.push.rest_client import Account, RestClient
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.windows import SystemClock, stamp

FEED = "iZoologic Incident Case Sync"
SINCE = 1_700_006_400  # 2023-11-15T00:00:00Z
ATTRIBUTES = 20
DESCRIPTION = "A site that imitates the login page of a brand. " * 10


def fill(library: Library, cases: int) -> None:
    """Store cases as a run of the incident feed does."""
    run = library.start_run(FEED, stamp(SINCE), stamp(SINCE), stamp(SINCE))
    with library.transaction():
        for number in range(cases):
            library.ingest(_case(number, "Open"), Origin(FEED, frozenset({"Status"}), run, "now"))


def _case(number: int, status: str) -> Batch:
    when, name = stamp(SINCE + 60 * number), f"CASE{number}"
    rows = [Attribute(f"Attribute {n}", f"value {number} {n}") for n in range(ATTRIBUTES)]
    case = Reported("incident", name, description=DESCRIPTION, published_at=when)
    case.attributes = [Attribute("Status", status), *rows]
    address = Reported("indicator", f"192.0.2.{number % 256}", subtype="IP Address")
    notes = [
        Reported("note", f"{when} - {subject} - {name}", description=DESCRIPTION, published_at=when)
        for subject in ("Acknowledged", "Closed")
    ]
    return Batch([case, address, *notes], [(0, 1), (0, 2), (0, 3)])


def push(library: Library, told: dict[str, str]) -> dict[str, Any]:
    """Push once and return what it took."""
    account = Account(told["threatq_host"], told["client_id"], told["client_secret"])
    with Transport(SystemClock(), Limits()) as transport:
        client = RestClient(account, transport, Redactor())
        outbox = Outbox(library, account.url)
        own = Ownership(outbox.sources(), {FEED: frozenset({"status"})})
        summary = Push(outbox, client, own, SystemClock(), lambda _: None).push()
    return {
        "outcome": summary.outcome,
        "sent": summary.sent,
        "requests": summary.requests,
        "requests_per_object": round(summary.requests / max(summary.sent, 1), 4),
        "seconds": round(summary.seconds, 2),
    }


def main() -> None:
    """Serve, fill, and push three times."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    command = [sys.executable, "-m", "izoologic_cdf.cli.main", "platform", "--install", "account"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,  # noqa: S603
    ):
        told = {}
        for line in process.stdout or ():
            name, _, value = line.strip().partition(": ")
            told[name] = value
            if line.startswith("#"):
                break
        with Library.create(Path(folder) / "library.sqlite") as library:
            begun = time.perf_counter()
            fill(library, cases)
            result: dict[str, Any] = {"cases": cases, "filled": time.perf_counter() - begun}
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            result["first"] = push(library, told)
            origin = Origin(FEED, frozenset({"Status"}), 1, "now", updated=SINCE)
            library.ingest(_case(cases - 1, "Closed"), origin)
            result["one_changed"] = push(library, told)
            result["unchanged"] = push(library, told)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result |= {"peak_mib": peak // 1024, "peak_mib_before": before // 1024}
        process.terminate()
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
