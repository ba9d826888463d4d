"""What a feed remembers between runs: finished ranges (`coverage`), cases read, what is deferred.

Kept in the library's file, so that a case and the progress it means are committed in one
transaction, and per tenant (`tenants`).
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from izoologic_cdf.language.fields import UserField
from izoologic_cdf.library.limits import exact, storable, unexact
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Miss
from izoologic_cdf.runtime.coverage import Coverage
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, Window, union

# what failed so often by itself is abandoned, until somebody asks for it
MAX_FAILURES = 5
# what is deferred is asked for by every run in its first hour, then at a distance that grows with
# the time that it has failed
_AT_ONCE = 3_600
_SHARE = 8
_LONGEST = DAY
# how the state calls the cause of what the operator leaves out
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


class State(Coverage):
    """The memory of one feed of one tenant: which ranges are finished, and what of their cases."""

    def __init__(
        self,
        library: Library,
        feed: str,
        fields: Iterable[UserField],
        values: Mapping[str, Any],
        tenant: str = "",
    ) -> None:
        """Open it. Raises LibraryError."""
        super().__init__(library, feed, Tenant(library, feed, fields, values, tenant))

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
                "most": MAX_FAILURES, "at_once": _AT_ONCE, "share": _SHARE, "longest": _LONGEST,
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
