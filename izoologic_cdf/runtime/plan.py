"""What a run processes: which parts of which range, which deferred cases, and how far back each.

Full, incremental, scheduled and repeated runs differ in their plan alone.
"""

from itertools import groupby
from typing import NamedTuple

from izoologic_cdf.runtime.case import SHORT, Case
from izoologic_cdf.runtime.state import Deferred, SeenCases, State
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window, subtract, union

# where the first scheduled run begins when nothing is finished yet
FIRST_SYNC = 30 * DAY


class Plan(NamedTuple):
    """The asked range, its parts that are still open, and which deferred cases to retry.

    Ranged parts of cases are requested for the whole asked range, whatever part of it is open
    (I-13). With `known_since`, they are known from there on: of each case, what was not read yet is
    requested. `only` names cases; null means all. `at_once` also retries what is abandoned, or
    deferred to a later time. `origin` is where scheduled runs begin, when this is the first. Of the
    state, what is later than `believed_until` was written under a wrong clock, and is forgotten.
    """

    asked: Window
    parts: tuple[Window, ...]
    known_since: int | None = None
    only: frozenset[str] | None = None
    at_once: bool = False
    origin: int | None = None
    believed_until: int | None = None

    @property
    def scheduled(self) -> bool:
        """Whether it keeps everything since an origin."""
        return self.known_since is not None

    @property
    def read_since(self) -> int:
        """Since when the ranged parts of each case are read."""
        return self.asked.since if self.known_since is None else self.known_since

    def range_of(self, case_id: str | None, state: State, latest: int) -> Window:
        """Return the range in which the ranged parts of a case are requested (I-13).

        That of the run, and what a failure has missed, up to `latest`. A scheduled run requests
        everything since the case was read last, or since the begin of all that was ever read: a
        list shows a case once, at its newest update, whatever came to it before (F27).
        """
        if case_id is None:
            return self.asked
        since = self.asked.since
        read, missed = state.ranges(case_id)
        if self.known_since is not None:
            known = read is not None and read.since <= self.known_since
            since = min(since, read.until - OVERLAP if read and known else self.known_since)
        asked = Window(since, self.asked.until)
        return _until(asked.joined(missed) if missed else asked, latest)

    def waiting(
        self, state: State, seen: SeenCases, without: frozenset[str]
    ) -> list[list[Deferred]]:
        """Return what is deferred and wanted, by case, except what this run has processed.

        What was found to be short was processed; it is requested again.
        """
        cases = [
            list(records)
            for case_id, records in groupby(state.deferred(), key=lambda one: one.case_id)
            if self.only is None or case_id in self.only
        ]
        processed = seen.among(records[0].case_id for records in cases)
        return [
            records
            for records in cases
            if (records[0].case_id not in processed or any(one.cause == SHORT for one in records))
            and any(
                one.kind not in without and (self.at_once or not one.abandoned) for one in records
            )
        ]

    def is_due(self, records: list[Deferred], now: int) -> bool:
        """Return whether it is time to retry a case."""
        return self.at_once or any(one.is_due(now) for one in records if not one.abandoned)

    def again(self, records: list[Deferred], latest: int) -> Case:
        """Return a deferred case as it is retried: in every range that it was missed in.

        Of several rows of lists that it was deferred with, the newest counts.
        """
        newest = max(records, key=lambda one: -1 if one.updated is None else one.updated)
        missed = [one.asked for one in records] + ([self.asked] if self.parts else [])
        asked = _until(newest.asked.joined(*missed), latest)
        return Case(newest.case_id, newest.updated, newest.value, window=asked, asked=asked)


def whole(since: int, until: int) -> Plan:
    """Request a range, whatever was finished before."""
    asked = Window(since, until)
    return Plan(asked, (asked,))


def backfill(state: State, since: int, until: int, now: int | None = None) -> Plan:
    """Request what of a range is not finished yet, each case with the parts of the whole range.

    With `now`, the time of this machine, what the state says of the future is not believed.
    """
    asked = Window(since, until)
    believed = None if now is None else state.coverage.believed_until(now)
    finished = _believed(state.coverage.finished(since), believed)
    return Plan(asked, tuple(subtract([asked], finished)), believed_until=believed)


def sync(state: State, now: int, since: int | None = None) -> Plan:
    """Request everything from the origin of scheduled runs until now that is still open.

    The origin is set at the first scheduled run: the last finished point, or `since`, or 30 days
    ago. What is too old for the server is not requested again; the end is, with an overlap.
    """
    coverage = state.coverage
    believed = coverage.believed_until(now)
    finished = _believed(coverage.finished(), believed)
    origin = known = coverage.origin()
    last = finished[-1].until if finished else None
    if origin is None:
        # not earlier than 30 days ago: a server may give no second more, by its own clock
        begin = last - OVERLAP if last is not None else now - FIRST_SYNC + OVERLAP
        origin = max(0, since if since is not None else begin)
    elif believed is not None and origin > now:
        origin = believed
    taken = [*_believed(coverage.finished(origin), believed), *coverage.refused()]
    open_parts = subtract([Window(origin, now)], taken)
    tail = max(origin, last - OVERLAP if last is not None else origin)
    parts = union([*open_parts, Window(min(tail, now), now)])
    return Plan(
        Window(parts[0].since, now),
        tuple(parts),
        known_since=min([origin, *(window.since for window in finished)]),
        origin=origin if known is None else None,
        believed_until=believed,
    )


def retry(now: int, cases: frozenset[str]) -> Plan:
    """Retry what is deferred, abandoned or not, at once: the cases named, or all."""
    return Plan(Window(now, now), (), only=cases or None, at_once=True)


def _believed(finished: list[Window], until: int | None) -> list[Window]:
    if until is None:
        return finished
    return [_until(one, until) for one in finished if one.since <= until]


def _until(window: Window, latest: int) -> Window:
    return Window(window.since, min(window.until, latest))
