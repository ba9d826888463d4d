"""Runs a definition over a scenario of the emulator and keeps what it would ingest."""

import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from izoologic_cdf.emulator import Emulator, EmulatorError, Scenario
from izoologic_cdf.errors import Position
from izoologic_cdf.language import model
from izoologic_cdf.language.values import Literal, Value
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import configuration
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.plan import Plan, whole
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.windows import Window, windows

# a built definition asks once a run, and refuses a longer one
DAYS = 30
Object = dict[str, Any]
# by the name of the feed, by the name of the field
Configurations = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Failed:
    """Runs of a feed that did not complete: how many of how many, and what the first said."""

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
class At:
    """A URL that stays what it is, but for the server: whatever it names, the emulator is asked."""

    url: Value
    server: str

    @property
    def position(self) -> Position:
        """Where the URL stands in the definition."""
        return self.url.position

    @property
    def takes(self) -> frozenset[str]:
        """The names that the URL takes."""
        return self.url.takes

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the URL on the emulator; raises EvaluationError as the URL does."""
        url = self.url.evaluate(names)
        if not isinstance(url, str):
            return url
        try:
            parts = urlsplit(url)
        except ValueError:
            return self.server
        rest = parts._replace(scheme="", netloc="").geturl().lstrip("/")
        return f"{self.server}/{rest}"


class Still:
    """A clock that stands, so that both versions are run at the same time; waiting takes none."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Go on at once."""


class First:
    """A progress that keeps the first thing that it was told."""

    def __init__(self) -> None:
        self.said = ""

    def window(self, window: Window, done: int, of: int) -> None:
        """Pass over the begin of a window."""

    def listed(self, count: int) -> None:
        """Pass over a count."""

    def case(self) -> None:
        """Pass over a case that is done."""

    def say(self, text: str) -> None:
        """Pass over what a run does now."""

    def message(self, message: Message) -> None:
        """Keep the first message that is no mere warning."""
        if message.level != "warning":
            self.said = self.said or message.line


def configured(
    definition: model.Definition, given: Mapping[str, str], foreign: frozenset[str]
) -> Configurations:
    """Return the values of the user fields of every primary feed: what is given, else defaults.

    `foreign` names may be given too without being a field here.

    Raises:
        ConfigurationError: a given field that is unknown, or a check box given as neither yes
            nor no.
    """
    return {
        feed.name: configuration.resolve(feed.user_fields, foreign, [("--set", given)])
        for feed in definition.primary_feeds
    }


def run_over(
    definition: model.Definition, scenario: Scenario, configurations: Configurations
) -> Result:
    """Run every primary feed over the whole range of a scenario, in runs of 30 days.

    `api_host`, `api_key` and `api_secret` are the emulator's, whatever is configured. Requests
    go to the emulator, whatever server the definition names.

    Raises:
        EmulatorError: the emulator can't be started.
        LibraryError: the temporary library can't be written.
    """
    if scenario.since is None or scenario.until is None:
        raise EmulatorError("a scenario that is run over has a begin and an end")
    runs = [whole(w.since, w.until) for w in windows(scenario.since, scenario.until, DAYS)]
    result = Result()
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(scenario) as emulator,
        Library.create(Path(folder) / "library.sqlite") as library,
    ):
        there = _at(definition, emulator.url)
        settings = Settings(clock=Still(scenario.clock or scenario.until))
        known = {
            "api_host": emulator.url,
            "api_key": emulator.api_key,
            "api_secret": emulator.secret_key,
        }
        for feed in there.primary_feeds:
            values = configurations[feed.name]
            values = values | {name: known[name] for name in known if name in values}
            result.failed += _run(there, feed, values, runs, library, settings)
        result.objects = json.loads("".join(export(library)))["objects"]
    return result


def _run(
    definition: model.Definition,
    feed: model.Feed,
    values: dict[str, Any],
    runs: Sequence[Plan],
    library: Library,
    settings: Settings,
) -> list[Failed]:
    failed = []
    for plan in runs:
        heard = First()
        summary = FeedRun(definition, feed, values, plan, library, heard, settings).run()
        if summary.interrupted:
            # a run ends with its summary; the comparison ends with it
            raise KeyboardInterrupt
        if summary.outcome != "complete":
            since, until = stamp(plan.asked.since), stamp(plan.asked.until)
            failed.append(f"{since} to {until} is {summary.outcome}: {heard.said}")
    return [Failed(feed.name, len(failed), len(runs), failed[0])] if failed else []


def _at(definition: model.Definition, server: str) -> model.Definition:
    """Return the definition with every request on that server, past any proxy."""
    feeds = {
        name: dataclasses.replace(feed, source=_source(feed.source, server))
        for name, feed in definition.feeds.items()
    }
    return dataclasses.replace(definition, feeds=feeds)


def _source(source: model.HttpSource | None, server: str) -> model.HttpSource | None:
    if source is None:
        return None
    auth = source.auth
    return dataclasses.replace(
        source,
        url=At(source.url, server),
        fallback_url=At(source.fallback_url, server) if source.fallback_url else None,
        auth=dataclasses.replace(auth, url=At(auth.url, server)) if auth else None,
        disable_proxies=Literal(True, source.position),
    )
