"""What a push did, as counts, for people and as JSON."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.library.limits import abbreviate
from izoologic_cdf.library.outbox import Outgoing
from izoologic_cdf.printable import printable
from izoologic_cdf.push.remote_rows import PERSONAL
from izoologic_cdf.runtime.summary import EXIT_CODES, Outcome

MAX_NAMED = 10


def name_of(one: Outgoing) -> str:
    """Return how a message names an object; leaked personal data by the library's number alone."""
    if one.type in PERSONAL:
        where = f", id {one.remote} on the platform" if one.remote is not None else ""
        return f"{one.type} {one.id}{where}"
    return f"{one.type} {abbreviate(one.value)!r}"


@dataclass(slots=True)
class Deferred:
    """An object that is missing on the platform, or a part of it, and why."""

    name: str
    reason: str
    abandoned: bool


@dataclass(slots=True)
class PushSummary:
    """Counts of one push, by type of object; or of a comparison, with its differences.

    `created` were made, `adopted` were there already, `changed` were pushed before; `waiting` are
    files whose bytes the library does not have yet.
    """

    host: str
    created: Counter[str] = field(default_factory=Counter)
    adopted: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    deferred: list[Deferred] = field(default_factory=list)
    compared: int | None = None
    differences: list[str] = field(default_factory=list)
    requests: int = 0
    retries: int = 0
    logins: int = 0
    seconds: float = 0.0
    error: str | None = None
    interrupted: bool = False

    @property
    def sent(self) -> int:
        """How many objects reached the platform."""
        return sum((self.created + self.adopted + self.changed).values())

    @property
    def outcome(self) -> Outcome:
        """How the push ended."""
        if self.interrupted:
            return "interrupted"
        if self.error is not None:
            return "partial" if self.sent or self.differences else "failed"
        open_ = any(not one.abandoned for one in self.deferred)
        return "partial" if open_ or self.missing or self.differences else "complete"

    @property
    def exit_code(self) -> int:
        """The exit code of that outcome, as of a run."""
        return EXIT_CODES[self.outcome]

    def as_data(self) -> dict[str, Any]:
        """Return the summary as JSON data."""
        counts = ("created", "adopted", "changed", "unchanged", "missing")
        named = [
            {"object": one.name, "reason": one.reason, "abandoned": one.abandoned}
            for one in self.deferred
        ]
        return {
            "platform": self.host,
            "outcome": self.outcome,
            "objects": {name: dict(sorted(getattr(self, name).items())) for name in counts},
            "files_without_bytes": self.waiting,
            "deferred": named,
            "compared": self.compared,
            "differences": self.differences,
            "requests": self.requests,
            "retries": self.retries,
            "logins": self.logins,
            "seconds": round(self.seconds, 1),
            "error": self.error,
        }

    def as_json(self) -> str:
        """Return the summary as JSON text."""
        return json.dumps(self.as_data(), indent=2, ensure_ascii=False)

    def as_text(self) -> str:
        """Return the summary for people; every line is printable."""
        return "\n".join(map(printable, self._lines()))

    def _lines(self) -> list[str]:
        what = "Push to" if self.compared is None else "Comparison with"
        lines = [f"{what} {self.host}: {self.outcome}"]
        if self.error is not None:
            lines.append(f"  error: {self.error}")
        if self.compared is None:
            lines += self._counted()
        else:
            lines.append(f"  {self.compared} objects compared, {len(self.differences)} differ")
            lines += [f"  {text}" for text in self.differences]
        for kind, count in sorted(self.missing.items()):
            lines.append(
                f"  the platform has no objects of the kind {kind!r}: {count} not pushed; "
                "install the custom object (see `push --check`)"
            )
        if self.waiting:
            lines.append(f"  {self.waiting} files wait for their bytes (see `retry`)")
        for abandoned, word in ((False, "deferred"), (True, "abandoned until they change")):
            found = [one for one in self.deferred if one.abandoned is abandoned]
            if found:
                lines.append(f"  {len(found)} {word}:")
                lines += _some([f"    {one.name}: {one.reason}" for one in found])
        lines.append(
            f"  {self.requests} requests, {self.retries} retries, {self.logins} logins, "
            f"{self.seconds:.1f} s"
        )
        return lines

    def _counted(self) -> list[str]:
        kinds = sorted({*self.created, *self.adopted, *self.changed, *self.unchanged})
        return [
            f"  {kind}: {self.created[kind]} created, {self.adopted[kind]} already there, "
            f"{self.changed[kind]} changed, {self.unchanged[kind]} unchanged"
            for kind in kinds
        ]


def _some(lines: list[str]) -> list[str]:
    """Return the first lines, and how many more there are."""
    rest = len(lines) - MAX_NAMED
    return lines if rest <= 0 else [*lines[:MAX_NAMED], f"    and {rest} more"]
