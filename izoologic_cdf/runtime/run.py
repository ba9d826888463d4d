"""One run of a primary feed: windows, lists, cases in parallel, commits in order.

A run that dies anywhere can be repeated: every commit is one transaction (`commits`).
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from izoologic_cdf.language import model
from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.clock import Clock, SystemClock, stamp
from izoologic_cdf.runtime.commits import WHOLE, Commits, Done
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.lists import Listed, Lists
from izoologic_cdf.runtime.pipelines import Tracked
from izoologic_cdf.runtime.plan import FIRST_SYNC, Plan
from izoologic_cdf.runtime.problems import Cause, ItemError, RunError, unexpected
from izoologic_cdf.runtime.progress import Progress, Speaker
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.sources import FirstPage, Sources
from izoologic_cdf.runtime.state import Deferred, State
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.tenants import MAX_WITNESSES, Witness
from izoologic_cdf.runtime.windows import EARLIEST, OVERLAP, Window
from izoologic_cdf.runtime.worked import Worked

# cases processed at the same time, and how many finished ones may wait for an earlier one
IN_FLIGHT = 8
AHEAD = 2
# seconds after which a wait looks for Ctrl-C
STEP = 0.5
# seconds that an interrupted run waits for another process to let it write down its end
PATIENCE_AT_END = 2
# work for the pool: the window of a case, the range of its messages, the case
_Work = tuple[Window, Window, Tracked]
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
        self._lists = Lists(self._feeds, feed, self._state, plan, self._speaker, self._clock)
        self._worked = Worked(library)
        # what a test raised after a commit
        self._crash: Exception | None = None
        self._run_id = 0
        self._started = 0
        self._proven = False
        # the newest update that a list has shown: nothing later is finished
        self._newest = -1

    def run(self) -> Summary:
        """Carry it out; whatever happens on the way is in the summary, nothing raises."""
        begun = time.monotonic()
        summary, asked = self.summary, self._plan.asked
        self._started = self._commits.latest = self._clock.now()
        try:
            with self._transport:
                pool = ThreadPoolExecutor(self._settings.in_flight)
                self._lists.aside = lambda ask: _awaited(pool.submit(ask))
                try:
                    self._settle()
                    self._run_id = self._commits.run_id = self._library.start_run(
                        self._feed.name, stamp(asked.since), stamp(asked.until),
                        stamp(self._started), self._state.tenant.id,
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

    # --- whose state it is -------------------------------------------------------------------

    def _settle(self) -> None:
        """Find out whether the state is this tenant's, where its keys do not tell.

        Raises:
            RunError: nothing shows that it is; nothing was changed.
        """
        tenant = self._state.tenant
        asked: list[str] = []
        for candidate, witnesses in tenant.doubtful():
            if self._settings.same_tenant and not tenant.settled:
                tenant.accept(candidate)
                continue
            for witness in witnesses:
                asked.append(witness.case_id)
                if self._gives(witness):
                    tenant.accept(candidate)
                    self._speaker.line(
                        "the keys have changed since the last login; the API still gives case "
                        f"{witness.case_id}, so the tenant is the same and its state goes on"
                    )
                    break
        if not tenant.begin():
            raise RunError(
                "these are not the keys of the last login, and with them the API gives none of "
                f"the cases that the library knows ({', '.join(asked) or 'there are none'}). "
                "Nothing was changed. For another tenant of this host, give it a name with "
                "--tenant NAME; if it is the same tenant, say --same-tenant",
                Cause.LOGIN,
            )

    def _gives(self, witness: Witness) -> bool:
        """Ask for a known case; raises RunError where nothing can be told from what comes."""
        now = self._clock.now()
        try:
            return self._feeds.gives(self._feed, Window(now, now), witness.case_id, witness.value)
        except ItemError as error:
            if error.cause is Cause.ITEM:
                return False
            raise RunError(
                f"whether the tenant is still the same cannot be told now: {error.message}",
                error.cause,
            ) from None

    def _ask_a_known_case(self) -> set[str]:
        """Ask for cases that are known to be good until one is given; return what was given."""
        now = self._clock.now()
        window = Window(now, now)
        for witness in self._state.tenant.witnesses():
            done = self._work(window, window, Tracked(Case(witness.case_id), witness.value))
            if done.error is None:
                return {WHOLE, *done.tracked.case.given}
        return set()

    def _prove(self, *, answered: bool) -> None:
        """Write down whose state it is, once a login has succeeded, and put it right."""
        if self._proven or not (answered or self._sources.logged_in):
            return
        self._proven = True
        plan, state, now = self._plan, self._state, self._clock.now()
        server = self._sources.server_time()
        ahead = server is not None and now > server + OVERLAP
        with self._library.transaction():
            state.tenant.prove(self._run_id)
            if plan.origin is not None:
                first = server - FIRST_SYNC + OVERLAP if server and ahead else plan.origin
                state.begin_at(min(plan.origin, first))
        if server is not None and ahead:
            self._started = self._commits.latest = server - (now - self._started)
            self._speaker.warn(
                f"the clock of this machine is {now - server} seconds ahead of the server's; only "
                "what lies before the server's time counts as finished"
            )
        if plan.believed_until is None:
            return
        if server is not None and server > now + OVERLAP:
            self._speaker.warn(
                f"the clock of this machine is {server - now} seconds behind the server's, and "
                "behind what was finished; set it right"
            )
            return
        state.believe_until(plan.believed_until, now)
        self._speaker.warn(
            "what the library remembers lies in the future, so it was written under a wrong "
            f"clock; all since {stamp(plan.believed_until)} is asked for again"
        )

    # --- cases of earlier runs ---------------------------------------------------------------

    def _deferred_cases(self, pool: ThreadPoolExecutor) -> None:
        """Take up the cases that earlier runs deferred and that no window has listed again.

        Those whose time has not come are taken up too as soon as one that waited is answered.
        """
        waiting = self._waiting()
        for is_due in (True, False):
            cases = [
                (records, self._again(records))
                for records in waiting
                if self._is_due(records) is is_due
            ]
            if not cases or not (is_due or self._commits.recovered):
                continue
            self._speaker.line(f"retrying {len(cases)} deferred case{'s' * (len(cases) > 1)}")
            self.summary.listed += len(cases)
            self.summary.retried += len(cases)
            self._progress.listed(len(cases))
            for done in self._in_order(pool, (work for _, work in cases)):
                self._commit(done, None)
                self._progress.case()

    def _waiting(self) -> list[list[Deferred]]:
        """Return what is deferred and wanted, by case, but for what this run has processed."""
        plan, without = self._plan, self._settings.without
        cases = [
            list(group)
            for case_id, group in groupby(self._state.deferred(), key=lambda one: one.case_id)
            if plan.only is None or case_id in plan.only
        ]
        worked = self._worked.among(records[0].case_id for records in cases)
        return [
            records
            for records in cases
            if records[0].case_id not in worked
            and any(
                one.part.partition("\n")[0] not in without and (plan.at_once or not one.abandoned)
                for one in records
            )
        ]

    def _is_due(self, records: list[Deferred]) -> bool:
        now = self._clock.now()
        return self._plan.at_once or any(one.is_due(now) for one in records if not one.abandoned)

    def _again(self, records: list[Deferred]) -> _Work:
        asked = records[0].asked
        for record in records:
            asked = asked.joined(record.asked)
        if self._plan.parts:
            asked = asked.joined(self._plan.asked)
        asked = self._until_now(asked)
        updated = max((one.updated for one in records if one.updated is not None), default=None)
        return asked, asked, Tracked(Case(records[0].case_id, updated), records[0].value)

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
            listed = self._lists.ask(window, self._started)
            self.summary.windows_done += listed is not None
            self._take(pool, listed)
        self._take(pool, self._lists.ask_again(self._started))
        self._lists.remember_reach(self._started)

    def _take(self, pool: ThreadPoolExecutor, listed: Listed | None) -> None:
        self._prove(answered=listed is not None)
        if listed is not None:
            self._cases(pool, *listed)

    # --- cases -------------------------------------------------------------------------------

    def _cases(self, pool: ThreadPoolExecutor, window: Window, cases: list[Tracked]) -> None:
        self._drop_others(window, cases)
        self.summary.listed += len(cases)
        self._progress.listed(len(cases))
        ordered = self._see_dates(cases)
        self._state.begin(window, self._messages_since())
        witnesses: deque[Witness] = deque(maxlen=MAX_WITNESSES)
        for done in self._in_order(pool, self._work_on(window, cases)):
            case = done.tracked.case
            updated = case.updated if ordered and not self._is_ahead(case) else None
            self._commit(done, None if updated is None else updated - 1)
            if done.report is not None and case.id is not None:
                witnesses.append(Witness(case.id, done.tracked.value))
                if len(witnesses) == 1:  # the window may never end
                    self._state.tenant.remember(witnesses)
            self._progress.case()
        with self._library.transaction():
            self._state.tenant.remember(witnesses)
            self._state.finish(self._finished(window))
        self._committed()

    def _drop_others(self, window: Window, cases: list[Tracked]) -> None:
        """Drop what another window lists, and what this run has processed since that update."""
        kept = []
        for one in cases:
            updated = one.case.updated
            if updated is None or updated <= window.until or self._is_ahead(one.case):
                kept.append(one)
        ids = [one.case.id for one in kept if one.case.id is not None]
        worked = self._worked.among(ids)
        cases[:] = [one for one in kept if not self._is_known(one.case, worked)]
        for one in cases:
            if self._is_ahead(one.case):
                one.case.warn("its update lies in the future; it is processed all the same")
            elif one.case.updated is not None and one.case.updated < EARLIEST:
                one.case.warn("its update lies before 2000; it is processed all the same")
        self._worked.add(ids)

    def _is_ahead(self, case: Case) -> bool:
        return case.updated is not None and case.updated > self._started + OVERLAP

    def _is_known(self, case: Case, worked: set[str]) -> bool:
        late = (
            case.updated is not None
            and case.updated > self._started - OVERLAP
            and not self._is_ahead(case)
        )
        return case.id in worked and not late

    def _see_dates(self, cases: list[Tracked]) -> bool:
        """Note the newest update; only a list in order tells how far its window has come."""
        dates = [one.case.updated for one in cases if not self._is_ahead(one.case)]
        known = [date for date in dates if date is not None]
        self._newest = max([self._newest, *known])
        return known == sorted(known) and None not in dates[len(dates) - len(known) :]

    def _work_on(self, window: Window, cases: list[Tracked]) -> Iterator[_Work]:
        """Take the cases out of the list one by one, so that what is done with is gone."""
        cases.reverse()
        while cases:
            tracked = cases.pop()
            yield window, self._messages(tracked.case.id), tracked

    def _messages_since(self) -> int:
        """Return since when the messages of each case of this run are read; 0 is all there is."""
        if not self._feeds.reads_ranges(self._feed):
            return 0
        known_since = self._plan.known_since
        return self._plan.asked.since if known_since is None else known_since

    def _messages(self, case_id: str | None) -> Window:
        """Return the range in which the messages of a case are asked for (I-13).

        That of the run, and what a failure has missed. A scheduled run asks for everything since
        the case was read last, or since the begin of all that was ever read: a list tells a case
        once, at its newest update, however many messages came before (F27).
        """
        asked, known_since = self._plan.asked, self._plan.known_since
        if case_id is None:
            return asked
        since = asked.since
        read, missed = self._state.ranges(case_id)
        if known_since is not None:
            known = read is not None and read.since <= known_since
            since = min(since, read.until - OVERLAP if read and known else known_since)
        asked = Window(since, asked.until)
        return self._until_now(asked.joined(missed) if missed else asked)

    def _until_now(self, asked: Window) -> Window:
        """Return a range without what lies in the future, where a wrong clock has set its end."""
        return Window(asked.since, min(asked.until, self._started))

    def _finished(self, window: Window) -> int:
        """Return up to when a window that was read is finished.

        What the server will still list of the last minutes is not known: there, nothing is
        finished but what lies before the newest update it has shown (F26).
        """
        # that second is not over when its first update is shown: another case may still get it
        return min(window.until, max(self._newest, self._started - OVERLAP) - 1)

    def _in_order(self, pool: ThreadPoolExecutor, work: Iterable[_Work]) -> Iterator[Done]:
        """Process cases in parallel and yield them in the order of the list."""
        waiting: deque[Future[Done]] = deque()
        most = self._settings.in_flight * AHEAD
        for one in work:
            waiting.append(pool.submit(self._work, *one))
            if len(waiting) >= most:
                yield _awaited(waiting.popleft())
        while waiting:
            yield _awaited(waiting.popleft())

    def _work(self, window: Window, asked: Window, tracked: Tracked) -> Done:
        done = Done(tracked, asked)
        try:
            done.report = self._feeds.work(self._feed, window, asked, tracked)
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
