"""What a run did, as counts; rendered for people and as JSON."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from izoologic_cdf.library.objects import Counts, Ingested
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.windows import Window

Outcome = Literal["complete", "partial", "failed", "interrupted"]
EXIT_CODES: dict[Outcome, int] = {"complete": 0, "failed": 1, "partial": 3, "interrupted": 130}
# ids that the text names one by one, and of what is missing of cases
SHOWN = 10
SHOWN_OF_PARTS = 3
NAMES = {
    "account": "Compromised Accounts",
    "identity": "Identities",
}


@dataclass(slots=True)
class Missing:
    """What is missing for one reason: a part of these cases, or the cases where `part` is null."""

    part: str | None
    reason: str
    abandoned: bool
    cases: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Summary:
    """Counts of one run. listed = detailed + skipped + failed, once the run is over."""

    feed: str
    since: int
    until: int
    windows: int = 0
    windows_done: int = 0
    gaps: list[Window] = field(default_factory=list)
    listed: int = 0
    detailed: int = 0
    skipped: int = 0
    failed: int = 0
    # of these, cases that an earlier run had deferred
    retried: int = 0
    # cases that later runs ask for again, and cases that runs leave alone, by id
    deferred: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    # what is missing of these and of others, and the parts of cases that the operator does without
    missing: list[Missing] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    warnings: int = 0
    failures: int = 0
    requests: int = 0
    retries: int = 0
    logins: int = 0
    seconds: float = 0.0
    ingested: Ingested = field(default_factory=Ingested)
    error: str | None = None
    interrupted: bool = False
    _missing: dict[tuple[str, str, bool], Missing] = field(default_factory=dict, repr=False)

    @property
    def outcome(self) -> Outcome:
        """How the run ended."""
        if self.interrupted:
            return "interrupted"
        if self.error is not None or (self.windows and not self.windows_done):
            return "failed"
        awaited = self.deferred or any(not one.abandoned for one in self.missing)
        return "partial" if self.failed or self.failures or self.gaps or awaited else "complete"

    @property
    def exit_code(self) -> int:
        """The exit code of that outcome."""
        return EXIT_CODES[self.outcome]

    def forget_missing(self) -> None:
        """Take back what `miss` has noted."""
        for noted in (self.deferred, self.abandoned, self.missing, self._missing):
            noted.clear()

    def miss(self, part: str, reason: str, case_id: str, *, abandoned: bool) -> None:
        """Note that a case, or that part of it, is missing; equal reasons stand together."""
        if not part:
            (self.abandoned if abandoned else self.deferred).append(case_id)
        key = (part, reason, abandoned)
        if key not in self._missing:
            self._missing[key] = Missing(part or None, reason, abandoned)
            self.missing.append(self._missing[key])
        cases = self._missing[key].cases
        if case_id not in cases[-1:]:
            cases.append(case_id)

    def as_data(self) -> dict[str, Any]:
        """Return the summary as JSON data; times as `YYYY-MM-DD HH:MM:SS` UTC."""
        return {
            "feed": self.feed,
            "outcome": self.outcome,
            "since": stamp(self.since),
            "until": stamp(self.until),
            "windows": {"asked": self.windows, "done": self.windows_done},
            "gaps": [{"since": stamp(g.since), "until": stamp(g.until)} for g in self.gaps],
            "cases": {
                "listed": self.listed,
                "detailed": self.detailed,
                "skipped": self.skipped,
                "failed": self.failed,
                "retried": self.retried,
                "deferred": self.deferred,
                "abandoned": self.abandoned,
            },
            "missing": [dataclasses.asdict(one) for one in self.missing],
            "left_out": self.left_out,
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
        return "\n".join(map(printable, self.lines()))

    def lines(self) -> list[str]:
        """Return the lines of the summary as a person reads it."""
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
        for label, ids in (("deferred", self.deferred), ("abandoned", self.abandoned)):
            if ids:
                lines.append(f"  {label:<10}{_named(ids, SHOWN)}")
        for one in self.missing:
            part = f"{one.part} of " if one.part else ""
            how = ", abandoned" if one.abandoned else ""
            cases = _named(one.cases, SHOWN_OF_PARTS)
            lines.append(f"  missing   {part}{cases}{how}: {one.reason}")
        if self.left_out:
            lines.append(f"  left out  {', '.join(self.left_out)}")
        lines += [f"  gap       {stamp(g.since)} to {stamp(g.until)} UTC" for g in self.gaps]
        if self.error is not None:
            lines.append(f"  error     {self.error}")
        if self.ingested.counts:
            lines += ["", f"  {'metric':<34}{'created':>9}{'updated':>9}{'unchanged':>11}"]
            for code, counts in sorted(self.ingested.counts.items()):
                lines += _rows(code, counts)
        return lines


def _named(ids: list[str], shown: int) -> str:
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more


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
