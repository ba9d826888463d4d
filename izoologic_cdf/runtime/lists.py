"""Asks for the lists of a run's windows, and tells what the server does not give.

A server may look back some days only. That a window is refused does not show it: a refusal may be
of the moment. A part counts as too old, and is not asked for by later scheduled runs, when all of
this holds: the server refused it; it gave something newer in the same run; it gave nothing older,
neither in this run nor of that age in any before; what every server gives was not refused beside
it; and asked once more after all that, it was refused again.
"""

from collections.abc import Callable, Sequence

from izoologic_cdf.errors import ItemError
from izoologic_cdf.language import model
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.clock import Clock
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.interpreter import RefusedError
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.progress import Speaker, span
from izoologic_cdf.runtime.seen_cases import Worked
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.windows import DAY, EARLIEST, OVERLAP, Window, subtract

Listed = tuple[Window, list[Case]]
Aside = Callable[[Callable[[], list[Case]]], list[Case]]


class Lists:
    """The lists of one run."""

    def __init__(
        self,
        feeds: Feeds,
        feed: model.Feed,
        state: State,
        plan: Plan,
        speaker: Speaker,
        clock: Clock,
        worked: Worked,
    ) -> None:
        """`started` is set by the run: when it began, by a clock that can be believed."""
        source = feed.source
        self._look_back: Sequence[int] = source.window.look_back if source and source.window else ()
        self._feeds = feeds
        self._feed = feed
        self._state = state
        self._plan = plan
        self._speaker = speaker
        self._clock = clock
        self._worked = worked
        self.started = clock.now()
        # the newest update that a list has shown: nothing later is finished
        self._newest = -1
        # where a list is asked for: in a thread of the run, as a signal is heard at once only by
        # one that waits for nothing but others (looking up a name can't be broken off)
        self.aside: Aside = lambda ask: ask()
        # what was not given
        self.gaps: list[Window] = []
        # the begin of the oldest part that was given
        self._oldest: int | None = None
        # gaps that may be too old, oldest first, each with the newest begin that was refused in it
        self._refused: list[tuple[Window, int]] = []

    def ask(self, window: Window) -> Listed | None:
        """Ask for a window; where the server refuses it, for the later parts that it may have.

        Returns the part that was given, and its cases; null for none.
        """
        # a little later than that: clocks differ, and the request takes its time
        now = self._clock.now() + OVERLAP
        starts = [now - days * DAY for days in sorted(self._look_back, reverse=True)]
        tries = [window.since, *(s for s in starts if window.since < s <= window.until)]
        refused: list[int] = []
        for since in tries:
            part = Window(since, window.until)
            try:
                cases = self._list(part)
            except ItemError as error:
                self._speaker.failure(f"window {span(part)}: {error.message}", error)
                if not _is_refusal(error):
                    refused = []
                    break
                refused.append(since)
                continue
            if since > window.since:
                self._gap(Window(window.since, since - 1), refused)
            return self._given(part, cases)
        self._gap(window, refused)
        return None

    def ask_again(self) -> Listed | None:
        """Ask once more for the newest of what may be too old; remember all of it when it is.

        Returns that part and its cases where it is given after all.
        """
        gaps = [(gap, since) for gap, since in self._refused if self._may_be_too_old(gap, since)]
        if not gaps:
            return None
        gap, since = gaps[-1]
        part = Window(since, gap.until)
        try:
            cases = self._list(part)
        except ItemError as error:
            if _is_refusal(error):
                for one, _ in gaps:
                    self._state.refuse(one)
            return None
        self.gaps = subtract(self.gaps, [part])
        return self._given(part, cases)

    def remember_reach(self) -> None:
        """Remember how far back the server has given something."""
        if self._oldest is not None:
            self._state.reached(self.started - self._oldest)

    # --- the cases of a list -----------------------------------------------------------------

    def sort_out(self, window: Window, cases: list[Case]) -> bool:
        """Drop the cases that are not this window's; tell whether it can be followed case by case.

        Each is processed once a run, and in the window that its update lies in; an update that
        cannot be lies in none, so it is processed wherever it is listed.
        """
        self._drop_others(window, cases)
        return self._see_dates(cases)

    def reached(self, case: Case) -> int | None:
        """Return up to when a window is read with this case; null where that tells nothing."""
        return None if case.updated is None or self._is_ahead(case) else case.updated - 1

    def finished(self, window: Window) -> int:
        """Return up to when a window that was read is finished.

        What the server will still list of the last minutes is not known: there, nothing is
        finished but what lies before the newest update it has shown (F26).
        """
        # that second is not over when its first update is shown: another case may still get it
        return min(window.until, max(self._newest, self.started - OVERLAP) - 1)

    def _drop_others(self, window: Window, cases: list[Case]) -> None:
        """Drop what another window lists, and what this run has processed since that update."""
        # what has no id can't be found in another window
        kept = [
            one
            for one in cases
            if one.id is None
            or one.updated is None
            or one.updated <= window.until
            or self._is_ahead(one)
        ]
        ids = [one.id for one in kept if one.id is not None]
        worked = self._worked.among(ids)
        cases[:] = [one for one in kept if not self._is_known(one, worked)]
        for one in cases:
            if self._is_ahead(one):
                one.warn("its update lies in the future; it is processed all the same")
            elif one.updated is not None and one.updated < EARLIEST:
                one.warn("its update lies before 2000; it is processed all the same")
        self._worked.add(ids)

    def _is_ahead(self, case: Case) -> bool:
        return case.updated is not None and case.updated > self.started + OVERLAP

    def _is_known(self, case: Case, worked: set[str]) -> bool:
        late = (
            case.updated is not None
            and case.updated > self.started - OVERLAP
            and not self._is_ahead(case)
        )
        return case.id in worked and not late

    def _see_dates(self, cases: list[Case]) -> bool:
        """Note the newest update; only a list in order tells how far its window has come."""
        dates = [one.updated for one in cases if not self._is_ahead(one)]
        known = [date for date in dates if date is not None]
        self._newest = max([self._newest, *known])
        return known == sorted(known) and None not in dates[len(dates) - len(known) :]

    # --- what was refused --------------------------------------------------------------------

    def _may_be_too_old(self, gap: Window, since: int) -> bool:
        now = self._clock.now()
        least = now + OVERLAP - min(self._look_back, default=0) * DAY
        return (
            self._plan.scheduled
            and self._oldest is not None
            and gap.until < self._oldest
            and since < least
            and now - since > self._state.reach()
        )

    def _list(self, part: Window) -> list[Case]:
        about = Case(window=part, asked=self._plan.asked)
        latest = self.started + OVERLAP
        listed = self.aside(lambda: list(self._feeds.list_cases(self._feed, about, latest)))
        self._speaker.messages(about.messages)
        return listed

    def _given(self, part: Window, cases: list[Case]) -> Listed:
        self._oldest = part.since if self._oldest is None else min(self._oldest, part.since)
        return part, cases

    def _gap(self, gap: Window, refused: Sequence[int]) -> None:
        self.gaps.append(gap)
        if refused:
            self._refused.append((gap, refused[-1]))


def _is_refusal(error: ItemError) -> bool:
    return isinstance(error, RefusedError) or (isinstance(error, HttpError) and error.refused)
