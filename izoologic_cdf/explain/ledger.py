"""Counts what becomes of each field of the answers, and how often each row had a value.

Nothing is mapped in silence: a field that no row, no step and no parameter uses is either ignored
for a reason that is written down, or unmapped.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from izoologic_cdf.errors import Position
from izoologic_cdf.explain.origins import Way
from izoologic_cdf.explain.paths import Path, leaves
from izoologic_cdf.explain.story import Story
from izoologic_cdf.explain.trace import Event, Frame
from izoologic_cdf.language import steps
from izoologic_cdf.language.values import Value, members

Data = dict[str, Any]
MAPPED, USED, IGNORED, UNMAPPED = "mapped", "used", "ignored", "unmapped"
# the endpoint that stands for every other one
_ALL = "all"


@dataclass(slots=True)
class FieldCount:
    """What is known of one field of one endpoint."""

    seen: int = 0
    not_null: int = 0
    read_by: dict[str, None] = field(default_factory=dict)
    ended_in: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class RowCount:
    """How often a row of the mapping gave a value, of how many data items."""

    given: int = 0
    of: int = 0


class Ledger:
    """The counts of some stories."""

    def __init__(self, ignored: Mapping[str, Mapping[str, str]]) -> None:
        """`ignored` has by endpoint the patterns of fields, each with the reason."""
        self._ignored = ignored
        self.fields: dict[tuple[str, str], FieldCount] = {}
        self.rows: dict[tuple[str, str, str], RowCount] = {}

    def add(self, story: Story) -> None:
        """Count what became of one case."""
        frames = [*story.lists, *story.recorder.frames]
        for endpoint, body in _answers(frames):
            for path, value in leaves(body):
                count = self._count(endpoint, path)
                count.seen += 1
                count.not_null += value not in (None, "", [], {})
        for row in story.rows:
            rows = self.rows.setdefault((story.feed.name, row.set, row.name), RowCount())
            rows.of += 1
            rows.given += row.reason is None
            label = f"{row.name}" if row.is_attribute else f"({row.name})"
            self._note(row.way, row.position, label)
        for position, label, way in _uses(story, frames):
            self._note(way, position, label)

    def _count(self, endpoint: str, path: Path) -> FieldCount:
        return self.fields.setdefault((endpoint, plain(path)), FieldCount())

    def _note(self, way: Way, position: Position, label: str) -> None:
        for one in way.fields.values():
            if one.asked is None or not one.path:
                continue
            whole = plain(one.path)
            endpoint = _name(one.asked.endpoint)
            # what was read as a whole was read with everything in it
            for (other, name), count in self.fields.items():
                if other == endpoint and (name == whole or name.startswith(f"{whole}.")):
                    key = str(one.path[-1]).lower()
                    hops = [hop for hop in way.hops if key in hop.text.lower()]
                    at = hops[0].position if hops else position
                    count.read_by[f"{at.line}"] = None
                    if label:
                        count.ended_in[label] = None

    def because(self, endpoint: str, name: str) -> str | None:
        """Return why a field is ignored; null where nobody says so."""
        for group in (endpoint, _ALL):
            for pattern, why in self._ignored.get(group, {}).items():
                if fnmatch(name.lower(), pattern.lower()):
                    return why
        return None

    def status(self, endpoint: str, name: str) -> str:
        """Return what becomes of a field."""
        count = self.fields.get((endpoint, name), FieldCount())
        if count.ended_in:
            return MAPPED
        if self.because(endpoint, name):
            return IGNORED
        return USED if count.read_by else UNMAPPED

    def counted(self) -> list[tuple[str, str, FieldCount]]:
        """Return the fields by endpoint and name; a list or an object that was empty is none."""
        holders = {(e, name.rpartition(".")[0]) for e, name in self.fields}
        return [
            (endpoint, name, count)
            for (endpoint, name), count in sorted(self.fields.items(), key=lambda one: one[0])
            if (endpoint, name) not in holders
        ]

    @property
    def unmapped(self) -> list[str]:
        """The fields that nothing uses and nobody ignores."""
        return [
            f"{endpoint}: {name}"
            for endpoint, name, _ in self.counted()
            if self.status(endpoint, name) == UNMAPPED
        ]

    def as_data(self) -> Data:
        """Return all of it as JSON data."""
        return {
            "fields": [
                {
                    "endpoint": endpoint,
                    "field": name,
                    "seen": count.seen,
                    "not_null": count.not_null,
                    "status": self.status(endpoint, name),
                    "read_by": list(count.read_by),
                    "ended_in": list(count.ended_in),
                    "because": self.because(endpoint, name),
                }
                for endpoint, name, count in self.counted()
            ],
            "rows": [
                {"feed": feed, "set": set_, "row": name, "given": count.given, "of": count.of}
                for (feed, set_, name), count in self.rows.items()
            ],
        }

    def table(self) -> list[list[str]]:
        """Return the fields as rows of a table."""
        head = ["Endpoint", "Field", "Seen", "Not null", "Status", "Line", "Ended in, or why not"]
        return [
            head,
            *(
                [
                    one["endpoint"],
                    one["field"],
                    str(one["seen"]),
                    str(one["not_null"]),
                    one["status"],
                    ", ".join(one["read_by"]) or "-",
                    ", ".join(one["ended_in"]) or one["because"] or "-",
                ]
                for one in self.as_data()["fields"]
            ),
        ]

    def row_table(self) -> list[list[str]]:
        """Return the rows of the mapping as rows of a table."""
        data = self.as_data()["rows"]
        rows = [[o["feed"], o["set"], o["row"], f"{o['given']} of {o['of']}"] for o in data]
        return [["Feed", "Set", "Row", "Gave a value"], *rows]


def plain(path: Path) -> str:
    """Return a path without places in lists."""
    return ".".join(one for one in path if isinstance(one, str))


def _name(endpoint: str) -> str:
    return endpoint.rpartition("/")[2]


def _answers(frames: Iterable[Frame]) -> Iterator[tuple[str, Any]]:
    for frame, event in _events(frames):
        if isinstance(event.step, steps.ParseJson) and frame.asked is not None:
            yield _name(frame.asked.endpoint), event.after


def _events(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Event]]:
    for frame in frames:
        for event in frame.events:
            yield frame, event
            yield from _events(event.inner)


def _uses(story: Story, frames: Iterable[Frame]) -> Iterator[tuple[Position, str, Way]]:
    """Yield what steps use, other than for the report: parameters, conditions, the id of a case."""
    for frame, event in _events(frames):
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
