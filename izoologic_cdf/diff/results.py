"""What two versions of a definition ingest from the same scenario of the emulator."""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from izoologic_cdf.diff.changes import Change
from izoologic_cdf.emulator import Emulator, EmulatorError, Scenario
from izoologic_cdf.errors import Position
from izoologic_cdf.language import model
from izoologic_cdf.language.values import Literal, Value
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.plan import whole
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.windows import split_range, stamp

# the days of one run: a built definition sends one list request a run, which takes no more
DAYS = 30
_FACTS = ("description", "published_at", "happened_at", "status", "size", "sha256")
Object = dict[str, Any]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
# by the name of the feed, by the name of the field
# by the name of a feed
Configurations = Mapping[str, dict[str, Any]]
Configure = Callable[[model.Definition], Configurations]


@dataclass(frozen=True, slots=True)
class Failed:
    """Runs of a feed that did not complete: how many of how many, and the first one's message."""

    feed: str
    runs: int
    of: int
    said: str


@dataclass(slots=True)
class Result:
    """What a definition made of a scenario: the objects of the export, and failed runs."""

    objects: list[Object] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Redirected:
    """A URL of a definition on another server: whatever it names, that server is requested."""

    url: Value
    server: str

    @property
    def position(self) -> Position:
        """Where the URL stands in the definition."""
        return self.url.position

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the URL on the server; raises EvaluationError as the URL does."""
        url = self.url.evaluate(names)
        if not isinstance(url, str):
            return url
        try:
            parts = urlsplit(url)
        except ValueError:
            return self.server
        rest = parts._replace(scheme="", netloc="").geturl().lstrip("/")
        return f"{self.server}/{rest}"


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still, so that both versions run at the same time."""

    time: int

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Return at once."""


class FirstFailure:
    """A progress that keeps the first failure, and ignores the rest."""

    said = ""

    def ignore(self, *_: object, **__: object) -> None:
        """Ignore how far the run is."""

    window = listed = case = say = ignore

    def message(self, message: Message) -> None:
        """Keep the first message that is not a warning."""
        if message.level != "warning":
            self.said = self.said or message.line


def run_over(
    definition: model.Definition, scenario: Scenario, configurations: Configurations
) -> Result:
    """Run every primary feed over the whole range of a scenario, in runs of 30 days.

    All requests go to the emulator with its own keys, whatever the definition names.

    Raises:
        EmulatorError: the emulator cannot be started.
        LibraryError: the temporary library cannot be written.
    """
    if scenario.since is None or scenario.until is None:
        raise EmulatorError("a scenario that is run over has a begin and an end")
    plans = [whole(w.since, w.until) for w in split_range(scenario.since, scenario.until, DAYS)]
    result = Result()
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(scenario) as emulator,
        Library.create(Path(folder) / "library.sqlite") as library,
    ):
        redirected = _redirect(definition, emulator.url)
        settings = Settings(clock=FixedClock(scenario.clock or scenario.until))
        keys = {
            "api_host": emulator.url,
            "api_key": emulator.api_key,
            "api_secret": emulator.secret_key,
        }
        for feed in redirected.primary_feeds:
            values = configurations[feed.name]
            values = values | {name: keys[name] for name in keys.keys() & values.keys()}
            failed = []
            for plan in plans:
                heard = FirstFailure()
                run = FeedRun(redirected, feed, values, plan, library, heard, settings).run()
                if run.interrupted:
                    # a run ends with its summary; the comparison ends with it
                    raise KeyboardInterrupt
                if run.outcome != "complete":
                    since, until = stamp(plan.asked.since), stamp(plan.asked.until)
                    failed.append(f"{since} to {until} is {run.outcome}: {heard.said}")
            if failed:
                result.failed.append(Failed(feed.name, len(failed), len(plans), failed[0]))
        result.objects = json.loads("".join(export(library)))["objects"]
    return result


def _redirect(definition: model.Definition, server: str) -> model.Definition:
    """Return the definition with every request on that server, past any proxy."""
    feeds = {
        name: dataclasses.replace(feed, source=feed.source and _on(server, feed.source))
        for name, feed in definition.feeds.items()
    }
    return dataclasses.replace(definition, feeds=feeds)


def _on(server: str, source: model.HttpSource) -> model.HttpSource:
    auth = source.auth
    if auth is not None:
        login = dataclasses.replace(auth.request, url=Redirected(auth.request.url, server))
        auth = dataclasses.replace(auth, request=login)
    return dataclasses.replace(
        source,
        url=Redirected(source.url, server),
        fallback_url=source.fallback_url and Redirected(source.fallback_url, server),
        auth=auth,
        disable_proxies=Literal(True, source.position),
    )


def object_changes(old: list[Object], new: list[Object]) -> Iterator[Change]:
    """Yield what the new export has less, more, or otherwise than the old one.

    Objects are the same by type, value and subtype. Where several share them, equal ones are
    paired first, the others in the order of the exports.
    """
    before, after = (_grouped((_identity(one), one) for one in objects) for objects in (old, new))
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key, []), after.get(key, [])
        for was, now in zip_longest(_without(one, other), _without(other, one)):
            if was is None:
                yield Change("result-added", _name(now), _size(now))
            elif now is None:
                yield Change("result-removed", _name(was), _size(was))
            else:
                yield from _changed_facts(was, now)


def _changed_facts(old: Object, new: Object) -> Iterator[Change]:
    name = _name(new)
    for key in _FACTS:
        was, now = (None if one.get(key) is None else str(one[key]) for one in (old, new))
        if was != now:
            yield Change("result-changed", name, key, was, now)
    for before, after in zip(_facts(old), _facts(new), strict=True):
        for what in sorted(before.keys() | after.keys()):
            less = _without(before.get(what, []), after.get(what, []))
            more = _without(after.get(what, []), before.get(what, []))
            for was, now in zip_longest(less, more):
                yield Change("result-changed", name, what, was, now)


def _facts(one: Object) -> Iterator[dict[str, list[str]]]:
    """Yield the facts of an object that have several values, group by group."""
    yield _grouped((f"attribute {each['name']}", each["value"]) for each in one["attributes"])
    yield {"source": one["sources"]}
    yield {"tag": one["tags"]}
    yield _grouped((f"related {each['type']}", each["value"]) for each in one["related"])


def _grouped(pairs: Iterator[tuple[_Key, _Value]]) -> dict[_Key, list[_Value]]:
    found: dict[_Key, list[_Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _without(values: list[_Value], others: list[_Value]) -> list[_Value]:
    return [value for value in values if value not in others]


def _identity(one: Object) -> tuple[str, str, str]:
    return one["type"], one["value"], one["subtype"] or ""


def _name(one: Object) -> str:
    subtype = f" ({one['subtype']})" if one["subtype"] else ""
    return f"{one['type']} {one['value']}{subtype}"


def _size(one: Object) -> str:
    return f"{len(one['attributes'])} attributes, {len(one['related'])} related objects"
