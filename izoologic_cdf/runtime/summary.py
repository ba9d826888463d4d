"""What a run says while it goes on, secrets masked, and what it did, as counts."""

import dataclasses
import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from izoologic_cdf.library.objects import Ingested
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.state import Deferred
from izoologic_cdf.runtime.windows import Window, stamp

Outcome = Literal["complete", "partial", "failed", "interrupted"]
EXIT_CODES: dict[Outcome, int] = {"complete": 0, "failed": 1, "partial": 3, "interrupted": 130}
# ids that the text names one by one, and of what is missing of cases
MAX_IDS = 10
MAX_IDS_OF_PARTS = 3


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
    # cases that later runs retry, and cases that runs leave alone, by id
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

    def set_missing(self, records: Iterable[Deferred]) -> None:
        """Set what is missing at the end of the run; equal reasons stand together."""
        records = list(records)
        self.missing = group_missing(records)
        whole = [one for one in records if not one.kind]
        self.deferred = [one.case_id for one in whole if not one.abandoned]
        self.abandoned = [one.case_id for one in whole if one.abandoned]

    def as_data(self) -> dict[str, Any]:
        """Return the summary as JSON data; times as `YYYY-MM-DD HH:MM:SS` UTC."""
        cases = ("listed", "detailed", "skipped", "failed", "retried", "deferred", "abandoned")
        return {
            "feed": self.feed,
            "outcome": self.outcome,
            "since": stamp(self.since),
            "until": stamp(self.until),
            "windows": {"asked": self.windows, "done": self.windows_done},
            "gaps": [{"since": stamp(g.since), "until": stamp(g.until)} for g in self.gaps],
            "cases": {name: getattr(self, name) for name in cases},
            "missing": [dataclasses.asdict(one) for one in self.missing],
            "left_out": self.left_out,
            "warnings": self.warnings,
            "failures": self.failures,
            "calls": {"requests": self.requests, "retries": self.retries, "logins": self.logins},
            "seconds": round(self.seconds, 1),
            "objects": {
                code: dataclasses.asdict(counts)
                for code, counts in sorted(self.ingested.counts.items())
            },
            "error": self.error,
        }

    def as_counts(self) -> dict[tuple[str, str], int]:
        """Return what the library keeps with the run: counts by object type, '' for none, and name.

        `created` is of objects, `attributes created` of their attributes, and so on.
        """
        names = ("listed", "detailed", "skipped", "failed", "retried", "requests", "retries")
        counts = {("", name): int(getattr(self, name)) for name in names}
        for code, of_type in self.ingested.counts.items():
            for kind, count in (("", of_type.objects), ("attributes ", of_type.attributes)):
                for name, number in dataclasses.asdict(count).items():
                    counts[code, kind + name] = number
        return counts

    def as_json(self) -> str:
        """Return the summary as one JSON document."""
        return json.dumps(self.as_data(), indent=2)

    def as_text(self, names: Mapping[str, str] | None = None) -> str:
        """Return the summary for a person; `names` are the names of object codes that have one."""
        return "\n".join(map(printable, self.lines(names or {})))

    def lines(self, names: Mapping[str, str]) -> list[str]:
        """Return the lines of `as_text`, whatever characters they hold."""
        windows = f"{self.windows_done} of {self.windows} windows"
        cases = (
            f"{self.listed} listed, {self.detailed} detailed, "
            f"{self.skipped} skipped, {self.failed} failed"
        )
        lines = [
            f"{self.feed}: {self.outcome}",
            f"  range     {Window(self.since, self.until)} UTC, {windows}",
            f"  cases     {cases}",
            f"  calls     {self.requests} requests, {self.retries} retries, {self.logins} logins",
            f"  messages  {self.warnings} warnings, {self.failures} failures",
            f"  run time  {self.seconds:.1f} s",
        ]
        for label, ids in (("deferred", self.deferred), ("abandoned", self.abandoned)):
            if ids:
                lines.append(f"  {label:<10}{name_some(ids, MAX_IDS)}")
        for one in self.missing:
            part = f"{one.part} of " if one.part else ""
            how = ", abandoned" if one.abandoned else ""
            named = name_some(one.cases, MAX_IDS_OF_PARTS)
            lines.append(f"  missing   {part}{named}{how}: {one.reason}")
        if self.left_out:
            lines.append(f"  left out  {', '.join(self.left_out)}")
        lines += [f"  gap       {gap} UTC" for gap in self.gaps]
        if self.error is not None:
            lines.append(f"  error     {self.error}")
        if self.ingested.counts:
            lines += ["", f"  {'metric':<34}{'created':>9}{'updated':>9}{'unchanged':>11}"]
        for code, counts in sorted(self.ingested.counts.items()):
            attributes = f"{singular(code, names)} Attributes"
            rows = ((plural(code, names), counts.objects), (attributes, counts.attributes))
            lines += [
                f"  {name:<34}{count.created:>9}{count.updated:>9}{count.unchanged:>11}"
                for name, count in rows
                if count.created or count.updated or count.unchanged
            ]
        return lines


def group_missing(records: Iterable[Deferred]) -> list[Missing]:
    """Return what is missing, equal reasons together, in the order of the first case of each."""
    groups: dict[tuple[str, str, bool], Missing] = {}
    for one in records:
        made = Missing(one.kind or None, one.reason, one.abandoned)
        group = groups.setdefault((one.kind, one.reason, one.abandoned), made)
        if one.case_id not in group.cases[-1:]:
            group.cases.append(one.case_id)
    return list(groups.values())


def name_some(ids: list[str], shown: int) -> str:
    """Return so many of these ids, and how many more there are."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more


def singular(code: str, names: Mapping[str, str]) -> str:
    """Return the name of an object code: the one in `names`, else the code in words."""
    return names.get(code, code.replace("_", " ").title())


def plural(code: str, names: Mapping[str, str]) -> str:
    """Return the name of an object code in the plural."""
    name = singular(code, names)
    return f"{name.removesuffix('y')}ies" if name.endswith("y") else f"{name}s"


class Progress(Protocol):
    """Where a run reports how far it is."""

    def window(self, window: Window, done: int, of: int) -> None:
        """Report that a window begins."""

    def listed(self, count: int) -> None:
        """Report how many cases the window lists."""

    def case(self) -> None:
        """Report that one more case is done."""

    def say(self, text: str) -> None:
        """Report what the run does now."""

    def message(self, message: Message) -> None:
        """Report something that a person should know."""


class Reporter:
    """Passes messages on to a progress, masks secrets, and counts into the summary.

    What is reported belongs in the record of the run too: `unrecorded` gives it, in any thread.
    """

    def __init__(self, progress: Progress, redactor: Redactor, summary: Summary) -> None:
        self.progress = progress
        self.summary = summary
        self._redactor = redactor
        self._unrecorded: deque[Message] = deque()

    def count(self, messages: Iterable[Message], *, recorded: bool = False) -> None:
        """Count messages and report them; `recorded` are those that the record has."""
        for message in messages:
            if message.level == "warning":
                self.summary.warnings += 1
            else:
                self.summary.failures += 1
            self.report(message, recorded=recorded)

    def report(self, message: Message, *, recorded: bool = False) -> None:
        """Report a message that counts for nothing."""
        masked = self._mask(message)
        if not recorded:
            self._unrecorded.append(masked)
        self.progress.message(masked)

    def warn(self, text: str) -> None:
        """Report a warning about the run."""
        self.count([Message("warning", None, text)])

    def gap(self, gap: Window) -> None:
        """Report that nothing was read for a range."""
        self.summary.gaps.append(gap)
        self.report(Message("failure", None, f"nothing was read for {gap}"))

    def error(self, error: Exception) -> None:
        """Report what ended the run; only the first such error is kept."""
        if self.summary.error is None:
            self.summary.error = self.mask(str(error))
            position = getattr(error, "position", None)
            self.report(Message("error", None, self.summary.error, position))

    def say(self, text: str) -> None:
        """Report what the run does now."""
        self.progress.say(self.mask(text))

    def unrecorded(self, messages: Iterable[Message] = ()) -> list[Message]:
        """Return what is still to be recorded, and these messages, masked."""
        found = [self._unrecorded.popleft() for _ in range(len(self._unrecorded))]
        return found + [self._mask(message) for message in messages]

    def mask(self, text: str) -> str:
        """Return a text with every secret masked."""
        return self._redactor(text)

    def _mask(self, message: Message) -> Message:
        case = None if message.case is None else self._redactor(message.case)
        return message._replace(case=case, text=self._redactor(message.text))
