"""One run of a primary feed: windows, lists, cases in parallel, commits in order.

A run that dies anywhere can be repeated: every commit is one transaction (`commits`).
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from izoologic_cdf.errors import Cause, ItemError, RunError, unexpected
from izoologic_cdf.language import model
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.clock import Clock, SystemClock, stamp
from izoologic_cdf.runtime.commits import WHOLE, Commits, Done
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.lists import Listed, Lists
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.progress import Progress, Speaker
from izoologic_cdf.runtime.ranges import Ranges
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.seen_cases import Worked
from izoologic_cdf.runtime.source_client import FirstPage, Sources
from izoologic_cdf.runtime.standing import Standing
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.tenants import MAX_WITNESSES, Witness
from izoologic_cdf.runtime.windows import Window

# cases processed at the same time, and how many finished ones may wait for an earlier one
IN_FLIGHT = 8
AHEAD = 2
# seconds after which a wait looks for Ctrl-C
STEP = 0.5
# seconds that an interrupted run waits for another process to let it write down its end
PATIENCE_AT_END = 2
_Got = TypeVar("_Got")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is carried out. `committed` is called after every commit point, for tests.

    What it raises leaves the run as a crash would.

    `tenant` names one of several tenants of a host, `same_tenant` takes other keys for those of
    the same one. `without` are parts of cases that the operator does without.
    """

    in_flight: int = IN_FLIGHT
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
    committed: Callable[[], None] = lambda: None
    first_page: FirstPage = FirstPage.WITHOUT
    tenant: str = ""
    same_tenant: bool = False
    without: frozenset[str] = frozenset()


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
        self.summary.left_out = sorted(self._settings.without)
        self._speaker = Speaker(progress, redactor, self.summary)
        self._transport = Transport(
            self._clock, self._settings.limits, connections=self._settings.in_flight
        )
        self._sources = Sources(
            self._transport, redactor, self._speaker.warn, self._settings.first_page
        )
        self._feeds = Feeds(
            definition,
            user_fields,
            self._sources,
            library.has_content,
            without=self._settings.without,
            whole_requests=plan.scheduled,
        )
        self._state = State(
            library, feed.name, feed.user_fields, user_fields, self._settings.tenant
        )
        self._commits = Commits(
            library, self._state, feed, self._speaker, self.summary, self._clock
        )
        self._worked = Worked(library)
        self._lists = Lists(
            self._feeds, feed, self._state, plan, self._speaker, self._clock, self._worked
        )
        self._ranges = Ranges(
            plan, self._state, self._feeds, feed, self._clock, self._settings.without
        )
        self._standing = Standing(
            self._feeds, feed, self._sources, library, self._state, plan, self._speaker,
            self._clock, same_tenant=self._settings.same_tenant,
        )  # fmt: skip
        # what a test raised after a commit
        self._crash: Exception | None = None
        self._run_id = 0
        self._proven = False

    def run(self) -> Summary:
        """Carry it out; whatever happens on the way is in the summary, nothing raises."""
        begun = time.monotonic()
        summary, asked = self.summary, self._plan.asked
        started = self._clock.now()
        self._believe(started)
        try:
            with self._transport:
                pool = ThreadPoolExecutor(self._settings.in_flight)
                self._lists.aside = lambda ask: _awaited(pool.submit(ask))
                try:
                    self._standing.settle()
                    self._run_id = self._commits.run_id = self._library.start_run(
                        self._feed.name, stamp(asked.since), stamp(asked.until),
                        stamp(started), self._state.tenant.id,
                    )  # fmt: skip
                    self._windows(pool)
                    self._deferred_cases(pool)
                    self._commits.weigh(self._ask_a_known_case)
                except KeyboardInterrupt:
                    summary.interrupted = True
                finally:
                    # a call under way can take minutes: nobody who interrupts waits for it
                    pool.shutdown(wait=not summary.interrupted, cancel_futures=True)
        except KeyboardInterrupt:
            # while all was closed: what is closed already stays so
            summary.interrupted = True
            self._transport.close()
        except (RunError, ItemError, LibraryError) as error:
            self._speaker.error(error)
        except Exception as error:  # the last line of defence: the run is summed up
            if error is self._crash:
                raise
            self._speaker.error(RunError(unexpected(error)))
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
        summary, calls = self.summary, self._transport.calls
        if summary.interrupted:
            self._library.patience = PATIENCE_AT_END
        while self._lists.gaps:
            self._speaker.gap(self._lists.gaps.pop(0))
        summary.requests, summary.retries = calls.requests, calls.retries
        summary.logins = calls.logins
        summary.seconds = time.monotonic() - begun
        try:
            self._commits.tell_missing(self._settings.without)
            if self._run_id:
                self._commits.record()
                self._library.finish_run(self._run_id, summary.outcome, stamp(self._clock.now()))
        except LibraryError as error:
            self._speaker.error(error)

    def _believe(self, now: int) -> None:
        """Take a time for the begin of the run: nothing is believed to be later."""
        self._commits.latest = self._lists.started = self._ranges.latest = now

    def _prove(self, *, answered: bool) -> None:
        """Let the state be written from now on, once a login has succeeded."""
        if not self._proven and (answered or self._sources.logged_in):
            self._proven = True
            server = self._standing.prove(self._run_id)
            if server is not None:
                self._believe(server)

    def _ask_a_known_case(self) -> set[str]:
        """Ask for cases that are known to be good until one is given; return what was given."""
        now = self._clock.now()
        for witness in self._state.tenant.witnesses():
            done = self._work(witness.as_case(now))
            if done.error is None:
                return {WHOLE, *done.case.given}
        return set()

    # --- cases of earlier runs ---------------------------------------------------------------

    def _deferred_cases(self, pool: ThreadPoolExecutor) -> None:
        """Take up the cases that earlier runs deferred and that no window has listed again.

        Those whose time has not come are taken up too as soon as one that waited is answered.
        """
        waiting = self._ranges.waiting(self._worked)
        for is_due in (True, False):
            cases = [records for records in waiting if self._ranges.is_due(records) is is_due]
            if not cases or not (is_due or self._commits.recovered):
                continue
            self._speaker.line(f"retrying {len(cases)} deferred case{'s' * (len(cases) > 1)}")
            self.summary.listed += len(cases)
            self.summary.retried += len(cases)
            self._progress.listed(len(cases))
            for done in self._in_order(pool, map(self._ranges.again, cases)):
                self._commit(done, None)
                self._progress.case()

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
            listed = self._lists.ask(window)
            self.summary.windows_done += listed is not None
            self._take(pool, listed)
        self._take(pool, self._lists.ask_again())
        self._lists.remember_reach()

    def _take(self, pool: ThreadPoolExecutor, listed: Listed | None) -> None:
        self._prove(answered=listed is not None)
        if listed is not None:
            self._cases(pool, *listed)

    # --- cases -------------------------------------------------------------------------------

    def _cases(self, pool: ThreadPoolExecutor, window: Window, cases: list[Case]) -> None:
        ordered = self._lists.sort_out(window, cases)
        self.summary.listed += len(cases)
        self._progress.listed(len(cases))
        self._state.begin(window, self._ranges.since())
        witnesses: deque[Witness] = deque(maxlen=MAX_WITNESSES)
        for done in self._in_order(pool, self._work_on(window, cases)):
            case = done.case
            self._commit(done, self._lists.reached(case) if ordered else None)
            if done.report is not None and case.id is not None:
                witnesses.append(Witness(case.id, case.value))
                if len(witnesses) == 1:  # the window may never end
                    self._state.tenant.remember(witnesses)
            self._progress.case()
        with self._library.transaction():
            self._state.tenant.remember(witnesses)
            self._state.finish(self._lists.finished(window))
        self._committed()

    def _work_on(self, window: Window, cases: list[Case]) -> Iterator[Case]:
        """Take the cases out of the list one by one, so that what is done with is gone."""
        cases.reverse()
        while cases:
            case = cases.pop()
            case.window, case.asked = window, self._ranges.of(case.id)
            yield case

    def _in_order(self, pool: ThreadPoolExecutor, cases: Iterable[Case]) -> Iterator[Done]:
        """Process cases in parallel and yield them in the order of the list."""
        waiting: deque[Future[Done]] = deque()
        most = self._settings.in_flight * AHEAD
        for case in cases:
            waiting.append(pool.submit(self._work, case))
            if len(waiting) >= most:
                yield _awaited(waiting.popleft())
        while waiting:
            yield _awaited(waiting.popleft())

    def _work(self, case: Case) -> Done:
        done = Done(case)
        try:
            done.report = self._feeds.work(self._feed, case)
        except ItemError as error:
            done.error = error
        except (RunError, LibraryError):
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: the case fails alone
            outside = isinstance(error, OSError | MemoryError)
            cause = Cause.MACHINE if outside else Cause.ITEM
            done.error = ItemError(unexpected(error), cause=cause)
        return done

    def _committed(self) -> None:
        try:
            self._settings.committed()
        except Exception as error:
            self._crash = error
            raise

    def _commit(self, done: Done, reached: int | None) -> None:
        self._prove(answered=done.error is None)
        self._commits.commit(done, reached)
        self._committed()


def _awaited(future: Future[_Got]) -> _Got:
    """Wait for a result in steps: a signal can be missed by a wait without an end."""
    while not future.done():
        wait((future,), timeout=STEP)
    return future.result()
