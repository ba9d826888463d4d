"""Requests the lists of a run's windows, and learns what the server does not give.

A server may look back some days only. That a window is refused does not show it: a refusal may be
of the moment. A part counts as too old, and is not requested by later scheduled runs, when all of
this holds: the server refused it; it gave something newer in the same run; it gave nothing older,
neither in this run nor of that age in any before; what every server gives was not refused beside
it; and requested once more after all that, it was refused again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from izoologic_cdf.errors import ItemError, RunError
from izoologic_cdf.runtime.case import Case, Message
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.interpreter import RefusedError
from izoologic_cdf.runtime.session import Session
from izoologic_cdf.runtime.windows import DAY, EARLIEST, NEVER, OVERLAP, Window, subtract

# so many windows that fail by one expression show that it is the definition
_SEVERAL = 2


@dataclass(slots=True)
class Listing:
    """How a window was answered: the part of it that was given, null for none, and its cases.

    `refused` are begins that the server refused; `errors`, each with the part that failed, and
    `messages` are told in the turn of this window. Sorted out, it has the cases to process, whether
    their order shows how far the window was read, and up to when it will be finished.
    """

    window: Window
    part: Window | None = None
    cases: list[Case] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    errors: list[tuple[Window, ItemError]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    ordered: bool = False
    finished: int = -1

    @property
    def given(self) -> Window:
        """The part that was given."""
        return self.part or NEVER


class ListReader:
    """The lists of one run.

    Only a thread that waits for nothing but others hears a signal at once, since looking up a name
    cannot be broken off: so `request` is for other threads, and everything else for the run's own.
    """

    def __init__(self, session: Session, aside: Callable[[Callable[[], Listing]], Listing]) -> None:
        """`aside` carries out a request in a thread of the run and waits for it."""
        window = session.feed.source.window if session.feed.source else None
        self._look_back: Sequence[int] = window.look_back if window else ()
        self._session = session
        self._aside = aside
        # the newest update that a list has shown: nothing later is finished
        self._newest = -1
        # what was not given
        self.gaps: list[Window] = []
        # the begin of the oldest part that was given
        self._oldest: int | None = None
        # failures of one expression, while nothing else has come of any window
        self._alike: list[Message] | None = []
        # gaps that may be too old, oldest first, each with the newest begin that was refused in it
        self._refused: list[tuple[Window, int]] = []

    def request(self, window: Window) -> Listing:
        """Request a window; where the server refuses it, the later parts that it may have."""
        listing = Listing(window)
        # a little later than that: clocks differ, and the request takes its time
        now = self._session.clock.now() + OVERLAP
        starts = [now - days * DAY for days in sorted(self._look_back, reverse=True)]
        for since in (window.since, *(s for s in starts if window.since < s <= window.until)):
            part = Window(since, window.until)
            try:
                self._list(listing, part)
            except ItemError as error:
                listing.errors.append((part, error))
                if not _is_refusal(error):
                    listing.refused = []
                    break
                listing.refused.append(since)
                continue
            listing.part = part
            break
        return listing

    def take(self, listing: Listing) -> None:
        """Report how a window was answered, and note what was not given."""
        window, part = listing.window, listing.part
        for failed, error in listing.errors:
            self._fail(failed, error)
        if part is not None:
            self.report_failures()
            self._session.reporter.count(listing.messages)
            self._oldest = part.since if self._oldest is None else min(self._oldest, part.since)
        if part != window:
            gap = Window(window.since, part.since - 1) if part is not None else window
            self.gaps.append(gap)
            if listing.refused:
                self._refused.append((gap, listing.refused[-1]))

    def ask_again(self) -> Listing | None:
        """Request the newest of what may be too old once more; remember all of it when it is.

        Returns that part where it is given after all.
        """
        gaps = [(gap, since) for gap, since in self._refused if self._may_be_too_old(gap, since)]
        if not gaps:
            return None
        gap, since = gaps[-1]
        part = Window(since, gap.until)
        listing = Listing(part, part)

        def request() -> Listing:
            self._list(listing, part)
            return listing

        try:
            self._aside(request)
        except ItemError as error:
            for one, _ in gaps if _is_refusal(error) else ():
                self._session.state.coverage.refuse(one)
            return None
        self.gaps = subtract(self.gaps, [part])
        self.take(listing)
        return listing

    def remember_reach(self) -> None:
        """Remember how far back the server has given something."""
        if self._oldest is not None:
            self._session.state.coverage.extend_reach(self._session.begun - self._oldest)

    def judge(self) -> None:
        """End the run where one expression failed in each of several windows, and nothing else.

        Raises:
            RunError: it names the place of the definition; there are no gaps then.
        """
        alike = self._alike or []
        if len(alike) < _SEVERAL:
            self.report_failures()
            return
        self._alike = None
        self.gaps.clear()
        error = alike[0].text.partition(": ")[2]
        raise RunError(f"each of {len(alike)} windows failed alike: {error} [{alike[0].position}]")

    def _fail(self, part: Window, error: ItemError) -> None:
        """Report that a window failed; later, where all may fail alike."""
        failure = Message("failure", None, f"window {part}: {error.message}", error.position)
        plain = type(error) is ItemError and error.position is not None
        if plain and self._alike is not None:
            first = self._alike[0] if self._alike else failure
            if first.position == error.position and first.text.endswith(f": {error.message}"):
                self._alike.append(failure)
                return
        self.report_failures()
        self._session.reporter.count([failure])

    def report_failures(self) -> None:
        """Report the failures that were held back: not everything fails alike."""
        if self._alike:
            self._session.reporter.count(self._alike)
        self._alike = None

    def _list(self, listing: Listing, part: Window) -> None:
        session, about = self._session, Case(window=part, asked=self._session.plan.asked)
        latest = session.begun + OVERLAP
        begun = time.monotonic()
        listing.cases = list(session.feeds.list_cases(about, latest))
        settled = session.settled(time.monotonic() - begun)
        for one in listing.cases:
            one.listed = settled
        listing.messages += about.messages

    def _may_be_too_old(self, gap: Window, since: int) -> bool:
        now = self._session.clock.now()
        least = now + OVERLAP - min(self._look_back, default=0) * DAY
        return (
            self._session.plan.scheduled
            and self._oldest is not None
            and gap.until < self._oldest
            and since < least
            and now - since > self._session.state.coverage.reach()
        )

    # --- the cases of a list -----------------------------------------------------------------

    def sort_out(self, listing: Listing) -> None:
        """Drop the cases that are not this window's.

        Each is processed once a run, and in the window that its update lies in; an update that
        cannot be lies in none, so it is processed wherever it is listed. Only a list in order shows
        how far its window has come.
        """
        window, cases = listing.given, listing.cases
        early, latest = self._session.begun - OVERLAP, self._session.begun + OVERLAP
        # what has no id cannot be found in another window
        kept = [
            one
            for one in cases
            if one.id is None or one.updated is None or not window.until < one.updated <= latest
        ]
        seen = self._session.seen.among(one.id for one in kept if one.id is not None)
        cases[:] = [
            one
            for one in kept
            # what was updated since the run began may have changed since it was processed
            if one.id not in seen
            or (one.updated is not None and early < one.updated <= latest)
            or _is_newer(one.updated, seen[one.id])
        ]
        self._session.seen.add({one.id: one.updated for one in cases if one.id is not None})
        for one in cases:
            if one.updated is not None and not EARLIEST <= one.updated <= latest:
                when = "in the future" if one.updated > latest else "before 2000"
                one.warn(f"its update time is {when}; it is processed anyway")
        dates = [one.updated for one in cases if one.updated is None or one.updated <= latest]
        known = [date for date in dates if date is not None]
        self._newest = max([self._newest, *known])
        ordered = known == sorted(known) and None not in dates[len(dates) - len(known) :]
        listing.ordered, listing.finished = ordered, self._finished(window)
        self._drop_unchanged(cases)

    def _drop_unchanged(self, cases: list[Case]) -> None:
        """Drop what an earlier scheduled run has read already, with the same update."""
        session, since = self._session, self._session.plan.known_since
        updates = {one.id: one.updated for one in cases if one.id and one.updated is not None}
        if since is not None:
            unchanged = session.state.unchanged(updates, since, session.without)
            cases[:] = [one for one in cases if one.id not in unchanged]

    def reached(self, case: Case) -> int | None:
        """Return up to when a window is read with this case; null where it does not show that."""
        if case.updated is None or case.updated > self._session.begun + OVERLAP:
            return None
        return case.updated - 1

    def _finished(self, window: Window) -> int:
        """Return up to when a window is finished that has just been listed, once it is read.

        What the server will still list of the last minutes is not known: there, nothing is
        finished but what lies before the newest update it has shown (F26).
        """
        # that second is not over when its first update is shown: another case may still get it
        return min(window.until, max(self._newest, self._session.begun - OVERLAP) - 1)


def _is_newer(updated: int | None, seen: int | None) -> bool:
    """Return whether a case has an update that was not known when it was processed.

    Messages were requested up to the update that was known, so those after it are missing.
    """
    return updated is not None and seen is not None and updated > seen


def _is_refusal(error: ItemError) -> bool:
    return isinstance(error, RefusedError) or (isinstance(error, HttpError) and error.refused)
