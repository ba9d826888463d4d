"""Counts what becomes of each field of the answers, and how often each row had a value.

Nothing is mapped in silence: a field that no row, no step and no parameter uses is either ignored
for a reason that is written down, or unmapped.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from threading import Lock
from typing import Any

from izoologic_cdf.errors import ItemError, Position
from izoologic_cdf.explain.origins import Way
from izoologic_cdf.explain.paths import Path, leaves
from izoologic_cdf.explain.story import Story, story_of
from izoologic_cdf.explain.trace import Frame, ListedCase, TracedFeeds, events_of
from izoologic_cdf.language import steps
from izoologic_cdf.language.values import Value, members
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.report_objects import ItemReport

Data = dict[str, Any]
MAPPED, USED, IGNORED, UNMAPPED = "mapped", "used", "ignored", "unmapped"
# the endpoint that stands for every other one
_ALL = "all"
# what is shown as the name of a field; ids, dates, addresses and texts are keys of data
_NAME = re.compile(r"(?!.*\d{4})[@$]?[^\W\d][\w-]{0,63}")
_Key = tuple[str, str]
_Place = tuple[int, int]
_RowKey = tuple[_Place, str, str, str]


@dataclass(slots=True)
class FieldCount:
    """What becomes of one field: the lines that read it, what it ended in, or why it is ignored."""

    endpoint: str
    field: str
    seen: int
    not_null: int
    status: str
    read_by: list[str]
    ended_in: list[str]
    because: str | None


@dataclass(slots=True)
class RowCount:
    """How often a row of the mapping gave a value, of how many data items."""

    given: int = 0
    of: int = 0


class Tally:
    """What one story, or all of them, count; names of fields and of rows alone."""

    def __init__(self) -> None:
        # by endpoint and field
        self.seen, self.not_null = Counter[_Key](), Counter[_Key]()
        # by place, feed, set and name of a row
        self.given, self.of = Counter[_RowKey](), Counter[_RowKey]()
        # by endpoint and field: the line that reads it; where what it becomes stands, and its name
        self.reads: dict[_Key, set[tuple[int, _Place, str]]] = {}

    def add(self, other: "Tally") -> None:
        """Add the counts of another."""
        for name in ("seen", "not_null", "given", "of"):
            getattr(self, name).update(getattr(other, name))
        for key, reads in other.reads.items():
            self.reads.setdefault(key, set()).update(reads)

    def count(self, story: Story) -> None:
        """Count what became of one case, or of a list."""
        for endpoint, body in _answers(story.recorder.frames):
            for path, value in leaves(body):
                key = endpoint, plain(path)
                self.seen[key] += 1
                self.not_null[key] += value not in (None, "", [], {})
        for row in story.rows:
            key_of_row = _place(row.position), story.feed.name, row.set, row.name
            self.of[key_of_row] += 1
            self.given[key_of_row] += row.reason is None
            self._note(row.way, row.position, row.name if row.is_attribute else f"({row.name})")
        for position, label, way in _uses(story):
            self._note(way, position, label)

    def _note(self, way: Way, position: Position, label: str) -> None:
        for one in way.fields.values():
            if one.asked is not None and one.path:
                key = str(one.path[-1]).lower()
                hops = [hop.position for hop in way.hops if key in hop.text.lower()]
                read = (hops or [position])[0].line, _place(position), label
                whole = _name(one.asked.endpoint), plain(one.path)
                self.reads.setdefault(whole, set()).add(read)


class Ledger:
    """The counts of some stories; threads may share it.

    A case counts once, however often it is read: with the first reading that succeeds, or else
    with the last.
    """

    def __init__(self, ignored: Mapping[str, Mapping[str, str]]) -> None:
        """`ignored` has by endpoint the patterns of fields, each with the reason."""
        self._ignored = ignored
        self._lock = Lock()
        self._done, self._whole = set[_Key](), Tally()
        self._failed: dict[_Key, Tally] = {}
        # how many cases and lists could not be counted
        self.lost = 0

    def add(self, story: Story, *, failed: bool = False) -> None:
        """Count what became of one case, or of a list; what cannot be followed is `lost`."""
        tally, key = Tally(), (story.feed.name, story.case.id or "")
        tally.count(story)
        with self._lock:
            if failed and key[1] and key not in self._done:
                self._failed[key] = tally
            elif not (key[1] and key in self._done):
                self._whole.add(tally)
                self._failed.pop(key, None)
                self._done.add(key)

    def lose(self) -> None:
        """Count what could not be counted."""
        with self._lock:
            self.lost += 1

    def _sum(self) -> Tally:
        total = Tally()
        with self._lock:
            for one in (self._whole, *self._failed.values()):
                total.add(one)
        return total

    @property
    def fields(self) -> dict[_Key, FieldCount]:
        """The fields by endpoint and name."""
        total = self._sum()
        counts: dict[_Key, FieldCount] = {}
        for (endpoint, name), seen in sorted(total.seen.items()):
            parts = name.split(".")
            # what was read as a whole was read with everything in it
            holders = [(endpoint, ".".join(parts[:end])) for end in range(1, len(parts) + 1)]
            reads = set().union(*(total.reads.get(one, ()) for one in holders))
            became = sorted((place, label) for _, place, label in reads if label)
            lines = [str(line) for line in sorted({line for line, _, _ in reads})]
            ended, why = [label for _, label in became], self.because(endpoint, name)
            status = MAPPED if ended else IGNORED if why else USED if lines else UNMAPPED
            not_null, ended = total.not_null[endpoint, name], list(dict.fromkeys(ended))
            count = FieldCount(endpoint, name, seen, not_null, status, lines, ended, why)
            counts[endpoint, name] = count
        return counts

    @property
    def rows(self) -> dict[tuple[str, str, str], RowCount]:
        """The rows by feed, set and name, as they stand in the definition."""
        total, counts = self._sum(), dict[tuple[str, str, str], RowCount]()
        for key, of in sorted(total.of.items()):
            count = counts.setdefault(key[1:], RowCount())
            count.of += of
            count.given += total.given[key]
        return counts

    def because(self, endpoint: str, name: str) -> str | None:
        """Return why a field is ignored; null where nobody says so."""
        for group in (endpoint, _ALL):
            for pattern, why in self._ignored.get(group, {}).items():
                if fnmatch(name.lower(), pattern.lower()):
                    return why
        return None

    def counted(self) -> list[FieldCount]:
        """Return the fields by endpoint and name; a list or an object that was empty is none."""
        fields = self.fields
        holders = {(endpoint, name.rpartition(".")[0]) for endpoint, name in fields}
        return [count for key, count in fields.items() if key not in holders]

    @property
    def unmapped(self) -> list[str]:
        """The fields that nothing uses and nobody ignores."""
        return [f"{one.endpoint}: {one.field}" for one in self.counted() if one.status == UNMAPPED]

    def as_data(self) -> Data:
        """Return all of it as JSON data."""
        return {
            "fields": [asdict(one) for one in self.counted()],
            "lost": self.lost,
            "rows": [
                {"feed": feed, "set": set_, "row": name, "given": count.given, "of": count.of}
                for (feed, set_, name), count in self.rows.items()
            ],
        }

    def as_json(self) -> str:
        """Return all of it as JSON text."""
        return json.dumps(self.as_data(), indent=2)

    def as_text(self) -> str:
        """Return all of it for a terminal."""
        lost = [f"{self.lost} cases or lists could not be counted"] if self.lost else []
        tables = (*_aligned(self._table()), "", *_aligned(self._row_table()))
        return "\n".join(map(printable, [*tables, *lost]))

    def _table(self) -> list[list[str]]:
        head = ["Endpoint", "Field", "Seen", "Not null", "Status", "Line", "Ended in, or why not"]
        rows = []
        for one in self.counted():
            ended = ", ".join(one.ended_in) or one.because or "-"
            counts = [str(one.seen), str(one.not_null), one.status, ", ".join(one.read_by) or "-"]
            rows.append([one.endpoint, one.field, *counts, ended])
        return [head, *rows]

    def _row_table(self) -> list[list[str]]:
        data = self.as_data()["rows"]
        rows = [[o["feed"], o["set"], o["row"], f"{o['given']} of {o['of']}"] for o in data]
        return [["Feed", "Set", "Row", "Gave a value"], *rows]


def plain(path: Path) -> str:
    """Return a path without places in lists; `*` stands for a key that is data, not a name."""
    keys = (one for one in path if isinstance(one, str))
    return ".".join(one if _NAME.fullmatch(one) else "*" for one in keys)


def _place(position: Position) -> _Place:
    return position.line, position.column


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]


def _name(endpoint: str) -> str:
    return endpoint.rpartition("/")[2]


def _answers(frames: Iterable[Frame]) -> Iterator[tuple[str, Any]]:
    for frame, event in events_of(frames):
        if isinstance(event.step, steps.ParseJson) and frame.asked is not None:
            yield _name(frame.asked.endpoint), event.after


def _uses(story: Story) -> Iterator[tuple[Position, str, Way]]:
    """Yield what steps use, other than for the report: parameters, conditions, the id of a case."""
    for frame, event in events_of(story.recorder.frames):
        step, at = event.step, frame.events.index(event)
        used: list[tuple[str, Value]] = []
        if isinstance(step, steps.Supplemental) and step.params is not None:
            used = [(f"[{step.feed}]", part) for _, part in members(step.params)]
        elif isinstance(step, steps.Track):
            used = [("[case]", step.id), *([("[update]", step.updated)] if step.updated else [])]
        elif isinstance(step, steps.Drop | steps.If):
            used = [("", step.condition)]
        elif isinstance(step, steps.New | steps.Set):
            value = step.value if isinstance(step, steps.New) else step.values
            yield event.position, "", story.origins.of_conditions(value, frame, at)
        for label, value in used:
            yield event.position, label, story.origins.of_part(value, frame, at)


class CountedFeeds(TracedFeeds):
    """Feeds that count each list and each case in a ledger; it never makes one of them fail."""

    def __init__(self, ledger: Ledger, *given: Any, **options: Any) -> None:
        """`given` and `options` are what Feeds take."""
        super().__init__(*given, **options)
        self._ledger = ledger

    def list_cases(self, about: Case, latest: int) -> Iterator[Case]:
        """Yield the cases of a window."""
        cases = list(super().list_cases(about, latest))
        self._count(Case(window=about.window))
        yield from cases

    def work(self, case: Case) -> ItemReport | None:
        """Do everything for one case."""
        try:
            report = super().work(case)
        except ItemError:
            self._count(case, failed=True)
            raise
        self._count(case)
        return report

    def _count(self, case: Case, *, failed: bool = False) -> None:
        try:
            self._ledger.add(story_of(self._feed, case, self.recorder), failed=failed)
        except Exception:  # noqa: BLE001 - odd data may be followed nowhere, and is a case all the same
            self._ledger.lose()
        finally:
            # a case is kept for longer than the pipelines of its list
            if isinstance(case, ListedCase):
                case.output = None
            self.begin()
