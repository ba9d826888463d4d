"""What a feed remembers between runs: its tenant, what is finished, what is deferred.

It stands in the library's file, so that a case and the progress it means are committed in one
transaction. Intervals of time are in `coverage`, whose state it is in `tenants`.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from izoologic_cdf.language import model
from izoologic_cdf.library import views
from izoologic_cdf.library.limits import escape, storable, unescape
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import SHORT, Case, Miss
from izoologic_cdf.runtime.coverage import Coverage
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, Window, union

MAX_FAILURES = views.MAX_FAILURES
# what is deferred is requested by every run in its first hour, then at intervals that grow with
# the time it has failed
_AT_ONCE = 3_600
_SHARE = 8
_MAX_WAIT = DAY
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
INSERT INTO feed_case
VALUES (:tenant, :case_id, :since, :until, :read_at, :updated, :asked, :item)
ON CONFLICT (tenant, case_id) DO UPDATE SET
  since = coalesce(excluded.since, since), until = coalesce(excluded.until, until),
  updated = excluded.updated,
  asked = CASE WHEN excluded.since IS NULL THEN asked ELSE excluded.asked END,
  item = CASE WHEN excluded.since IS NULL THEN item ELSE excluded.item END,
  read_at = CASE WHEN read_at > :now THEN excluded.read_at ELSE max(read_at, excluded.read_at) END
"""
_DEFER_SHORT = """
INSERT INTO feed_deferred
  SELECT tenant, case_id, :part, item, updated, since, asked, :cause, :reason, 0, :now, :now,
    read_at
  FROM feed_case WHERE tenant = :tenant AND item IS NOT NULL
ON CONFLICT (tenant, case_id, part) DO UPDATE SET
  since = min(since, excluded.since), until = max(until, excluded.until), cause = excluded.cause
"""
_RANGES = """
SELECT known.since, known.until, missed.since, missed.until
FROM (
  SELECT min(since) AS since, max(until) AS until FROM feed_deferred
  WHERE tenant = :tenant AND case_id = :case_id
) AS missed
LEFT JOIN feed_case AS known
  ON known.tenant = :tenant AND known.case_id = :case_id AND known.since <= known.until
"""
_FORGET_SHORT = """
UPDATE feed_case SET item = NULL, asked = NULL WHERE tenant = :tenant AND item IS NOT NULL
"""


class Deferred(NamedTuple):
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
        self, library: Library, feed: model.Feed, values: Mapping[str, Any], tenant: str = ""
    ) -> None:
        """Open it; `values` are those of the feed's user fields. Raises LibraryError."""
        self.tenant = Tenant(library, feed, values, tenant)
        self.coverage = Coverage(self.tenant)

    def ranges(self, case_id: str) -> tuple[Window | None, Window | None]:
        """Return the range in which all of a case was read, and that which a failure missed."""
        read_since, read_until, since, until = self.tenant.execute(
            _RANGES, case_id=escape(case_id)
        ).fetchone()
        read = None if read_since is None else Window(read_since, read_until)
        return read, None if since is None else Window(since, until)

    def is_stale(self, case_id: str, read_at: int) -> bool:
        """Return whether a newer reading of a case is committed than one that began then."""
        # a reading in the future was made under a wrong clock
        found = self.tenant.execute(
            "SELECT 1 FROM feed_case WHERE tenant = :tenant AND case_id = :case_id "
            "AND read_at > :read_at AND read_at <= :now",
            case_id=escape(case_id), read_at=read_at, now=milliseconds(),
        )  # fmt: skip
        return found.fetchone() is not None

    def done(
        self,
        case_id: str,
        read_at: int,
        read: Window | None,
        misses: Iterable[Miss] = (),
        *,
        updated: int | None = None,
        short: tuple[int, Any] | None = None,
    ) -> bool:
        """Remember a reading of a case; what an older one missed is no longer missing.

        Call it in the transaction of the case. `read` is the range in which every part of it was
        read; null where one is missing or the case is gone. `misses` are deferred by `defer`.
        `updated` is the update that was read for good. `short` is up to when messages were due,
        and the item, where fewer were requested (`guard`). Returns whether something had been
        missing.
        """
        reading = {"case_id": escape(case_id), "read_at": read_at}
        found = self.tenant.execute(
            "DELETE FROM feed_deferred WHERE tenant = :tenant AND case_id = :case_id "
            "AND read_at <= :read_at AND part NOT IN (SELECT value FROM json_each(:missing))",
            missing=json.dumps([escape(miss.name) for miss in misses]), **reading,
        )  # fmt: skip
        if read is not None:
            row = self.tenant.execute(
                "SELECT since, until, asked, item FROM feed_case "
                "WHERE tenant = :tenant AND case_id = :case_id AND since <= until",
                case_id=reading["case_id"],
            ).fetchone()
            if row is not None:
                known = Window(*row[:2])
                short = _still_short(read, known, row[2:], short)
                # of two ranges with a gap between them, the later one counts: the gap is read again
                read = union([read, known])[-1]
        since, until = (None, None) if read is None else (read.since, read.until)
        asked, item = (None, None) if short is None else (short[0], json.dumps(short[1]))
        self.tenant.execute(
            _REMEMBER, since=since, until=until, updated=updated, asked=asked, item=item,
            now=milliseconds(), **reading,
        )  # fmt: skip
        return found.rowcount > 0

    def unchanged(
        self, updates: Mapping[str, int], since: int, without: frozenset[str]
    ) -> set[str]:
        """Return the cases of which nothing is to be read: all was, with that update, since then.

        What is deferred of a case is to be read, unless the operator does without it.
        """
        ids = {escape(case_id): case_id for case_id in updates}
        rows = self.tenant.execute(
            "SELECT case_id, updated FROM feed_case WHERE tenant = :tenant AND since <= :since "
            "AND updated IS NOT NULL AND case_id IN (SELECT value FROM json_each(:ids))",
            since=since, ids=json.dumps(list(ids)),
        )  # fmt: skip
        same = {ids[name] for name, updated in rows if updated == updates[ids[name]]}
        if not same:
            return same
        return same - {one.case_id for one in self.deferred() if one.kind not in without}

    # --- what is deferred --------------------------------------------------------------------

    def deferred(self) -> list[Deferred]:
        """Return what is still missing, abandoned or not, by case and part."""
        return read_deferred(self.tenant.library.connection, self.tenant.id)

    def defer(
        self, case: Case, reason: str, cause: str, now: int, *, part: str = "", read_at: int = 0
    ) -> None:
        """Defer a case or a part of it; call it in the transaction of the case.

        The range to request it in only grows, so that a later, shorter run loses nothing.
        """
        self.tenant.execute(
            _DEFER,
            case_id=escape(case.id or ""), part=escape(part), value=json.dumps(case.value),
            updated=case.updated, since=case.asked.since, until=case.asked.until, cause=cause,
            reason=storable(reason), now=now, read_at=read_at, most=MAX_FAILURES,
            at_once=_AT_ONCE, share=_SHARE, longest=_MAX_WAIT,
        )  # fmt: skip

    def defer_short(self, part: str, reason: str, now: int) -> int:
        """Defer what is short of all cases (`guard`); return of how many.

        Call it in the transaction that finds out.
        """
        count = self.tenant.execute(
            _DEFER_SHORT, part=escape(part), cause=SHORT, reason=reason, now=now
        ).rowcount
        self.tenant.execute(_FORGET_SHORT)
        return count

    def count_failures(self, failed: Iterable[tuple[str, str]]) -> list[Deferred]:
        """Count one failure of each of these (case id, part); return those that it abandons."""
        keys = {(case_id, part) for case_id, part in failed}
        if not keys:
            return []
        with self.tenant.library.transaction():
            for case_id, part in keys:
                self.tenant.execute(
                    "UPDATE feed_deferred SET failures = failures + 1 "
                    "WHERE tenant = :tenant AND case_id = :case_id AND part = :part",
                    case_id=escape(case_id), part=escape(part),
                )  # fmt: skip
        return [
            one
            for one in self.deferred()
            if one.failures == MAX_FAILURES and (one.case_id, one.part) in keys
        ]


def _still_short(
    read: Window,
    known: Window,
    before: tuple[int | None, str | None],
    short: tuple[int, Any] | None,
) -> tuple[int, Any] | None:
    """Return what is short of a case that was read before, and is read again."""
    asked, item = before
    if asked is None or item is None:
        return short
    if short is not None:
        return max(asked, short[0]), short[1]
    return None if read.holds(Window(known.since, asked)) else (asked, json.loads(item))


def read_deferred(connection: sqlite3.Connection, tenant: int | None) -> list[Deferred]:
    """Return what is missing of a tenant, abandoned or not, by case and part."""
    rows = connection.execute(
        "SELECT case_id, part, value, updated, since, until, cause, reason, failures, next_at "
        "FROM feed_deferred WHERE tenant = ? ORDER BY case_id, part",
        (tenant,),
    )
    return [
        Deferred(
            unescape(case_id), unescape(part), json.loads(value), updated, Window(since, until),
            *rest,
        )
        for case_id, part, value, updated, since, until, *rest in rows
    ]  # fmt: skip


class SeenCases:
    """The cases that one run has processed, so that one that is listed again is read once.

    They stand in a temporary table, since a long run has more of them than memory is for. It
    belongs to the library's connection and goes with it; no other process sees it or waits for it.
    """

    def __init__(self, library: Library) -> None:
        """Begin with none. All methods raise LibraryError when there is no room for them."""
        self._library = library
        with library.plain_errors():
            library.connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS seen_case "
                "(case_id TEXT PRIMARY KEY, updated INTEGER) WITHOUT ROWID"
            )
            library.connection.execute("DELETE FROM seen_case")

    def add(self, cases: Mapping[str, int | None]) -> None:
        """Remember cases by id, each with its update in epoch seconds; null where it has none."""
        rows = [(escape(case_id), updated) for case_id, updated in cases.items()]
        with self._library.plain_errors():
            self._library.connection.execute(
                "INSERT OR REPLACE INTO seen_case "
                "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)",
                (json.dumps(rows),),
            )

    def among(self, case_ids: Iterable[str]) -> dict[str, int | None]:
        """Return those of the cases that are remembered, with their updates."""
        # SQLite reads the text of JSON as far as its first NUL: `escape` leaves none
        ids = {escape(case_id): case_id for case_id in case_ids}
        with self._library.plain_errors():
            rows = self._library.connection.execute(
                "SELECT case_id, updated FROM seen_case "
                "WHERE case_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
            return {ids[case_id]: updated for case_id, updated in rows}


def milliseconds() -> int:
    """Return the time of this machine: what tells two readings of a case apart."""
    return time.time_ns() // 1_000_000
