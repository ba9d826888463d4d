"""One run of a primary feed: windows, lists, cases in parallel, commits in order."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from izoologic_cdf.language import model
from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Message
from izoologic_cdf.runtime.clock import Clock, SystemClock, stamp
from izoologic_cdf.runtime.feeds import Feeds, Range
from izoologic_cdf.runtime.http import HttpError, Limits, Transport
from izoologic_cdf.runtime.pipelines import RefusedError, Tracked
from izoologic_cdf.runtime.problems import ItemError, Redactor, RunError
from izoologic_cdf.runtime.reports import ItemReport
from izoologic_cdf.runtime.sources import Sources
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import DAY, Window

# cases worked on at the same time, and how many finished ones may wait for an earlier one
IN_FLIGHT = 8
AHEAD = 2


class Progress(Protocol):
    """What a run tells while it goes on."""

    def window(self, window: Window, done: int, of: int) -> None:
        """Say that a window begins."""

    def listed(self, count: int) -> None:
        """Say how many cases the window lists."""

    def case(self) -> None:
        """Say that one more case is done."""

    def say(self, message: str) -> None:
        """Say something that a person should know."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is carried out."""

    in_flight: int = IN_FLIGHT
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)


@dataclass(slots=True)
class _Done:
    """What became of one case in a worker."""

    tracked: Tracked
    report: ItemReport | None = None
    error: ItemError | None = None


class FeedRun:
    """One run; made for one use."""

    def __init__(
        self,
        definition: model.Definition,
        feed: model.Feed,
        user_fields: dict[str, Any],
        asked: Range,
        library: Library,
        progress: Progress,
        settings: Settings | None = None,
    ) -> None:
        self._feed = feed
        self._asked = asked
        self._library = library
        self._progress = progress
        self._settings = settings or Settings()
        self._clock = self._settings.clock
        self._redactor = Redactor()
        for user_field in feed.user_fields:
            if user_field.mask and user_fields.get(user_field.name):
                self._redactor.add(str(user_fields[user_field.name]))
        self._transport = Transport(
            self._clock, self._settings.limits, connections=self._settings.in_flight
        )
        sources = Sources(self._transport, self._redactor, self._warn)
        self._feeds = Feeds(definition, user_fields, asked, sources, library.has_content)
        self.summary = Summary(feed.name, asked.since, asked.until)
        self._run_id = 0

    def run(self) -> Summary:
        """Carry it out; whatever happens on the way is in the summary, nothing raises."""
        started = time.monotonic()
        asked = self._asked
        try:
            self._run_id = self._library.start_run(
                self._feed.name, stamp(asked.since), stamp(asked.until), stamp(self._clock.now())
            )
            with self._transport, ThreadPoolExecutor(self._settings.in_flight) as pool:
                try:
                    self._windows(pool)
                except KeyboardInterrupt:
                    self.summary.interrupted = True
                    pool.shutdown(cancel_futures=True)
        except (RunError, ItemError, LibraryError) as error:
            self.summary.error = self._redactor(str(error))
            self._progress.say(f"error: {self.summary.error}")
        calls, summary = self._transport.calls, self.summary
        summary.requests, summary.retries, summary.logins = (
            calls.requests,
            calls.retries,
            calls.logins,
        )
        summary.seconds = time.monotonic() - started
        try:
            if self._run_id:
                self._library.finish_run(self._run_id, summary.outcome, stamp(self._clock.now()))
        except LibraryError as error:
            if summary.error is None:
                summary.error = str(error)
                self._progress.say(f"error: {summary.error}")
        return summary

    def _windows(self, pool: ThreadPoolExecutor) -> None:
        parts = self._feeds.windows_of(self._feed)
        self.summary.windows = len(parts)
        for index, window in enumerate(parts):
            self._progress.window(window, index, len(parts))
            cases = self._list(window)
            if cases is not None:
                self._cases(pool, *cases)

    def _list(self, window: Window) -> tuple[Window, list[Tracked]] | None:
        """Ask for a window; where the server refuses it, for the later parts that it may have."""
        source = self._feed.source
        look_back = source.window.look_back if source and source.window else ()
        starts = [self._clock.now() - days * DAY for days in sorted(look_back, reverse=True)]
        tries = [window.since, *(s for s in starts if window.since < s <= window.until)]
        for since in tries:
            part = Window(since, window.until)
            try:
                cases = list(self._feeds.list_cases(self._feed, part))
            except ItemError as error:
                self._say_failure(f"window {_range(part)}: {error.message}", error)
                if not (isinstance(error, RefusedError) or _refused(error)):
                    break
                continue
            if since > window.since:
                self._hole(Window(window.since, since - 1))
            self.summary.windows_done += 1
            return part, cases
        self._hole(window)
        return None

    def _hole(self, hole: Window) -> None:
        self.summary.holes.append(hole)
        self._progress.say(f"failure: nothing was read of {_range(hole)}")

    def _cases(self, pool: ThreadPoolExecutor, window: Window, cases: list[Tracked]) -> None:
        self.summary.listed += len(cases)
        self._progress.listed(len(cases))
        for done in self._in_order(pool, window, cases):
            self._commit(done)
            self._progress.case()

    def _in_order(
        self, pool: ThreadPoolExecutor, window: Window, cases: list[Tracked]
    ) -> Iterator[_Done]:
        """Work on cases in parallel and yield them in the order of the list."""
        waiting: deque[Future[_Done]] = deque()
        most = self._settings.in_flight * AHEAD
        for tracked in cases:
            waiting.append(pool.submit(self._work, window, tracked))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _work(self, window: Window, tracked: Tracked) -> _Done:
        try:
            return _Done(tracked, self._feeds.work(self._feed, window, tracked))
        except ItemError as error:
            return _Done(tracked, error=error)

    def _commit(self, done: _Done) -> None:
        case, summary = done.tracked.case, self.summary
        if done.error is not None:
            summary.failed += 1
            about = f"case {case.id}: " if case.id is not None else ""
            self._say_failure(f"{about}{done.error.message}", done.error)
        elif done.report is None:
            summary.skipped += 1
            self._say_messages(case.messages)
            return
        else:
            self._ingest(done.report, done.tracked)
            summary.detailed += 1
        self._say_messages(case.messages)

    def _ingest(self, report: ItemReport, tracked: Tracked) -> None:
        contents = [o.content for o in report.batch.objects if o.content is not None]
        try:
            ingested = self._library.ingest(
                report.batch,
                source=self._feed.name,
                updatable=self._feed.updatable,
                run_id=self._run_id,
                now=stamp(self._clock.now()),
            )
        finally:
            for content in contents:
                content.path.unlink(missing_ok=True)
        for problem in ingested.problems:
            if problem.kind == "failed":
                tracked.case.fail(problem.sentence)
            else:
                tracked.case.warn(problem.sentence)
        ingested.problems.clear()
        self.summary.ingested.add(ingested)

    def _warn(self, text: str) -> None:
        self._say_messages([Message("warning", None, text)])

    def _say_messages(self, messages: list[Message]) -> None:
        for message in messages:
            if message.level == "warning":
                self.summary.warnings += 1
            else:
                self.summary.failures += 1
            self._progress.say(self._redactor(str(message)))

    def _say_failure(self, text: str, error: ItemError) -> None:
        self.summary.failures += 1
        message = Message("failure", None, text, error.position)
        self._progress.say(self._redactor(str(message)))


def _refused(error: ItemError) -> bool:
    return isinstance(error, HttpError) and error.refused


def _range(window: Window) -> str:
    return f"{stamp(window.since)} to {stamp(window.until)}"
