"""Calls the feeds of a definition: lists, and everything that is done for one case.

For a case: the rest of its pipeline with the supplemental feeds that it calls, the report, and
the fulfillment feeds that fill its placeholders.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.errors import Cause, ItemError, RunError
from izoologic_cdf.language import model, steps
from izoologic_cdf.language.budget import unmetered
from izoologic_cdf.library.objects import Content
from izoologic_cdf.runtime.bodies import intruder
from izoologic_cdf.runtime.case import Case, Miss
from izoologic_cdf.runtime.interpreter import Pipelines, evaluate
from izoologic_cdf.runtime.report_objects import ItemReport, Placeholder, Reporter
from izoologic_cdf.runtime.scope import Names, of_window
from izoologic_cdf.runtime.source_client import Sources
from izoologic_cdf.runtime.spool import SpooledBody
from izoologic_cdf.runtime.windows import DAY, EARLIEST, Window, reach, windows

# windows whose names are kept
MOST_NAMES = 256
_YEAR_2100 = 4_102_444_800
# the first second that no date can name
_END_OF_TIME = 253_402_300_800
# of these attachment keys: how many listed files have their bytes already
Stored = Callable[[Iterable[str]], Mapping[str, int]]


class Feeds:
    """The feeds of one definition in one run; shared by the threads of the run."""

    def __init__(
        self,
        definition: model.Definition,
        user_fields: Mapping[str, Any],
        sources: Sources,
        stored: Stored,
        *,
        without: frozenset[str] = frozenset(),
        whole_requests: bool = False,
    ) -> None:
        """`without` names parts that are not asked for, `whole_requests` asks as far as one goes.

        A request for a range reaches back further than what is due, at no cost: so it finds what
        became visible later than its own date says.
        """
        self._definition = definition
        self._user_fields = user_fields
        self._sources = sources
        self._stored = stored
        # bounded, since the windows of a supplemental feed can differ from case to case
        self._base = functools.lru_cache(maxsize=MOST_NAMES)(self._base_names)
        self._reporters = {name: Reporter(feed) for name, feed in definition.feeds.items()}
        self._done_later = {
            name: _after_track(feed.filters) for name, feed in definition.feeds.items()
        }
        self._emits_list = {name: feed.emits_list for name, feed in definition.feeds.items()}
        self._parts = parts_of(definition)
        self._without = without
        self._whole_requests = whole_requests

    def names(
        self, feed: model.Feed, window: Window, run_params: Mapping[str, Any] | None = None
    ) -> Names:
        """Return the names of expressions of a feed in a window of the run."""
        names = self._base(feed.timestamp_format, window)
        return names if run_params is None else names.of_call(run_params)

    def _base_names(self, timestamp_format: str, window: Window) -> Names:
        names = of_window(
            {
                "user_fields": self._user_fields,
                "run_meta": {
                    "since": render(window.since, timestamp_format),
                    "until": render(window.until, timestamp_format),
                },
            }
        )
        for name, value in self._definition.template_values.items():
            names[name] = evaluate(value, names)
        return names

    def list_cases(self, feed: model.Feed, about: Case, latest: int) -> Iterator[Case]:
        """Request a window of the asked range from a primary feed's source; yield its cases.

        `about` holds both ranges and takes the messages about the list. A case that claims an
        update after `latest`, or before anything can have been, belongs to no window, so it is
        looked at in the window of its day.

        Raises:
            ItemError: the window was not given; RefusedError where the server said no.
        """
        source = feed.source
        if source is None:
            raise ItemError("a feed without a source lists nothing", feed.position)
        names = self.names(feed, about.window)

        def elsewhere(updated: int) -> Names | None:
            if EARLIEST <= updated <= latest or not 0 <= updated < _END_OF_TIME:
                return None
            day = updated - updated % DAY
            # what reckons with calendar dates seldom reckons with the year 2100
            written = feed.timestamp_format if updated < _YEAR_2100 else "%s"
            return self._base(written, Window(day, day + DAY - 1))

        for body in self._sources.ask(source, names):
            pipelines = Pipelines(names, self._call, elsewhere)
            for item in pipelines.flow(feed.filters, body, about):
                yield item if isinstance(item, Case) else Case(value=item)

    def work(self, feed: model.Feed, case: Case) -> ItemReport | None:
        """Do everything for one case; null when its data is gone.

        Raises:
            ItemError: the case failed.
        """
        names = self.names(feed, case.window)
        pipelines = Pipelines(names, self._call)
        if case.nameless is not None:
            # nothing is requested for it, but its pipeline may say better what is wrong
            pipelines.flow(_before_calls(self._done_later[feed.name][0]), case.value, case)
            raise ItemError("an item without an id can't be tracked", case.nameless)
        # a case whose list of items is empty is complete; one that is dropped before has no data
        before, items = self._done_later[feed.name]
        report = ItemReport()
        dropped = True
        try:
            for value in pipelines.flow(before, case.value, case):
                dropped = False
                for data in pipelines.flow(items, value, case):
                    self._reporters[feed.name].add(data, names, case, report)
        except ItemError as error:
            # it can't do without a part that is missing
            raise (case.lacks.error() if case.lacks else error) from None
        if dropped and case.lacks:
            raise case.lacks.error()
        if dropped:
            return None
        self._fulfill(feed, case, report)
        return report

    def gives(self, feed: model.Feed, case: Case) -> bool:
        """Request a known case; return whether the API has data for it. Raises ItemError."""
        before, _ = self._done_later[feed.name]
        pipeline = tuple(before)
        for at, step in enumerate(pipeline):
            if isinstance(step, steps.Supplemental):
                pipelines = Pipelines(self.names(feed, case.window), self._call)
                given = pipelines.flow(pipeline[: at + 1], case.value, case)
                return any(
                    isinstance(one, dict) and one.get(step.into) is not None for one in given
                )
        return False

    def _call(self, name: str, params: Mapping[str, Any], case: Case) -> Any:
        """Return what a feed gives to the one that calls it for a case."""
        emitted: list[Any] = []
        run = self._run(self._definition.feeds[name], params, case)
        part = self._parts.get(name)
        # what has no id cannot be requested again, so nothing of it may be missing
        if part is not None and (case.id is not None or part in self._without):
            self._collect(part, run, case, emitted)
        else:
            emitted += run
        if self._emits_list[name]:
            return emitted
        return emitted[-1] if emitted else None

    def _collect(self, part: str, run: Iterator[Any], case: Case, emitted: list[Any]) -> None:
        """Collect what a part of a case consists of, as far as it can be had.

        The part may be missing, and the case goes on without it.
        """
        if part in self._without:
            case.misses.append(
                Miss(part, "left out", f"the {part} are left out", None, ranged=True)
            )
            return
        try:
            emitted.extend(run)
        except ItemError as error:
            text = f"{error.message}; its {part} are missing"
            case.misses.append(
                Miss(part, error.message, text, error.cause, "", error.position, ranged=True)
            )
        else:
            case.given.add(part)

    def _run(self, feed: model.Feed, params: Mapping[str, Any], case: Case) -> Iterator[Any]:
        """Yield what a supplemental or fulfillment feed emits, over all windows it requests."""
        for window in self._windows(feed, params, case):
            names = self.names(feed, window, params)
            pipelines = Pipelines(names, self._call)
            if feed.source is None:
                yield from pipelines.flow(feed.filters, dict(params), case)
                continue
            for body in unmetered(self._sources.ask(feed.source, names)):
                try:
                    yield from pipelines.flow(feed.filters, body, case)
                except ItemError:
                    if isinstance(body, SpooledBody):
                        body.discard()
                    raise

    def _windows(self, feed: model.Feed, params: Mapping[str, Any], case: Case) -> Iterator[Window]:
        """Return the windows of a feed that a case calls: of the whole asked range (I-13)."""
        limits = feed.source.window if feed.source else None
        if limits is None:
            return iter([case.window])
        asked, since = case.asked, case.asked.since
        names = self.names(feed, case.window, params)
        days = self.days(limits, names)
        if limits.not_before is not None:
            earliest = evaluate(limits.not_before, names)
            if isinstance(earliest, int):
                since = max(since, min(earliest - days * DAY, asked.until))
        if self._whole_requests:
            since = reach(since, asked.until, days)
        return windows(since, asked.until, days)

    def days(self, limits: model.Window, names: Mapping[str, Any]) -> int:
        """Return the longest window of a source, in days; raises RunError for no such number."""
        days = evaluate(limits.days, names)
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            raise RunError(f"{limits.days.position}: days are a whole number from 1")
        return days

    def reads_ranges(self, feed: model.Feed) -> bool:
        """Tell whether more of a case than its detail depends on the asked range (I-13)."""
        reached = [step.feed for step in steps.calls(feed.filters)]
        for name in reached:
            inner = [s.feed for s in steps.calls(self._definition.feeds[name].filters)]
            reached += [other for other in inner if other not in reached]
        sources = [self._definition.feeds[name].source for name in reached]
        return any(source is not None and source.window is not None for source in sources)

    def windows_of(self, feed: model.Feed, part: Window) -> list[Window]:
        """Return the windows in which the source of a primary feed is asked for a range."""
        limits = feed.source.window if feed.source else None
        if limits is None:
            return [part]
        days = self.days(limits, self.names(feed, part))
        return list(windows(part.since, part.until, days))

    def _fulfill(self, feed: model.Feed, case: Case, report: ItemReport) -> None:
        """Fetch the files that are not stored yet.

        Files with one key are told apart by their bytes alone, so all of them are fetched until
        as many as are listed have come.
        """
        groups: dict[str, list[Placeholder]] = {}
        for placeholder in report.placeholders:
            key = report.batch.objects[placeholder.index].key
            if key is not None:
                groups.setdefault(key, []).append(placeholder)
        stored = self._stored(groups) if groups else {}
        for key, group in groups.items():
            if stored.get(key, 0) < len(group):
                came = [self._fetch(feed, one, case, report) for one in group]
                if all(came):
                    report.batch.listed[key] = len(group)

    def _fetch(
        self, feed: model.Feed, placeholder: Placeholder, case: Case, report: ItemReport
    ) -> bool:
        """Fetch one file; returns whether it came."""
        reported, part = report.batch.objects[placeholder.index], placeholder.part
        name, key = reported.value, reported.key or ""
        if part in self._without:
            case.misses.append(Miss(part, "left out", f"the {part} are left out", None, key))
            return False
        try:
            content = self._content(feed, placeholder, name, case)
        except ItemError as error:
            text = f"the file {name!r} was not fetched: {error.message}"
            case.misses.append(Miss(part, error.message, text, error.cause, key, error.position))
            return False
        case.given.add(part)
        if content.size == 0:
            case.warn(f"the file {name!r} is empty", feed.position)
        reported.content = content
        return True

    def _content(
        self, caller: model.Feed, placeholder: Placeholder, name: str, case: Case
    ) -> Content:
        feed = self._definition.feeds[placeholder.feed]
        names = self.names(feed, case.window, placeholder.run_params)
        filled = ItemReport()
        for data in self._run(feed, placeholder.run_params, case):
            self._reporters[feed.name].add(data, names, case, filled)
        found = [one.content for one in filled.batch.objects if one.content is not None]
        for other in found[1:]:
            other.discard()
        if not found:
            raise ItemError("no bytes came", caller.position)
        instead = intruder(name, found[0].source)
        if instead is not None:
            found[0].discard()
            raise ItemError(instead, feed.position, Cause.OUTAGE)
        return found[0]


def parts_of(definition: model.Definition) -> dict[str, str]:
    """Return the parts of a case that it can do without, by the feed that gives each.

    The first feed that is called for a case gives the case itself, and so does any that gives one
    item; one that gives a list, or fills placeholders, gives a part. A part is called as the key
    that the list stands under, and as the object set of the placeholders.
    """
    parts: dict[str, str] = {}
    calls = [next(steps.calls(feed.filters), None) for feed in definition.primary_feeds]
    first = {call.feed for call in calls if call is not None}
    for feed in definition.feeds.values():
        for step in steps.calls(feed.filters):
            if definition.feeds[step.feed].emits_list and step.feed not in first:
                parts.setdefault(step.feed, step.into)
        for object_set in feed.report.object_sets if feed.report else ():
            if object_set.fulfillment is not None:
                parts.setdefault(object_set.fulfillment, object_set.name)
    return parts


def _before_calls(pipeline: steps.Pipeline) -> steps.Pipeline:
    """Return the steps of a pipeline in front of the first that calls a feed."""
    return tuple(
        itertools.takewhile(lambda step: not isinstance(step, steps.Supplemental), pipeline)
    )


def _after_track(pipeline: steps.Pipeline) -> tuple[steps.Pipeline, steps.Pipeline]:
    """Return what is done for each case; cut in front of its first step that gives several values.

    A definition that tracks none has done everything already.
    """
    tracks = [index for index, step in enumerate(pipeline) if isinstance(step, steps.Track)]
    pipeline = pipeline[tracks[0] + 1 :] if tracks else ()
    for index, step in enumerate(pipeline):
        if steps.iterates((step,)):
            return pipeline[:index], pipeline[index:]
    return pipeline, ()


def render(epoch: int, timestamp_format: str) -> str:
    """Return epoch seconds in a strftime format, UTC; `%s` is epoch seconds everywhere."""
    return datetime.fromtimestamp(epoch, UTC).strftime(timestamp_format.replace("%s", str(epoch)))
