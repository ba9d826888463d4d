"""Calls the feeds of a definition: lists, and everything that is done for one case.

For a case: the rest of its pipeline with the supplemental feeds that it calls, the report, and
the fulfillment feeds that fill its placeholders.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.language import model
from izoologic_cdf.language.budget import unmetered
from izoologic_cdf.library.model import Content
from izoologic_cdf.runtime.bodies import SpooledBody, sha256
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.names import Names, of_window
from izoologic_cdf.runtime.pipelines import CallFeed, Pipelines, Tracked, evaluate
from izoologic_cdf.runtime.problems import ItemError, RunError
from izoologic_cdf.runtime.reports import ItemReport, Placeholder, Reporter
from izoologic_cdf.runtime.sources import Sources
from izoologic_cdf.runtime.windows import DAY, Window, windows

# windows whose names are kept
MOST_NAMES = 256
# which of these attachment keys have their bytes already
Stored = Callable[[Iterable[str]], set[str]]


class Feeds:
    """The feeds of one definition in one run; shared by the threads of the run."""

    def __init__(
        self,
        definition: model.Definition,
        user_fields: Mapping[str, Any],
        sources: Sources,
        stored: Stored,
    ) -> None:
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

    def list_cases(self, feed: model.Feed, window: Window, asked: Window) -> Iterator[Tracked]:
        """Ask the source of a primary feed for a window of the asked range; yield its cases.

        Items of a definition that does not track come as one case without an id.

        Raises:
            ItemError: the window was not given; RefusedError where the server said no.
        """
        assert feed.source is not None  # noqa: S101 - the loader refuses a primary feed without
        names = self.names(feed, window)
        case = Case()
        for body in self._sources.ask(feed.source, names):
            pipelines = Pipelines(names, self._caller(window, asked))
            for item in pipelines.flow(feed.filters, body, case):
                yield item if isinstance(item, Tracked) else Tracked(case, item)

    def work(
        self, feed: model.Feed, window: Window, asked: Window, tracked: Tracked
    ) -> ItemReport | None:
        """Do everything for one case; null when its data is gone.

        `window` is what run_meta says; messages are asked for in the whole `asked` range (I-13).

        Raises:
            ItemError: the case failed.
        """
        case = tracked.case
        names = self.names(feed, window)
        pipelines = Pipelines(names, self._caller(window, asked))
        if tracked.nameless is not None:
            # nothing is asked for it, but its pipeline may say better what is wrong
            pipelines.flow(_before_calls(self._done_later[feed.name][0]), tracked.value, case)
            raise ItemError("an item without an id can't be tracked", tracked.nameless)
        # a case whose list of items is empty is complete; one that is dropped before has no data
        before, items = self._done_later[feed.name]
        report = ItemReport()
        dropped = True
        for value in pipelines.flow(before, tracked.value, case):
            dropped = False
            for data in pipelines.flow(items, value, case):
                self._reporters[feed.name].add(data, names, case, report)
        if dropped:
            return None
        self._fulfill(feed, window, asked, case, report)
        return report

    def _caller(self, window: Window, asked: Window) -> CallFeed:
        def call(name: str, params: Mapping[str, Any], case: Case) -> Any:
            feed = self._definition.feeds[name]
            results = self._run(feed, window, asked, params, case, call)
            if self._emits_list[name]:
                return results
            return results[-1] if results else None

        return call

    def _run(
        self,
        feed: model.Feed,
        window: Window,
        asked: Window,
        params: Mapping[str, Any],
        case: Case,
        call: CallFeed,
    ) -> list[Any]:
        """Return what a supplemental or fulfillment feed emits, over all windows it asks."""
        emitted: list[Any] = []
        for each in self._windows(feed, window, asked, params):
            names = self.names(feed, each, params)
            pipelines = Pipelines(names, call)
            if feed.source is None:
                emitted += pipelines.flow(feed.filters, dict(params), case)
                continue
            for body in unmetered(self._sources.ask(feed.source, names)):
                emitted += pipelines.flow(feed.filters, body, case)
        return emitted

    def _windows(
        self, feed: model.Feed, window: Window, asked: Window, params: Mapping[str, Any]
    ) -> Iterator[Window]:
        """Return the windows of a feed that a case calls: of the whole asked range (I-13)."""
        limits = feed.source.window if feed.source else None
        if limits is None:
            return iter([window])
        since = asked.since
        names = self.names(feed, window, params)
        days = self.days(limits, names)
        if limits.not_before is not None:
            earliest = evaluate(limits.not_before, names)
            if isinstance(earliest, int):
                since = max(since, min(earliest - days * DAY, asked.until))
        return windows(since, asked.until, days)

    def days(self, limits: model.Window, names: Mapping[str, Any]) -> int:
        """Return the longest window of a source, in days; raises RunError for no such number."""
        days = evaluate(limits.days, names)
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            raise RunError(f"{limits.days.position}: days are a whole number from 1")
        return days

    def reads_ranges(self, feed: model.Feed) -> bool:
        """Tell whether more of a case than its detail depends on the asked range (I-13)."""
        others = [one for one in self._definition.feeds.values() if one is not feed]
        return any(one.source is not None and one.source.window is not None for one in others)

    def windows_of(self, feed: model.Feed, part: Window) -> list[Window]:
        """Return the windows in which the source of a primary feed is asked for a range."""
        limits = feed.source.window if feed.source else None
        if limits is None:
            return [part]
        days = self.days(limits, self.names(feed, part))
        return list(windows(part.since, part.until, days))

    def _fulfill(
        self, feed: model.Feed, window: Window, asked: Window, case: Case, report: ItemReport
    ) -> None:
        waiting = {
            key: placeholder
            for placeholder in report.placeholders
            if (key := report.batch.objects[placeholder.index].key) is not None
        }
        for key in self._stored(waiting) if waiting else ():
            del waiting[key]
        for placeholder in waiting.values():
            name = report.batch.objects[placeholder.index].value
            try:
                content = self._content(placeholder, window, asked, case)
            except ItemError as error:
                case.fail(f"the file {name!r} was not fetched: {error.message}", error.position)
                continue
            if content is None:
                case.fail(f"the file {name!r} was not fetched: no bytes came", feed.position)
                continue
            if content.size == 0:
                case.warn(f"the file {name!r} is empty", feed.position)
            report.batch.objects[placeholder.index].content = content

    def _content(
        self, placeholder: Placeholder, window: Window, asked: Window, case: Case
    ) -> Content | None:
        feed = self._definition.feeds[placeholder.feed]
        names = self.names(feed, window, placeholder.run_params)
        filled = ItemReport()
        call = self._caller(window, asked)
        for data in self._run(feed, window, asked, placeholder.run_params, case, call):
            self._reporters[feed.name].add(data, names, case, filled)
        for content in filled.contents:
            if isinstance(content, SpooledBody):
                return Content(content.path, content.size, content.sha256)
            if isinstance(content, bytes):
                return Content(content, len(content), sha256(content))
        return None


def _before_calls(pipeline: model.Pipeline) -> model.Pipeline:
    """Return the steps of a pipeline in front of the first that calls a feed."""
    return tuple(
        itertools.takewhile(lambda step: not isinstance(step, model.Supplemental), pipeline)
    )


def _after_track(pipeline: model.Pipeline) -> tuple[model.Pipeline, model.Pipeline]:
    """Return what is done for each case; cut in front of its first step that gives several values.

    A definition that tracks none has done everything already.
    """
    tracks = [index for index, step in enumerate(pipeline) if isinstance(step, model.Track)]
    pipeline = pipeline[tracks[0] + 1 :] if tracks else ()
    for index, step in enumerate(pipeline):
        if model.iterates((step,)):
            return pipeline[:index], pipeline[index:]
    return pipeline, ()


def render(epoch: int, timestamp_format: str) -> str:
    """Return epoch seconds in a strftime format, UTC; `%s` is epoch seconds everywhere."""
    return datetime.fromtimestamp(epoch, UTC).strftime(timestamp_format.replace("%s", str(epoch)))
