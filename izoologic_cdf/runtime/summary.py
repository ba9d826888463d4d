"""What a run did, as counts; rendered for people and as JSON."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from izoologic_cdf.library.model import Counts, Ingested
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.windows import Window

Outcome = Literal["complete", "partial", "failed", "interrupted"]
EXIT_CODES: dict[Outcome, int] = {"complete": 0, "failed": 1, "partial": 3, "interrupted": 130}
# ids that the text names one by one
SHOWN = 10
NAMES = {
    "account": "Compromised Accounts",
    "identity": "Identities",
}


@dataclass(slots=True)
class Summary:
    """Counts of one run. listed = detailed + skipped + failed, once the run is over."""

    feed: str
    since: int
    until: int
    windows: int = 0
    windows_done: int = 0
    holes: list[Window] = field(default_factory=list)
    listed: int = 0
    detailed: int = 0
    skipped: int = 0
    failed: int = 0
    # of these, cases that an earlier run had set aside
    retried: int = 0
    # cases that wait for the next run, and cases that runs leave alone, by id
    set_aside: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    warnings: int = 0
    failures: int = 0
    requests: int = 0
    retries: int = 0
    logins: int = 0
    seconds: float = 0.0
    ingested: Ingested = field(default_factory=Ingested)
    error: str | None = None
    interrupted: bool = False

    @property
    def outcome(self) -> Outcome:
        """How the run ended."""
        if self.interrupted:
            return "interrupted"
        if self.error is not None or (self.windows and not self.windows_done):
            return "failed"
        return "partial" if self.failed or self.failures or self.holes else "complete"

    @property
    def exit_code(self) -> int:
        """The exit code of that outcome."""
        return EXIT_CODES[self.outcome]

    def as_data(self) -> dict[str, Any]:
        """Return the summary as JSON data; times as `YYYY-MM-DD HH:MM:SS` UTC."""
        return {
            "feed": self.feed,
            "outcome": self.outcome,
            "since": stamp(self.since),
            "until": stamp(self.until),
            "windows": {"asked": self.windows, "done": self.windows_done},
            "holes": [{"since": stamp(h.since), "until": stamp(h.until)} for h in self.holes],
            "cases": {
                "listed": self.listed,
                "detailed": self.detailed,
                "skipped": self.skipped,
                "failed": self.failed,
                "retried": self.retried,
                "set_aside": self.set_aside,
                "given_up": self.given_up,
            },
            "warnings": self.warnings,
            "failures": self.failures,
            "calls": {"requests": self.requests, "retries": self.retries, "logins": self.logins},
            "seconds": round(self.seconds, 1),
            "objects": {
                code: {"objects": _count(counts.objects), "attributes": _count(counts.attributes)}
                for code, counts in sorted(self.ingested.counts.items())
            },
            "error": self.error,
        }

    def as_json(self) -> str:
        """Return the summary as one JSON document."""
        return json.dumps(self.as_data(), indent=2)

    def as_text(self) -> str:
        """Return the summary as a person reads it."""
        since, until = stamp(self.since), stamp(self.until)
        windows = f"{self.windows_done} of {self.windows} windows"
        cases = (
            f"{self.listed} listed, {self.detailed} detailed, "
            f"{self.skipped} skipped, {self.failed} failed"
        )
        lines = [
            f"{self.feed}: {self.outcome}",
            f"  range     {since} to {until} UTC, {windows}",
            f"  cases     {cases}",
            f"  calls     {self.requests} requests, {self.retries} retries, {self.logins} logins",
            f"  messages  {self.warnings} warnings, {self.failures} failures",
            f"  run time  {self.seconds:.1f} s",
        ]
        waiting = (("set aside", self.set_aside), ("given up", self.given_up))
        for label, ids in waiting:
            if ids:
                more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
                lines.append(f"  {label:<10}{', '.join(map(printable, ids[:SHOWN]))}{more}")
        lines += [f"  hole      {stamp(h.since)} to {stamp(h.until)} UTC" for h in self.holes]
        if self.error is not None:
            lines.append(f"  error     {self.error}")
        if self.ingested.counts:
            lines += ["", f"  {'metric':<34}{'created':>9}{'updated':>9}{'unchanged':>11}"]
            for code, counts in sorted(self.ingested.counts.items()):
                lines += _rows(code, counts)
        return "\n".join(lines)


def printable(text: str) -> str:
    """Return a text of the data as it may go to a terminal: control characters as escapes."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def plural(code: str) -> str:
    """Return the name that people know an object code by, in the plural."""
    return NAMES.get(code, code.replace("_", " ").title() + "s")


def _rows(code: str, counts: Counts) -> list[str]:
    singular = plural(code).removesuffix("s").replace("Identitie", "Identity")
    rows = ((plural(code), counts.objects), (f"{singular} Attributes", counts.attributes))
    return [
        f"  {name:<34}{c.created:>9}{c.updated:>9}{c.unchanged:>11}"
        for name, c in rows
        if c.created or c.updated or c.unchanged
    ]


def _count(count: Any) -> dict[str, int]:
    return {
        "created": count.created,
        "updated": count.updated,
        "unchanged": count.unchanged,
    }
