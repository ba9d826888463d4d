"""One run of a primary feed: windows, lists, cases in parallel, commits in order.

A run that dies anywhere can be repeated: every commit is one transaction (`commits`).
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from izoologic_cdf.errors import ItemError, RunError, unexpected, unforeseen
from izoologic_cdf.language import model
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.commits import WHOLE, Committer, Done
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.guard import Guard
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.lists import Listing, ListReader
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.session import Session
from izoologic_cdf.runtime.source_client import FirstPage, SourceClient
from izoologic_cdf.runtime.state import SeenCases, State
from izoologic_cdf.runtime.summary import Progress, Reporter, Summary
from izoologic_cdf.runtime.tenants import MAX_WITNESSES
from izoologic_cdf.runtime.windows import Clock, SystemClock, stamp
from izoologic_cdf.runtime.workers import Task, Turn, Workers

# cases processed at the same time
IN_FLIGHT = 8
# seconds that an interrupted run waits for another process to let it write down its end
_PATIENCE_AT_END = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is carried out. `committed` is called after every commit point, for tests.

    What it raises leaves the run as a crash would.

    `tenant` names one of several tenants of a host, `same_tenant` accepts other keys as those of
    the same one. `without` are parts of cases that the operator does without. Whoever wants to see
    what happens has other `feeds` and another `transport` made.
    """

    in_flight: int = IN_FLIGHT
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
    committed: Callable[[], None] = lambda: None
    first_page: FirstPage = FirstPage.WITHOUT
    tenant: str = ""
    same_tenant: bool = False
    without: frozenset[str] = frozenset()
    feeds: Callable[..., Feeds] = Feeds
    transport: Callable[..., Transport] = Transport


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
        """Prepare a run; raises LibraryError when its state cannot be opened."""
        self._settings = settings = settings or Settings()
        self._progress = progress
        redactor = Redactor()
        for user_field in feed.user_fields:
            if user_field.mask and user_fields.get(user_field.name):
                redactor.add(str(user_fields[user_field.name]))
        self.summary = Summary(feed.name, plan.asked.since, plan.asked.until)
        self.summary.left_out = sorted(settings.without)
        reporter = Reporter(progress, redactor, self.summary)
        self._transport = settings.transport(
            settings.clock, settings.limits, connections=settings.in_flight
        )
        sources = SourceClient(self._transport, redactor, reporter.warn, settings.first_page)
        guard = Guard()
        feeds = settings.feeds(
            definition, feed, user_fields, sources, library.has_content,
            guard=guard, without=settings.without, whole_requests=plan.scheduled,
        )  # fmt: skip
        self._session = Session(
            feed=feed,
            plan=plan,
            library=library,
            state=State(library, feed, user_fields, settings.tenant),
            seen=SeenCases(library),
            sources=sources,
            feeds=feeds,
            guard=guard,
            reporter=reporter,
            clock=settings.clock,
            without=settings.without,
            same_tenant=settings.same_tenant,
        )
        self._workers = Workers(settings.in_flight)
        self._lists = ListReader(self._session, self._workers.do)
        self._committer = Committer(self._session)
        # what a test raised after a commit
        self._crash: Exception | None = None

    def run(self) -> Summary:
        """Carry it out; whatever happens on the way is in the summary, nothing raises."""
        begun = time.monotonic()
        summary, session = self.summary, self._session
        session.begun = session.clock.now()
        try:
            with self._transport:
                try:
                    session.settle()
                    session.guard.broken = session.state.coverage.is_unannounced()
                    asked, tenant = session.plan.asked, session.state.tenant.id
                    session.run_id = session.library.start_run(
                        session.feed.name, stamp(asked.since), stamp(asked.until),
                        stamp(session.begun), tenant,
                    )  # fmt: skip
                    self._windows()
                    self._deferred_cases()
                    self._committer.weigh(self._ask_known_cases)
                    self._lists.judge()
                except KeyboardInterrupt:
                    summary.interrupted = True
                finally:
                    # a call under way can take minutes: nobody who interrupts waits for it
                    self._workers.shutdown(wait=not summary.interrupted)
        except KeyboardInterrupt:
            # while all was closed: what is closed already stays so
            summary.interrupted = True
            self._transport.close()
        except (RunError, ItemError, LibraryError) as error:
            session.reporter.error(error)
        except Exception as error:  # the last line of defence: the run is summed up
            if error is self._crash:
                raise
            session.reporter.error(RunError(unexpected(error)))
        for _ in range(2):
            try:
                self._end(begun)
                break
            except KeyboardInterrupt:
                # whoever raises this does so once
                summary.interrupted = True
        return summary

    def _end(self, begun: float) -> None:
        """Sum up and write down how the run ended; may be broken off and done again."""
        session, summary, calls = self._session, self.summary, self._transport.calls
        if summary.interrupted:
            session.library.patience = _PATIENCE_AT_END
        self._lists.report_failures()
        while self._lists.gaps:
            session.reporter.gap(self._lists.gaps.pop(0))
        summary.requests, summary.retries = calls.requests, calls.retries
        summary.logins = calls.logins
        summary.seconds = time.monotonic() - begun
        try:
            self._committer.report_missing()
            if session.run_id:
                self._committer.record()
                now = stamp(session.clock.now())
                counts = summary.as_counts()
                session.library.finish_run(session.run_id, summary.outcome, now, counts)
        except LibraryError as error:
            session.reporter.error(error)

    def _ask_known_cases(self, parts: set[str]) -> set[str]:
        """Request cases that are known to be good until they give these parts; return all given."""
        given = set[str]()
        for case in self._session.state.tenant.witnesses():
            done = self._work(self._session.at_once(case))
            if done.error is None:
                given |= {WHOLE, *case.given}
            if parts <= given:
                break
        return given

    # --- windows -----------------------------------------------------------------------------

    def _windows(self) -> None:
        self._workers.carry_out(self._turns())
        last = self._lists.ask_again()
        if last is not None:
            self._workers.carry_out(self._turns_of(last))
        self._lists.remember_reach()

    def _turns(self) -> Iterator[Turn]:
        """Yield the turns of all windows; a list is requested while earlier cases are processed."""
        session, progress = self._session, self._progress
        parts = [window for part in session.plan.parts for window in session.feeds.windows_of(part)]
        self.summary.windows = len(parts)
        for index, window in enumerate(parts):
            yield partial(progress.window, window, index, len(parts))
            if index == 0:
                # while its list is on the way
                yield session.feeds.prepare
            listing = Task(partial(self._lists.request, window), self._told, holds=True)
            yield listing
            yield from self._turns_of(listing.future.result())

    def _told(self, listing: Listing) -> None:
        """Report how the list of a window was answered."""
        self.summary.windows_done += listing.part is not None
        self._lists.take(listing)

    def _turns_of(self, listing: Listing) -> Iterator[Turn]:
        """Yield the turns of a window that was answered."""
        self._session.prove(answered=listing.part is not None)
        if listing.part is None:
            return
        self._lists.sort_out(listing)
        count, witnesses = len(listing.cases), deque[Case](maxlen=MAX_WITNESSES)
        yield partial(self._begin, listing, count)
        for case in self._drain(listing):
            yield Task(partial(self._work, case), partial(self._commit_listed, listing, witnesses))
        yield partial(self._finish, listing, witnesses)

    def _begin(self, listing: Listing, count: int) -> None:
        session = self._session
        since = session.plan.read_since if session.feeds.ranged() else 0
        session.state.coverage.begin(listing.given, since)
        self._count(count)

    def _drain(self, listing: Listing) -> Iterator[Case]:
        """Take the cases out of the list one by one, so that what is done with is gone."""
        session, cases = self._session, listing.cases
        cases.reverse()
        while cases:
            case = cases.pop()
            case.window = listing.given
            case.asked = session.plan.range_of(case.id, session.state, session.begun)
            yield case

    def _commit_listed(self, listing: Listing, witnesses: deque[Case], done: Done) -> None:
        self._commit(self._lists.reached(done.case) if listing.ordered else None, done)
        if done.report is not None and done.case.id is not None:
            witnesses.append(done.case)
            if len(witnesses) == 1:  # the window may never end
                self._session.state.tenant.remember(witnesses)

    def _finish(self, listing: Listing, witnesses: deque[Case]) -> None:
        session = self._session
        with session.library.transaction():
            session.state.tenant.remember(witnesses)
            session.state.coverage.finish(listing.finished)
        self._committed()

    # --- cases -------------------------------------------------------------------------------

    def _deferred_cases(self) -> None:
        """Retry the cases that earlier runs deferred and that no window has listed again.

        Those whose time has not come are retried too as soon as one that waited is answered.
        """
        session, plan = self._session, self._session.plan
        waiting = plan.waiting(session.state, session.seen, session.without)
        for is_due in (True, False):
            now = session.clock.now()
            cases = [records for records in waiting if plan.is_due(records, now) is is_due]
            if not cases or not (is_due or self._committer.recovered):
                continue
            session.reporter.say(f"retrying {len(cases)} deferred case{'s' * (len(cases) > 1)}")
            self.summary.retried += len(cases)
            self._count(len(cases))
            again = (plan.again(records, session.begun) for records in cases)
            self._workers.carry_out(
                Task(partial(self._work, case), partial(self._commit, None)) for case in again
            )

    def _count(self, listed: int) -> None:
        self.summary.listed += listed
        self._progress.listed(listed)

    def _work(self, case: Case) -> Done:
        done = Done(case, settled=self._session.settled())
        try:
            done.report = self._session.feeds.work(case)
        except ItemError as error:
            done.error = error
        except (RunError, LibraryError):
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: the case fails alone
            done.error = unforeseen(error)
        return done

    def _commit(self, reached: int | None, done: Done) -> None:
        self._session.prove(answered=done.error is None)
        self._committer.commit(done, reached)
        self._committed()
        self._progress.case()

    def _committed(self) -> None:
        try:
            self._settings.committed()
        except Exception as error:
            self._crash = error
            raise
