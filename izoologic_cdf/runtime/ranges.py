"""In which range the messages of a case are asked for, and which deferred cases are due."""

from itertools import groupby

from izoologic_cdf.language import model
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.clock import Clock
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.seen_cases import Worked
from izoologic_cdf.runtime.state import Deferred, State
from izoologic_cdf.runtime.windows import OVERLAP, Window


class Ranges:
    """The ranges of one run. `latest` is the time that nothing is believed to be later than."""

    def __init__(
        self,
        plan: Plan,
        state: State,
        feeds: Feeds,
        feed: model.Feed,
        clock: Clock,
        without: frozenset[str],
    ) -> None:
        """`without` are parts of cases that the operator does without."""
        self._plan = plan
        self._state = state
        self._feeds = feeds
        self._feed = feed
        self._clock = clock
        self._without = without
        self.latest = clock.now()

    def since(self) -> int:
        """Return since when the messages of each case of this run are read; 0 is all there is."""
        if not self._feeds.reads_ranges(self._feed):
            return 0
        known_since = self._plan.known_since
        return self._plan.asked.since if known_since is None else known_since

    def of(self, case_id: str | None) -> Window:
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
        return self.until_now(asked.joined(missed) if missed else asked)

    def until_now(self, asked: Window) -> Window:
        """Return a range without what lies in the future, where a wrong clock has set its end."""
        return Window(asked.since, min(asked.until, self.latest))

    def waiting(self, processed: Worked) -> list[list[Deferred]]:
        """Return what is deferred and wanted, by case, but for what this run has processed."""
        plan, without = self._plan, self._without
        cases = [
            list(group)
            for case_id, group in groupby(self._state.deferred(), key=lambda one: one.case_id)
            if plan.only is None or case_id in plan.only
        ]
        worked = processed.among(records[0].case_id for records in cases)
        return [
            records
            for records in cases
            if records[0].case_id not in worked
            and any(
                one.part.partition("\n")[0] not in without and (plan.at_once or not one.abandoned)
                for one in records
            )
        ]

    def is_due(self, records: list[Deferred]) -> bool:
        """Tell whether it is time to ask for a case again."""
        now = self._clock.now()
        return self._plan.at_once or any(one.is_due(now) for one in records if not one.abandoned)

    def again(self, records: list[Deferred]) -> Case:
        """Return a deferred case as it is asked for again."""
        asked = records[0].asked
        for record in records:
            asked = asked.joined(record.asked)
        if self._plan.parts:
            asked = asked.joined(self._plan.asked)
        asked = self.until_now(asked)
        updated = max((one.updated for one in records if one.updated is not None), default=None)
        return Case(records[0].case_id, updated, records[0].value, window=asked, asked=asked)
