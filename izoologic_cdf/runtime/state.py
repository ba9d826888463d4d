"""What a feed remembers between runs: finished intervals, cases read, what is deferred.

Kept in the library's file, so that a case and the progress it means are committed in one
transaction, and per tenant (`tenants`).
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.language.fields import UserField
from izoologic_cdf.library.limits import exact, storable, unexact
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Miss
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window, subtract, union

# what failed so often by itself is abandoned, until somebody asks for it
MAX_FAILURES = 5
# what is deferred is asked for by every run in its first hour, then at a distance that grows with
# the time that it has failed
_AT_ONCE = 3_600
_SHARE = 8
_LONGEST = DAY
# how the state calls the cause of what the operator leaves out
LEFT_OUT = "left out"
_FINISHED, _REFUSED = "finished", "refused"
_DEFER = """
INSERT INTO feed_deferred VALUES
  (:tenant, :case_id, :part, :value, :updated, :since, :until, :cause, :reason, 0, :now, :now,
   :read_at)
ON CONFLICT (tenant, case_id, part) DO UPDATE SET
  value = excluded.value, updated = coalesce(excluded.updated, updated),
  since = min(since, excluded.since), until = max(until, excluded.until),
  cause = excluded.cause, reason = excluded.reason, read_at = excluded.read_at,
  first_at = min(first_at, :now),
  next_at = :now + CASE WHEN :now - first_at < :at_once THEN 0
    ELSE min((:now - first_at) / :share, :longest) END
"""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A case, or a part of one, that could not be had, with what is needed to ask for it again.

    `part` is empty for the whole case. `value` is the item as the feed tracked it: ids and dates
    of the list, nothing of its detail. `asked` is the range that it is asked for in. Only a fault
    that lies in the item itself counts as one of its `failures`.
    """

    case_id: str
    part: str
    value: Any
    updated: int | None
    asked: Window
    cause: str
    reason: str
    failures: int
    next_at: int

    @property
    def abandoned(self) -> bool:
        """Whether runs leave it alone."""
        return self.failures >= MAX_FAILURES

    def is_due(self, now: int) -> bool:
        """Tell whether it is time to ask again; a time that no clock can have set is now."""
        return self.next_at <= now or self.next_at > now + _LONGEST


class State:
    """The memory of one feed of one tenant; empty for a tenant that the library does not know.

    Nothing but `tenant.prove` may write before it.
    """

    def __init__(
        self,
        library: Library,
        feed: str,
        fields: Iterable[UserField],
        values: Mapping[str, Any],
        tenant: str = "",
    ) -> None:
        """Open it. Raises LibraryError."""
        self._library = library
        self._connection = library.connection
        self._feed = feed
        self.tenant = Tenant(library, feed, fields, values, tenant)
        # the interval that grows while its cases are committed: its row, its begin, its messages
        self._growing = (0, 0, 0)

    # --- intervals ---------------------------------------------------------------------------

    def finished(self, since: int | None = None) -> list[Window]:
        """Return the intervals of which every case is in the library or deferred.

        With `since` only those of whose cases the messages since then were asked for too: a list
        tells a case at its newest update alone, so nothing else finds the messages before.
        """
        known = {begin for begin in self._begins() if since is None or begin <= since}
        return union(window for begin in known for window in self._intervals(_FINISHED, begin))

    def refused(self) -> list[Window]:
        """Return the intervals that are too old for the server."""
        return self._intervals(_REFUSED)

    def origin(self) -> int | None:
        """Return from when on `sync` keeps everything; null before its first run."""
        return self._of_tenant("origin")

    def begin_at(self, origin: int) -> None:
        """Remember from when on `sync` keeps everything, unless another run has meanwhile."""
        self._connection.execute(
            "UPDATE feed_tenant SET origin = coalesce(origin, ?) WHERE id = ?",
            (origin, self.tenant.id),
        )

    def reach(self) -> int:
        """Return the greatest age, in seconds, that the server has given a list for."""
        return self._of_tenant("reach") or 0

    def reached(self, age: int) -> None:
        """Remember that the server has given a list of that age."""
        self._connection.execute(
            "UPDATE feed_tenant SET reach = ? WHERE id = ? AND reach < ?",
            (age, self.tenant.id, age),
        )

    def _of_tenant(self, column: str) -> int | None:
        row = self._connection.execute(
            f"SELECT {column} FROM feed_tenant WHERE id = ?",  # noqa: S608 - a name of ours
            (self.tenant.id,),
        ).fetchone()
        return None if row is None else row[0]

    def begin(self, window: Window, messages_since: int = 0) -> None:
        """Begin an interval that grows by `grow`; its cases' messages are read since then."""
        with self._library.transaction():
            row = self._insert(_FINISHED, Window(window.since, window.since - 1), messages_since)
            self._growing = (row, window.since, messages_since)

    def grow(self, until: int) -> None:
        """Let the interval that was begun end here; call it in the transaction of the case."""
        row, since, messages = self._growing
        grown = self._connection.execute(
            "UPDATE feed_interval SET until = max(until, ?) "
            "WHERE id = ? AND since = ? AND tenant = ? AND kind = ?",
            (until, row, since, self.tenant.id, _FINISHED),
        )
        # another run of this feed may have joined the intervals meanwhile, and taken the row away
        if not grown.rowcount:
            row = self._insert(_FINISHED, Window(since, until), messages)
            self._growing = (row, since, messages)

    def finish(self, until: int) -> None:
        """End the interval that was begun, and join it with its neighbours."""
        with self._library.transaction():
            self.grow(until)
            # what was read with more messages needs no mention of less
            self._replace(
                (window, begin)
                for begin in self._begins()
                for window in subtract(self._intervals(_FINISHED, begin), self.finished(begin - 1))
            )

    def _replace(self, intervals: Iterable[tuple[Window, int]]) -> None:
        intervals = list(intervals)
        self._connection.execute(
            "DELETE FROM feed_interval WHERE tenant = ? AND kind = ?", (self.tenant.id, _FINISHED)
        )
        for window, begin in intervals:
            self._insert(_FINISHED, window, begin)

    def refuse(self, window: Window) -> None:
        """Remember that an interval is too old for the server."""
        with self._library.transaction():
            self._insert(_REFUSED, window)

    def _begins(self) -> list[int]:
        """Return since when messages were read in finished intervals: each begin once, sorted."""
        rows = self._connection.execute(
            "SELECT DISTINCT messages_since FROM feed_interval "
            "WHERE tenant = ? AND kind = ? ORDER BY messages_since",
            (self.tenant.id, _FINISHED),
        )
        return [begin for (begin,) in rows]

    def _intervals(self, kind: str, messages_since: int = 0) -> list[Window]:
        rows = self._connection.execute(
            "SELECT since, until FROM feed_interval "
            "WHERE tenant = ? AND kind = ? AND messages_since = ?",
            (self.tenant.id, kind, messages_since),
        )
        return union(Window(since, until) for since, until in rows)

    def _insert(self, kind: str, window: Window, messages_since: int = 0) -> int:
        made = self._connection.execute(
            "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
            "VALUES (?, ?, ?, ?, ?)",
            (self.tenant.id, kind, window.since, window.until, messages_since),
        )
        return int(made.lastrowid or 0)

    # --- a clock that was ahead --------------------------------------------------------------

    def believed_until(self, now: int) -> int | None:
        """Return up to when the state can be believed; null where none of it lies in the future.

        A run under a clock that is ahead counts time as finished that has not come yet. When that
        clock went wrong is not known: what is believed ends with the last run before now, and a
        month ago at the latest.
        """
        latest = self._connection.execute(
            "SELECT max(coalesce((SELECT max(until) FROM feed_interval WHERE tenant = ?1 "
            "AND kind = ?2 AND until >= since), 0), coalesce((SELECT max(until) FROM feed_case "
            "WHERE tenant = ?1), 0), coalesce((SELECT origin FROM feed_tenant WHERE id = ?1), 0))",
            (self.tenant.id, _FINISHED),
        ).fetchone()[0]
        if latest <= now + OVERLAP:
            return None
        started = self._connection.execute(
            "SELECT max(started_at) FROM run WHERE (tenant = ? OR tenant IS NULL AND source = ?) "
            "AND started_at <= ?",
            (self.tenant.id, storable(self._feed), stamp(now)),
        ).fetchone()[0]
        last = (
            int(datetime.fromisoformat(started).replace(tzinfo=UTC).timestamp()) if started else 0
        )
        return max(0, min(last, now - 30 * DAY))

    def believe_until(self, until: int, now: int) -> None:
        """Forget what is later, so that it is asked for again."""
        with self._library.transaction():
            self._replace(
                (Window(window.since, min(window.until, until)), begin)
                for begin in self._begins()
                for window in self._intervals(_FINISHED, begin)
                if window.since <= until
            )
            self._connection.execute(
                "UPDATE feed_case SET until = ?2 WHERE tenant = ?1 AND until > ?2",
                (self.tenant.id, until),
            )
            self._connection.execute(
                "UPDATE feed_tenant SET origin = ? WHERE id = ? AND origin > ?",
                (until, self.tenant.id, now),
            )

    # --- cases -------------------------------------------------------------------------------

    def ranges(self, case_id: str) -> tuple[Window | None, Window | None]:
        """Return the range in which all of a case was read, and that which a failure missed."""
        key = (self.tenant.id, exact(case_id))
        read = self._connection.execute(
            "SELECT since, until FROM feed_case "
            "WHERE tenant = ? AND case_id = ? AND since <= until",
            key,
        ).fetchone()
        missed = self._connection.execute(
            "SELECT min(since), max(until) FROM feed_deferred WHERE tenant = ? AND case_id = ?", key
        ).fetchone()
        return Window(*read) if read else None, Window(*missed) if missed[0] is not None else None

    def is_stale(self, case_id: str, read_at: int) -> bool:
        """Tell whether a newer reading of a case is committed than one that began then."""
        found = self._connection.execute(
            "SELECT 1 FROM feed_case WHERE tenant = ? AND case_id = ? AND read_at > ? "
            "AND read_at <= ?",
            # a reading in the future was made under a wrong clock
            (self.tenant.id, exact(case_id), read_at, milliseconds()),
        )
        return found.fetchone() is not None

    def done(
        self, case_id: str, read_at: int, read: Window | None, misses: Iterable[Miss] = ()
    ) -> bool:
        """Remember a reading of a case; what an older one missed is not missing any more.

        Call it in the transaction of the case. `read` is the range in which every part of it was
        read; null where one is missing or the case is gone. `misses` are deferred by `defer`.
        Returns whether something had been missing.
        """
        key = (self.tenant.id, exact(case_id))
        missed = [exact(miss.name) for miss in misses]
        missing = self._connection.execute(
            "DELETE FROM feed_deferred WHERE tenant = ? AND case_id = ? AND read_at <= ? "
            "AND part NOT IN (SELECT value FROM json_each(?))",
            (*key, read_at, json.dumps(missed)),
        )
        if read is not None:
            known, _ = self.ranges(case_id)
            # of two ranges with a gap between them, the later one counts: the gap is asked again
            read = read if known is None else union([read, known])[-1]
        self._connection.execute(
            "INSERT INTO feed_case VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, case_id) DO UPDATE "
            "SET since = coalesce(excluded.since, since), until = coalesce(excluded.until, until), "
            "read_at = CASE WHEN read_at > ? THEN excluded.read_at "
            "ELSE max(read_at, excluded.read_at) END",
            (*key, read and read.since, read and read.until, read_at, milliseconds()),
        )
        return missing.rowcount > 0

    # --- what is deferred --------------------------------------------------------------------

    def deferred(self) -> list[Deferred]:
        """Return what could not be had and is not done yet, abandoned or not, by case and part."""
        rows = self._connection.execute(
            "SELECT case_id, part, value, updated, since, until, cause, reason, failures, next_at "
            "FROM feed_deferred WHERE tenant = ? ORDER BY case_id, part",
            (self.tenant.id,),
        )
        return [
            Deferred(
                unexact(case_id), unexact(part), json.loads(value), updated, Window(since, until),
                *rest,
            )
            for case_id, part, value, updated, since, until, *rest in rows
        ]  # fmt: skip

    def defer(
        self,
        case_id: str,
        value: Any,
        asked: Window,
        reason: str,
        cause: str,
        now: int,
        *,
        part: str = "",
        updated: int | None = None,
        read_at: int = 0,
    ) -> None:
        """Defer a case or a part of it; call it in the transaction of the case.

        The range that it is asked for in only grows, so that nothing is lost by a later, shorter
        run.
        """
        self._connection.execute(
            _DEFER,
            {
                "tenant": self.tenant.id, "case_id": exact(case_id), "part": exact(part),
                "value": json.dumps(value), "updated": updated,
                "since": asked.since, "until": asked.until,
                "cause": cause, "reason": storable(reason), "now": now, "read_at": read_at,
                "at_once": _AT_ONCE, "share": _SHARE, "longest": _LONGEST,
            },
        )  # fmt: skip

    def count_failures(self, failed: Iterable[tuple[str, str]]) -> list[Deferred]:
        """Count one failure of each of these (case id, part); return those that it abandons."""
        keys = {(case_id, part) for case_id, part in failed}
        if not keys:
            return []
        with self._library.transaction():
            self._connection.executemany(
                "UPDATE feed_deferred SET failures = failures + 1 "
                "WHERE tenant = ? AND case_id = ? AND part = ?",
                [(self.tenant.id, exact(case_id), exact(part)) for case_id, part in keys],
            )
        return [
            one
            for one in self.deferred()
            if one.failures == MAX_FAILURES and (one.case_id, one.part) in keys
        ]


def milliseconds() -> int:
    """Return the time of this machine: what tells two readings of a case apart."""
    return time.time_ns() // 1_000_000
