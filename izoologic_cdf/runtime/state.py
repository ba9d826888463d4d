"""What a feed remembers between runs: its tenant, what is finished, what is deferred.

It stands in the library's file, so that a case and the progress it means are committed in one
transaction. Intervals of time are in `coverage`, whose state it is in `tenants`.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from izoologic_cdf.language.fields import UserField
from izoologic_cdf.library.limits import exact, storable, unexact
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case, Miss
from izoologic_cdf.runtime.coverage import Coverage
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, Window, union

# what fails this often through faults of its own is abandoned, until an operator retries it
MAX_FAILURES = 5
# what is deferred is requested by every run in its first hour, then at intervals that grow with
# the time it has failed
_AT_ONCE = 3_600
_SHARE = 8
_MAX_WAIT = DAY
# what stands in place of a cause where the operator leaves a part out
LEFT_OUT = "left out"
# a newer update of what is abandoned is new data, which has all its tries
_DEFER = """
INSERT INTO feed_deferred VALUES
  (:tenant, :case_id, :part, :value, :updated, :since, :until, :cause, :reason, 0, :now, :now,
   :read_at)
ON CONFLICT (tenant, case_id, part) DO UPDATE SET
  failures = CASE WHEN failures >= :most AND excluded.updated > updated THEN 0
    ELSE failures END,
  value = excluded.value, updated = coalesce(excluded.updated, updated),
  since = min(since, excluded.since), until = max(until, excluded.until),
  cause = excluded.cause, reason = excluded.reason, read_at = excluded.read_at,
  first_at = min(first_at, :now),
  next_at = :now + CASE WHEN :now - first_at < :at_once THEN 0
    ELSE min((:now - first_at) / :share, :longest) END
"""
_REMEMBER = """
INSERT INTO feed_case VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, case_id) DO UPDATE SET
  since = coalesce(excluded.since, since), until = coalesce(excluded.until, until),
  read_at = CASE WHEN read_at > ? THEN excluded.read_at ELSE max(read_at, excluded.read_at) END
"""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A case, or a part of one, that could not be fetched, with what is needed to request it.

    `part` is empty for the whole case. `value` is the item as the feed tracked it: ids and dates
    of the list, nothing of its detail. `asked` is the range to request it in. Only a fault that
    lies in the item itself counts as one of its `failures`.
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
    def kind(self) -> str:
        """The part, without what tells it from others of its kind."""
        return self.part.partition("\n")[0]

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"the {self.kind} of case {self.case_id}" if self.kind else f"case {self.case_id}"

    @property
    def abandoned(self) -> bool:
        """Whether runs leave it alone."""
        return self.failures >= MAX_FAILURES

    def is_due(self, now: int) -> bool:
        """Return whether it is time to request it; a time that no clock can have set is now."""
        return self.next_at <= now or self.next_at > now + _MAX_WAIT


class State:
    """The memory of one feed of one tenant; `coverage` has its intervals."""

    def __init__(
        self,
        library: Library,
        feed: str,
        fields: Iterable[UserField],
        values: Mapping[str, Any],
        tenant: str = "",
    ) -> None:
        """Open it. Raises LibraryError."""
        self.tenant = Tenant(library, feed, fields, values, tenant)
        self.coverage = Coverage(library, feed, self.tenant)
        self._library = library
        self._connection = library.connection

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
        """Return whether a newer reading of a case is committed than one that began then."""
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
        """Remember a reading of a case; what an older one missed is no longer missing.

        Call it in the transaction of the case. `read` is the range in which every part of it was
        read; null where one is missing or the case is gone. `misses` are deferred by `defer`.
        Returns whether something had been missing.
        """
        key = (self.tenant.id, exact(case_id))
        found = self._connection.execute(
            "DELETE FROM feed_deferred WHERE tenant = ? AND case_id = ? AND read_at <= ? "
            "AND part NOT IN (SELECT value FROM json_each(?))",
            (*key, read_at, json.dumps([exact(miss.name) for miss in misses])),
        )
        if read is not None:
            known, _ = self.ranges(case_id)
            # of two ranges with a gap between them, the later one counts: the gap is read again
            read = read if known is None else union([read, known])[-1]
        row = (read and read.since, read and read.until, read_at, milliseconds())
        self._connection.execute(_REMEMBER, (*key, *row))
        return found.rowcount > 0

    # --- what is deferred --------------------------------------------------------------------

    def deferred(self) -> list[Deferred]:
        """Return what is still missing, abandoned or not, by case and part."""
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
        self, case: Case, reason: str, cause: str, now: int, *, part: str = "", read_at: int = 0
    ) -> None:
        """Defer a case or a part of it; call it in the transaction of the case.

        The range to request it in only grows, so that a later, shorter run loses nothing.
        """
        self._connection.execute(
            _DEFER,
            {
                "tenant": self.tenant.id, "case_id": exact(case.id or ""), "part": exact(part),
                "value": json.dumps(case.value), "updated": case.updated,
                "since": case.asked.since, "until": case.asked.until,
                "cause": cause, "reason": storable(reason), "now": now, "read_at": read_at,
                "most": MAX_FAILURES, "at_once": _AT_ONCE, "share": _SHARE, "longest": _MAX_WAIT,
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


class SeenCases:
    """The ids that one run has processed, so that a case that is listed again is read once.

    They stand in a temporary table, since a long run has more of them than memory is for. It
    belongs to the library's connection and goes with it; no other process sees it or waits for it.
    """

    def __init__(self, library: Library) -> None:
        """Begin with none. All methods raise LibraryError when there is no room for them."""
        self._library = library
        with library.plain_errors():
            library.connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS seen_case (case_id TEXT PRIMARY KEY) WITHOUT ROWID"
            )
            library.connection.execute("DELETE FROM seen_case")

    def add(self, case_ids: Iterable[str]) -> None:
        """Remember cases."""
        with self._library.plain_errors():
            self._library.connection.execute(
                "INSERT OR IGNORE INTO seen_case SELECT value FROM json_each(?)",
                (json.dumps([exact(case_id) for case_id in case_ids]),),
            )

    def among(self, case_ids: Iterable[str]) -> set[str]:
        """Return those of the cases that are remembered."""
        # SQLite reads the text of JSON as far as its first NUL: `exact` leaves none
        ids = {exact(case_id): case_id for case_id in case_ids}
        with self._library.plain_errors():
            rows = self._library.connection.execute(
                "SELECT case_id FROM seen_case WHERE case_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
            return {ids[case_id] for (case_id,) in rows}


def milliseconds() -> int:
    """Return the time of this machine: what tells two readings of a case apart."""
    return time.time_ns() // 1_000_000
