"""What a feed remembers between runs: finished intervals, messages read, cases set aside.

Kept in tables of its own in the library's file, so that a case and the progress it means are
committed in one transaction. Per feed and tenant; a tenant is told by a salted hash of what the
administrator must enter (host and keys), which can't be turned back.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from izoologic_cdf.language.fields import UserField
from izoologic_cdf.library.limits import storable
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.intervals import subtract, union
from izoologic_cdf.runtime.windows import Window

# a case that failed this often is given up, until somebody asks for it
MOST_FAILURES = 5
_HASH_ROUNDS = 20_000
_FINISHED, _REFUSED, _ORIGIN = "finished", "refused", "origin"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS feed_salt (salt TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS feed_interval (
      id INTEGER PRIMARY KEY, feed TEXT NOT NULL, tenant TEXT NOT NULL,
      kind TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
      messages_since INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS feed_set_aside (
      feed TEXT NOT NULL, tenant TEXT NOT NULL, case_id TEXT NOT NULL,
      value TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
      reason TEXT NOT NULL, failures INTEGER NOT NULL,
      PRIMARY KEY (feed, tenant, case_id))""",
    """CREATE TABLE IF NOT EXISTS feed_messages_read (
      feed TEXT NOT NULL, tenant TEXT NOT NULL, case_id TEXT NOT NULL,
      since INTEGER NOT NULL, until INTEGER NOT NULL,
      PRIMARY KEY (feed, tenant, case_id)) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A case that failed, with what is needed to do it again.

    `value` is the item as the feed tracked it: ids and dates of the list, nothing of its detail.
    `asked` is the range in which its messages are asked for.
    """

    case_id: str
    value: Any
    asked: Window
    reason: str
    failures: int

    @property
    def given_up(self) -> bool:
        """Whether runs leave it alone."""
        return self.failures >= MOST_FAILURES


class State:
    """The memory of one feed of one tenant."""

    def __init__(
        self, library: Library, feed: str, fields: Iterable[UserField], values: Mapping[str, Any]
    ) -> None:
        """Open it; the tables are made where they are missing. Raises LibraryError."""
        self._library = library
        self._connection = library.connection
        with library.transaction():
            for table in _TABLES:
                self._connection.execute(table)
        told = [str(values.get(f.name)) for f in fields if f.required and not f.boolean]
        self._key = (feed, self._tenant(told))
        # the interval that grows while its cases are committed: its row, its begin, its messages
        self._growing = (0, 0, 0)

    def _tenant(self, told: list[str]) -> str:
        row = self._connection.execute("SELECT salt FROM feed_salt").fetchone()
        if row is None:
            row = (secrets.token_hex(16),)
            with self._library.transaction():
                self._connection.execute("INSERT INTO feed_salt VALUES (?)", row)
        digest = hashlib.pbkdf2_hmac(
            "sha256",
            json.dumps(told).encode("utf-8", "surrogatepass"),
            bytes.fromhex(row[0]),
            _HASH_ROUNDS,
        )
        return digest.hex()[:16]

    # --- intervals ---------------------------------------------------------------------------

    def finished(self, since: int | None = None) -> list[Window]:
        """Return the intervals of which every case is in the library or set aside.

        With `since` only those of whose cases the messages since then were asked for too: a list
        tells a case at its newest update alone, so nothing else finds the messages before.
        """
        known = {begin for begin in self._begins() if since is None or begin <= since}
        return union(window for begin in known for window in self._intervals(_FINISHED, begin))

    def refused(self) -> list[Window]:
        """Return the intervals that the server refused to give."""
        return self._intervals(_REFUSED)

    def origin(self) -> int | None:
        """Return from when on `sync` keeps everything; null before its first run."""
        found = self._intervals(_ORIGIN)
        return found[0].since if found else None

    def has_other_tenants(self) -> bool:
        """Tell whether the library remembers this feed under another host or other keys."""
        found = self._connection.execute(
            "SELECT 1 FROM feed_interval WHERE feed = ? AND tenant <> ? LIMIT 1", self._key
        )
        return found.fetchone() is not None

    def begin_at(self, origin: int) -> None:
        """Remember from when on `sync` keeps everything."""
        with self._library.transaction():
            self._insert(_ORIGIN, Window(origin, origin))

    def begin(self, window: Window, messages_since: int = 0) -> None:
        """Begin an interval that grows by `reach`; its cases' messages are read since then."""
        with self._library.transaction():
            row = self._insert(_FINISHED, Window(window.since, window.since - 1), messages_since)
            self._growing = (row, window.since, messages_since)

    def reach(self, until: int) -> None:
        """Let the interval that was begun end here; call it in the transaction of the case."""
        row, since, messages = self._growing
        grown = self._connection.execute(
            "UPDATE feed_interval SET until = max(until, ?) WHERE id = ? AND since = ? "
            "AND feed = ? AND tenant = ? AND kind = ?",
            (until, row, since, *self._key, _FINISHED),
        )
        # another run of this feed may have joined the intervals meanwhile, and taken the row away
        if not grown.rowcount:
            row = self._insert(_FINISHED, Window(since, until), messages)
            self._growing = (row, since, messages)

    def finish(self, until: int) -> None:
        """End the interval that was begun, and join it with its neighbours."""
        with self._library.transaction():
            self.reach(until)
            # what was read with more messages needs no mention of less
            joined = [
                (window, begin)
                for begin in self._begins()
                for window in subtract(self._intervals(_FINISHED, begin), self.finished(begin - 1))
            ]
            self._connection.execute(
                "DELETE FROM feed_interval WHERE feed = ? AND tenant = ? AND kind = ?",
                (*self._key, _FINISHED),
            )
            for window, begin in joined:
                self._insert(_FINISHED, window, begin)

    def refuse(self, window: Window) -> None:
        """Remember that the server refused an interval."""
        with self._library.transaction():
            self._insert(_REFUSED, window)

    def _begins(self) -> list[int]:
        """Return since when messages were read in finished intervals: each begin once, sorted."""
        rows = self._connection.execute(
            "SELECT DISTINCT messages_since FROM feed_interval "
            "WHERE feed = ? AND tenant = ? AND kind = ? ORDER BY messages_since",
            (*self._key, _FINISHED),
        )
        return [begin for (begin,) in rows]

    def _intervals(self, kind: str, messages_since: int = 0) -> list[Window]:
        rows = self._connection.execute(
            "SELECT since, until FROM feed_interval "
            "WHERE feed = ? AND tenant = ? AND kind = ? AND messages_since = ?",
            (*self._key, kind, messages_since),
        )
        return union(Window(since, until) for since, until in rows)

    def _insert(self, kind: str, window: Window, messages_since: int = 0) -> int:
        made = self._connection.execute(
            "INSERT INTO feed_interval (feed, tenant, kind, since, until, messages_since) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (*self._key, kind, window.since, window.until, messages_since),
        )
        return int(made.lastrowid or 0)

    # --- cases set aside -----------------------------------------------------------------------

    def set_aside(self) -> list[SetAside]:
        """Return the cases that failed and are not done yet, given up or not, by id."""
        rows = self._connection.execute(
            "SELECT case_id, value, since, until, reason, failures FROM feed_set_aside "
            "WHERE feed = ? AND tenant = ? ORDER BY case_id",
            self._key,
        )
        return [
            SetAside(case_id, json.loads(value), Window(since, until), reason, failures)
            for case_id, value, since, until, reason, failures in rows
        ]

    def put_aside(self, case_id: str, value: Any, asked: Window, reason: str) -> SetAside:
        """Set a case aside, or count one more failure; call it in the transaction of the case.

        The range of messages only grows, so that none is lost by a later, shorter run.
        """
        case_id = storable(case_id)
        known = {one.case_id: one for one in self.set_aside()}.get(case_id)
        if known is not None:
            since, until = min(known.asked.since, asked.since), max(known.asked.until, asked.until)
            asked = Window(since, until)
        failures = known.failures + 1 if known else 1
        record = SetAside(case_id, value, asked, reason, failures)
        self._connection.execute(
            "INSERT OR REPLACE INTO feed_set_aside VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(*self._key, case_id, json.dumps(value)),
                *(asked.since, asked.until, storable(reason), failures),
            ),
        )
        return record

    def done(self, case_id: str, read: Window | None = None) -> None:
        """Forget that a case was set aside; call it in the transaction of the case.

        `read` is the range in which its messages were read; null for a case that is gone.
        """
        case_id = storable(case_id)
        self._connection.execute(
            "DELETE FROM feed_set_aside WHERE feed = ? AND tenant = ? AND case_id = ?",
            (*self._key, case_id),
        )
        if read is None:
            return
        known = self.messages_read(case_id)
        # of two ranges with a gap between them, the later one counts: the gap is asked for again
        kept = read if known is None else union([read, known])[-1]
        self._connection.execute(
            "INSERT OR REPLACE INTO feed_messages_read VALUES (?, ?, ?, ?, ?)",
            (*self._key, case_id, kept.since, kept.until),
        )

    def messages_read(self, case_id: str) -> Window | None:
        """Return the range in which every message of a case was read; null for none."""
        row = self._connection.execute(
            "SELECT since, until FROM feed_messages_read "
            "WHERE feed = ? AND tenant = ? AND case_id = ?",
            (*self._key, storable(case_id)),
        ).fetchone()
        return Window(*row) if row else None
