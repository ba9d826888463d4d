"""Runs a feed against an emulator into a library, and reads the export as a test asks for it."""

import dataclasses
import functools
import itertools
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from izoologic_cdf import content
from izoologic_cdf.emulator import Emulator, Options, Scenario, State
from izoologic_cdf.language.load import load
from izoologic_cdf.language.model import Definition, Feed
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.plan import Plan, whole
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import DAY
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress

FeedName = Literal["incident", "dlr"]
Object = dict[str, Any]

NAMES: dict[FeedName, str] = {
    "incident": "iZoologic Incident Case Sync",
    "dlr": "iZoologic DLR Case Sync",
}
# 2025-08-15T12:00:00Z, away from every edge of a day
CLOCK = 1_755_259_200
ASKED = whole(CLOCK - 20 * DAY, CLOCK)
EMPTY = Scenario(name="empty", clock=CLOCK, options=Options(date_header="clock"))


@functools.cache
def definition(feed: FeedName) -> Definition:
    """Return our definition with this primary feed alone, loaded once for all tests."""
    whole = load(content.folder("feeds") / "izoologic_sync_cases.yaml")
    others = {one.name for one in whole.primary_feeds} - {NAMES[feed]}
    kept = {name: one for name, one in whole.feeds.items() if name not in others}
    return dataclasses.replace(whole, feeds=kept)


@functools.cache
def empty_library() -> bytes:
    """Return the bytes of a library in which nothing is yet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        Library.create(path).close()
        return path.read_bytes()


def new_library(path: Path) -> Path:
    """Put an empty library at that path: to copy one takes a fraction of making its tables."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(empty_library())
    return path


def form_values(feed: Feed, emulator: Emulator, **others: Any) -> dict[str, Any]:
    """Return the user fields of a feed, filled in for the emulator; `others` are set as given."""
    given = {
        "api_host": emulator.url,
        "api_key": emulator.api_key,
        "api_secret": emulator.state.secret_key,
    }
    return {field.name: field.default for field in feed.user_fields} | given | others


@dataclass(frozen=True)
class Outcome:
    """What a run left: its summary, what it said, the export as text, and the library."""

    summary: Summary
    said: list[str]
    text: str
    library: Path

    @functools.cached_property
    def objects(self) -> list[Object]:
        """The objects of the export."""
        objects: list[Object] = json.loads(self.text)["objects"]
        return objects

    @functools.cached_property
    def facts(self) -> set[str]:
        """The export as one line for each fact."""
        return set(itertools.chain.from_iterable(map(_facts, self.objects)))

    def all(self, object_type: str) -> list[Object]:
        """Return the objects of a type."""
        return [one for one in self.objects if one["type"] == object_type]

    def one(self, object_type: str, value: str | None = None) -> Object:
        """Return the only object of a type (and value); fails when it is not the only one."""
        found = [one for one in self.all(object_type) if value in (None, one["value"])]
        assert len(found) == 1, f"{len(found)} of {object_type} {value or ''}: {found}"
        return found[0]

    def heard(self, *parts: str) -> list[str]:
        """Return the messages that hold all parts."""
        return [message for message in self.said if all(part in message for part in parts)]


class Tenant:
    """An emulated tenant without cases, for one test."""

    def __init__(self, emulator: Emulator, folder: Path, scenario: Scenario = EMPTY) -> None:
        self._emulator = emulator
        self._folder = folder
        self._fresh = itertools.count(1)
        self.load(scenario)

    @property
    def state(self) -> State:
        """The data and the behaviour of the emulator."""
        return self._emulator.state

    @property
    def secrets(self) -> tuple[str, str]:
        """API key and secret key."""
        return self._emulator.api_key, self._emulator.secret_key

    @property
    def asked_endpoints(self) -> list[str | None]:
        """The endpoints of the requests so far, in order."""
        return [request.endpoint for request in self._emulator.requests]

    def load(self, scenario: Scenario) -> None:
        """Take other data."""
        self._emulator.state.load(scenario)

    def sync(
        self,
        feed: FeedName,
        switches: Mapping[str, bool] | None = None,
        *,
        into: Path | None = None,
        asked: Plan = ASKED,
        in_flight: int = 8,
    ) -> Outcome:
        """Run a feed with some switches turned, into a library of its own where none is named."""
        loaded = definition(feed)
        (primary,) = loaded.primary_feeds
        switches = switches or {}
        unknown = set(switches) - {f.name for f in primary.user_fields if f.boolean}
        assert not unknown, f"no such switch: {unknown}"
        values = form_values(primary, self._emulator, **switches)
        path = into or new_library(self._folder / f"{next(self._fresh)}.sqlite")
        heard = RecordingProgress()
        settings = Settings(in_flight=in_flight, clock=FakeClock(asked.asked.until, stopped=True))
        with Library.create(path) as library:
            run = FeedRun(loaded, primary, values, asked, library, heard, settings)
            summary = run.run()
            return Outcome(summary, heard.said, "".join(export(library)), path)

    def incident(self, detail: Mapping[str, Any], **switches: bool) -> Outcome:
        """Run the incident feed over one more case, CASE, with that detail."""
        self.state.put_case(CASE, detail)
        return self.sync("incident", switches)

    def dlr(self, detail: Mapping[str, Any], **switches: bool) -> Outcome:
        """Run the DLR feed over one more case, DLR_CASE, with that detail."""
        self.state.put_dlr(DLR_CASE, {"caseId": DLR_CASE, **detail})
        return self.sync("dlr", switches)

    def list_rows(self, feed: FeedName, rows: Iterable[Any]) -> None:
        """Let the next list of a feed hold exactly these rows."""
        endpoint = "CaseSync" if feed == "incident" else "DLRSyncedCases"
        envelope = {"result": list(rows), "success": True, "message": None, "errorCode": None}
        self.state.add_fault("envelope", endpoint=endpoint, json=envelope)


CASE = "caSe00001"
DLR_CASE = "DLR#caSe0001"


def attributes(one: Object) -> dict[str, list[str]]:
    """Return the attributes of an object: name -> its values, sorted."""
    found: dict[str, list[str]] = {}
    for attribute in one["attributes"]:
        found.setdefault(attribute["name"], []).append(attribute["value"])
    return found


def every_position(*switches: str) -> list[dict[str, bool]]:
    """Return every combination of positions of these switches."""
    positions = itertools.product((False, True), repeat=len(switches))
    return [dict(zip(switches, position, strict=True)) for position in positions]


def difference(one: Outcome, other: Outcome) -> str:
    """Return what the other export has less (-) and more (+), a line for each fact, sorted."""
    lines = [f"- {fact}" for fact in one.facts - other.facts]
    lines += [f"+ {fact}" for fact in other.facts - one.facts]
    return "\n".join(sorted(lines, key=lambda line: (line[2:], line)))


def _facts(one: Object) -> Iterable[str]:
    name = f"{one['type']} {one['value']}"
    yield f"{name} is there"
    keys = ("subtype", "description", "published_at", "size", "sha256", "status", "happened_at")
    for key in keys:
        if one.get(key) is not None:
            yield f"{name} {key}: {one[key]}"
    for tag in one["tags"]:
        yield f"{name} tag: {tag}"
    for source in one["sources"]:
        yield f"{name} source: {source}"
    for attribute in one["attributes"]:
        sources = ", ".join(attribute["sources"])
        yield f"{name} attribute {attribute['name']}: {attribute['value']} ({sources})"
    for other in one["related"]:
        yield f"{name} related to {other['type']} {other['value']}"
