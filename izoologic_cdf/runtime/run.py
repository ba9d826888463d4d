"""One run of a primary feed: windows, lists, cases in parallel, commits in order.

Every commit point is one transaction of the library: a case, its place in the list of set-aside
cases, and how far its window has come. A run that dies anywhere can be repeated.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from izoologic_cdf.language import model
from izoologic_cdf.library.limits import storable
from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.clock import Clock, SystemClock, stamp
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.http import HttpError, Limits, Transport
from izoologic_cdf.runtime.pipelines import RefusedError, Tracked
from izoologic_cdf.runtime.plan import OVERLAP, Plan
from izoologic_cdf.runtime.problems import Cause, ItemError, RunError, unexpected
from izoologic_cdf.runtime.progress import Progress, Speaker, span
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.reports import ItemReport
from izoologic_cdf.runtime.sources import FirstPage, Sources
from izoologic_cdf.runtime.state import SetAside, State
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import DAY, Window
from izoologic_cdf.runtime.worked import Worked

# cases worked on at the same time, and how many finished ones may wait for an earlier one
IN_FLIGHT = 8
AHEAD = 2
# seconds after which a wait looks for Ctrl-C
STEP = 0.5


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is carried out. `committed` is called after every commit point, for tests."""

    in_flight: int = IN_FLIGHT
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
    committed: Callable[[], None] = lambda: None
    first_page: FirstPage = FirstPage.WITHOUT


@dataclass(slots=True)
class _Done:
    """What became of one case in a worker; `asked` is the range of its messages."""

    tracked: Tracked
    asked: Window
    report: ItemReport | None = None
    error: ItemError | None = None


class FeedRun:
    """One run; made for one use."""

    def __init__(
        self,
        definition: model.Definition,
        feed: model.Feed,
        user_fields: dict[str, Any],
        plan: Plan,
        library: Library,
        progress: Progress,
        settings: Settings | None = None,
    ) -> None:
        """Prepare a run; raises LibraryError when its state can't be opened."""
        self._feed = feed
        self._plan = plan
        self._library = library
        self._progress = progress
        self._settings = settings or Settings()
        self._clock = self._settings.clock
        redactor = Redactor()
        for user_field in feed.user_fields:
            if user_field.mask and user_fields.get(user_field.name):
                redactor.add(str(user_fields[user_field.name]))
        self.summary = Summary(feed.name, plan.asked.since, plan.asked.until)
        self._speaker = Speaker(progress, redactor, self.summary)
        self._transport = Transport(
            self._clock, self._settings.limits, connections=self._settings.in_flight
        )
        sources = Sources(self._transport, redactor, self._speaker.warn, self._settings.first_page)
        self._feeds = Feeds(definition, user_fields, sources, library.has_content)
        self._state = State(library, feed.name, feed.user_fields, user_fields)
        self._run_id = 0
        self._started = 0
        # the newest update that a list has shown: nothing later is proven
        self._newest = -1
        self._worked = Worked(library)

    def run(self) -> Summary:
        """Carry it out; whatever happens on the way is in the summary, nothing raises."""
        begun = time.monotonic()
        summary, asked = self.summary, self._plan.asked
        self._started = self._clock.now()
        try:
            self._run_id = self._library.start_run(
                self._feed.name, stamp(asked.since), stamp(asked.until), stamp(self._started)
            )
            with self._transport:
                pool = ThreadPoolExecutor(self._settings.in_flight)
                try:
                    self._windows(pool)
                    self._set_aside_cases(pool)
                except KeyboardInterrupt:
                    summary.interrupted = True
                finally:
                    # a call under way can take minutes: nobody who interrupts waits for it
                    pool.shutdown(wait=not summary.interrupted, cancel_futures=True)
        except (RunError, ItemError, LibraryError) as error:
            self._speaker.error(error)
        except Exception as error:  # noqa: BLE001 - the last line of defence: the run is summed up
            self._speaker.error(RunError(unexpected(error)))
        calls = self._transport.calls
        summary.requests, summary.retries = calls.requests, calls.retries
        summary.logins = calls.logins
        summary.seconds = time.monotonic() - begun
        try:
            for one in self._state.set_aside():
                (summary.given_up if one.given_up else summary.set_aside).append(one.case_id)
            if self._run_id:
                self._library.finish_run(self._run_id, summary.outcome, stamp(self._clock.now()))
        except LibraryError as error:
            self._speaker.error(error)
        return summary

    # --- cases of earlier runs ---------------------------------------------------------------

    def _set_aside_cases(self, pool: ThreadPoolExecutor) -> None:
        """Take up the cases that earlier runs set aside and that no window has listed again."""
        records = self._state.set_aside()
        worked = self._worked.among(one.case_id for one in records)
        records = [one for one in records if self._wanted(one) and one.case_id not in worked]
        if not records:
            return
        self._speaker.line(f"{len(records)} cases that were set aside are taken up again")
        self.summary.listed += len(records)
        self.summary.retried += len(records)
        self._progress.listed(len(records))
        for done in self._in_order(pool, map(self._again, records)):
            self._commit(done, None)
            self._progress.case()

    def _again(self, record: SetAside) -> tuple[Window, Window, Tracked]:
        asked = self._reach(record.asked, self._plan.asked)
        return asked, asked, Tracked(Case(record.case_id), record.value)

    def _wanted(self, record: SetAside) -> bool:
        if self._plan.only is not None and record.case_id not in self._plan.only:
            return False
        return self._plan.given_up or not record.given_up

    def _reach(self, asked: Window, now: Window) -> Window:
        """Return the range of messages of a set-aside case, joined with that of this run."""
        if not self._plan.parts:
            return asked
        return Window(min(asked.since, now.since), max(asked.until, now.until))

    # --- windows -----------------------------------------------------------------------------

    def _windows(self, pool: ThreadPoolExecutor) -> None:
        parts = [
            window
            for part in self._plan.parts
            for window in self._feeds.windows_of(self._feed, part)
        ]
        self.summary.windows = len(parts)
        for index, window in enumerate(parts):
            self._progress.window(window, index, len(parts))
            listed = self._list(window)
            if listed is not None:
                self._cases(pool, *listed)

    def _list(self, window: Window) -> tuple[Window, list[Tracked]] | None:
        """Ask for a window; where the server refuses it, for the later parts that it may have."""
        source = self._feed.source
        look_back = source.window.look_back if source and source.window else ()
        # a little later than that: clocks differ, and the request takes its time
        now = self._clock.now() + OVERLAP
        starts = [now - days * DAY for days in sorted(look_back, reverse=True)]
        tries = [window.since, *(s for s in starts if window.since < s <= window.until)]
        refused = True
        for since in tries:
            part = Window(since, window.until)
            try:
                about = Case()
                cases = list(self._feeds.list_cases(self._feed, part, self._plan.asked, about))
                self._speaker.messages(about.messages)
            except ItemError as error:
                self._speaker.failure(f"window {span(part)}: {error.message}", error)
                refused = isinstance(error, RefusedError) or _refused(error)
                if not refused:
                    break
                continue
            if since > window.since:
                self._hole(Window(window.since, since - 1), look_back)
            self.summary.windows_done += 1
            return part, cases
        self._hole(window, look_back if refused else ())
        return None

    def _hole(self, hole: Window, refused: Sequence[int] = ()) -> None:
        """Say that a part was not given; `refused` are the days that a server may look back.

        Only what lies further back than the least of them can have been refused for its age. All
        else is asked for again: a refusal of a key or of a moment is no reason to skip history.
        """
        self._speaker.hole(hole)
        if refused:
            until = min(hole.until, self._started + OVERLAP - min(refused) * DAY - 1)
            if hole.since <= until:
                self._state.refuse(Window(hole.since, until))

    # --- cases -------------------------------------------------------------------------------

    def _cases(self, pool: ThreadPoolExecutor, window: Window, cases: list[Tracked]) -> None:
        self._drop_known(cases)
        self.summary.listed += len(cases)
        self._progress.listed(len(cases))
        ordered = self._see_dates(cases)
        self._state.begin(window, self._messages_since())
        for done in self._in_order(pool, self._work_on(window, cases)):
            updated = done.tracked.case.updated if ordered else None
            self._commit(done, None if updated is None else updated - 1)
            self._progress.case()
        self._state.finish(self._proven(window))
        self._settings.committed()

    def _drop_known(self, cases: list[Tracked]) -> None:
        """Drop what this run has worked on since the update that a list shows."""
        ids = [one.case.id for one in cases if one.case.id is not None]
        worked = self._worked.among(ids)
        if worked:
            cases[:] = [one for one in cases if not self._is_known(one.case, worked)]
        self._worked.add(ids)

    def _is_known(self, case: Case, worked: set[str]) -> bool:
        late = case.updated is not None and case.updated > self._started - OVERLAP
        return case.id is not None and storable(case.id) in worked and not late

    def _see_dates(self, cases: list[Tracked]) -> bool:
        """Note the newest update; only a list in order tells how far its window has come."""
        dates = [tracked.case.updated for tracked in cases]
        known = [date for date in dates if date is not None]
        self._newest = max([self._newest, *known])
        return known == sorted(known) and None not in dates[len(dates) - len(known) :]

    def _work_on(
        self, window: Window, cases: list[Tracked]
    ) -> Iterator[tuple[Window, Window, Tracked]]:
        """Take the cases out of the list one by one, so that what is done with is gone."""
        missed = {one.case_id: one.asked for one in self._state.set_aside()}
        cases.reverse()
        while cases:
            tracked = cases.pop()
            yield window, self._messages(tracked.case.id, missed), tracked

    def _messages_since(self) -> int:
        """Return since when the messages of each case of this run are read; 0 is all there is."""
        if not self._feeds.reads_ranges(self._feed):
            return 0
        known_since = self._plan.known_since
        return self._plan.asked.since if known_since is None else known_since

    def _messages(self, case_id: str | None, missed: Mapping[str, Window]) -> Window:
        """Return the range in which the messages of a case are asked for (I-13).

        That of the run, and what a failure has missed. A scheduled run asks for everything since
        the case was read last, or since the begin of all that was ever read: a list tells a case
        once, at its newest update, however many messages came before (F27).
        """
        asked, known_since = self._plan.asked, self._plan.known_since
        if case_id is None:
            return asked
        since = asked.since
        if known_since is not None:
            read = self._state.messages_read(case_id)
            known = read is not None and read.since <= known_since
            since = min(since, read.until - OVERLAP if read and known else known_since)
        return self._reach(missed.get(case_id, asked), Window(since, asked.until))

    def _proven(self, window: Window) -> int:
        """Return up to when a window that was read is proven.

        What the server will still list of the last minutes is not known: there, nothing is proven
        but what lies before the newest update it has shown (F26).
        """
        # that second is not over when its first update is shown: another case may still get it
        return min(window.until, max(self._newest, self._started - OVERLAP) - 1)

    def _in_order(
        self, pool: ThreadPoolExecutor, work: Iterable[tuple[Window, Window, Tracked]]
    ) -> Iterator[_Done]:
        """Work on cases in parallel and yield them in the order of the list."""
        waiting: deque[Future[_Done]] = deque()
        most = self._settings.in_flight * AHEAD
        for window, asked, tracked in work:
            waiting.append(pool.submit(self._work, window, asked, tracked))
            if len(waiting) >= most:
                yield _awaited(waiting.popleft())
        while waiting:
            yield _awaited(waiting.popleft())

    def _work(self, window: Window, asked: Window, tracked: Tracked) -> _Done:
        try:
            return _Done(tracked, asked, self._feeds.work(self._feed, window, asked, tracked))
        except ItemError as error:
            return _Done(tracked, asked, error=error)
        except (RunError, LibraryError):
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: the case fails alone
            outside = isinstance(error, OSError | MemoryError)
            cause = Cause.MACHINE if outside else Cause.ITEM
            return _Done(tracked, asked, error=ItemError(unexpected(error), cause=cause))

    def _commit(self, done: _Done, reached: int | None) -> None:
        """Commit a case, its place among the set-aside ones and the progress, in one piece."""
        case, summary = done.tracked.case, self.summary
        with self._library.transaction():
            if done.report is not None:
                try:
                    self._ingest(done.report, case)
                except LibraryError:
                    raise
                except Exception as error:  # noqa: BLE001 - what cannot be stored fails alone
                    done.report, done.error = None, ItemError(unexpected(error))
            if done.error is not None:
                self._put_aside(done, done.error.message)
            elif case.partly_failed:
                texts = [one.text for one in case.messages if one.level == "failure"]
                self._put_aside(done, "; ".join(texts))
            elif case.id is not None:
                self._state.done(case.id, done.asked if done.report is not None else None)
            if reached is not None:
                self._state.reach(reached)
        if done.error is not None:
            summary.failed += 1
            self._speaker.failure(done.error.message, done.error, case.id)
        elif done.report is None:
            summary.skipped += 1
        else:
            summary.detailed += 1
        self._speaker.messages(case.messages)
        self._settings.committed()

    def _put_aside(self, done: _Done, reason: str) -> None:
        """Set a case aside; an item without an id can't be asked for again."""
        if done.tracked.case.id is None:
            return
        record = self._state.put_aside(
            done.tracked.case.id, done.tracked.value, done.asked, self._speaker.masked(reason)
        )
        if record.given_up:
            self._speaker.line(
                f"failure: case {record.case_id} failed {record.failures} times and is given up; "
                f"`izoologic-cdf retry` does it again: {record.reason}"
            )

    def _ingest(self, report: ItemReport, case: Case) -> None:
        spooled = [
            one.content.source
            for one in report.batch.objects
            if one.content is not None and isinstance(one.content.source, Path)
        ]
        try:
            ingested = self._library.ingest(
                report.batch,
                source=self._feed.name,
                updatable=self._feed.updatable,
                run_id=self._run_id,
                now=stamp(self._clock.now()),
            )
        finally:
            for path in spooled:
                path.unlink(missing_ok=True)
        for problem in ingested.problems:
            say = case.fail if problem.kind == "failed" else case.warn
            say(problem.sentence)
        ingested.problems.clear()
        self.summary.ingested.add(ingested)


def _awaited(future: Future[_Done]) -> _Done:
    """Wait for a result in steps: a signal can be missed by a wait without an end."""
    while not future.done():
        wait((future,), timeout=STEP)
    return future.result()


def _refused(error: ItemError) -> bool:
    return isinstance(error, HttpError) and error.refused
