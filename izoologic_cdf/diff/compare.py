"""The difference between two versions of a definition, as text and as JSON."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.diff.changes import KINDS, Change, definition_changes
from izoologic_cdf.diff.results import Configure, object_changes, run_over
from izoologic_cdf.diff.versions import Version
from izoologic_cdf.emulator import Scenario
from izoologic_cdf.printable import printable

SAME, DIFFERENT, TROUBLE = 0, 1, 2
WIDTH = 100
# characters of one side of a change that are shown
_MAX_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes between two versions; `over` says what both were run over, null if neither."""

    old: Version
    new: Version
    changes: tuple[Change, ...]
    over: str | None = None

    @property
    def exit_code(self) -> int:
        """0 no change, 1 changes, 2 a run did not complete, so that changes may be missing."""
        if any(change.kind == "failed-run" for change in self.changes):
            return TROUBLE
        return DIFFERENT if self.changes else SAME

    def of_kind(self, kind: str) -> list[Change]:
        """Return the changes of one kind, in order."""
        return [change for change in self.changes if change.kind == kind]

    def as_json(self) -> str:
        """Return one JSON document: both versions, what was run, and the changes in full."""
        document: dict[str, Any] = {
            "old": {"name": self.old.name, "version": self.old.definition.version},
            "new": {"name": self.new.name, "version": self.new.definition.version},
            "run_over": self.over,
            "changes": [
                {**asdict(change), "means": KINDS[kind].means}
                for kind in KINDS
                for change in self.of_kind(kind)
            ],
        }
        return json.dumps(document, indent=2)

    def as_text(self) -> str:
        """Return one section a kind: what such changes mean, then one line a change."""
        versions = [f"{v.name} ({v.definition.version})" for v in (self.old, self.new)]
        lines = [f"{versions[0]} -> {versions[1]}"]
        for kind, about in KINDS.items():
            changes = self.of_kind(kind)
            if changes:
                means = textwrap.wrap(about.means, WIDTH - 2)
                lines += ["", f"{about.title}: {len(changes)}", *(f"  {line}" for line in means)]
                for change in changes:
                    lines += _lines(change)
        run = f"Both were run over {self.over}." if self.over else "Neither was run."
        lines += ["", *textwrap.wrap(run, WIDTH)]
        count = len(self.changes)
        lines.append(f"{count} change{'s' * (count != 1)}" if count else "No difference")
        return "\n".join(map(printable, lines))


def compare(
    old: Version,
    new: Version,
    scenario: Scenario | None = None,
    given: Mapping[str, str] | None = None,
    configure: Configure | None = None,
) -> Difference:
    """Compare two versions; with a scenario, by what they make of it, too.

    `given` are the values of user fields for the runs, as they were written; `configure` returns
    what the runs of a definition take for its user fields.

    Raises:
        EmulatorError: the emulator cannot be started.
        LibraryError: the temporary library cannot be written.
    """
    changes = list(definition_changes(old, new))
    if scenario is None or configure is None:
        return Difference(old, new, tuple(changes))
    configurations = [configure(version.definition) for version in (old, new)]
    results = [
        run_over(v.definition, scenario, c) for v, c in zip((old, new), configurations, strict=True)
    ]
    for version, result in zip((old, new), results, strict=True):
        for one in result.failed:
            said = f"{one.runs} of {one.of} runs did not complete; {one.said}"
            changes.append(Change("failed-run", version.name, one.feed, new=said))
    changes += object_changes(results[0].objects, results[1].objects)
    return Difference(old, new, tuple(changes), _over(scenario, given or {}))


def _over(scenario: Scenario, given: Mapping[str, str]) -> str:
    since, until = (
        datetime.fromtimestamp(epoch or 0, UTC).date() for epoch in (scenario.since, scenario.until)
    )
    fields = [f"{name}={value}" for name, value in given.items()]
    how = f"with {', '.join(fields)} and else the defaults" if fields else "with the defaults"
    return (
        f"the emulator's scenario {scenario.name!r}, {since} to {until}, {how} of the user fields"
    )


def _lines(change: Change) -> list[str]:
    """Return one line; where both sides would not fit on it, one more for each."""
    head = f"  * {change.where}: {change.what}"
    was, now = (None if text is None else _short(text) for text in (change.old, change.new))
    if was is None and now is None:
        return [head]
    signed = [f"{sign} {text}" for sign, text in (("-", was), ("+", now)) if text is not None]
    line = f"{head}: {signed[0] if len(signed) == 1 else f'{was} -> {now}'}"
    return [line] if len(line) <= WIDTH else [head, *(f"      {text}" for text in signed)]


def _short(text: str) -> str:
    line = " ".join(text.split()) or '""'
    return line if len(line) <= _MAX_SHOWN else f"{line[:_MAX_SHOWN]}... ({len(line)} characters)"
