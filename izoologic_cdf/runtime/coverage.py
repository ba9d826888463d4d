"""Which ranges of a feed are finished, which are too old for the server, and where it all began."""

from collections.abc import Iterable
from datetime import UTC, datetime

from izoologic_cdf.library.limits import storable
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.clock import stamp
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window, subtract, union

_FINISHED, _REFUSED = "finished", "refused"


class Coverage:
    """The intervals of one feed of one tenant; none for a tenant that the library does not know.

    Nothing but `tenant.prove` may write before it.
    """

    def __init__(self, library: Library, feed: str, tenant: Tenant) -> None:
        self.tenant = tenant
        self._library = library
        self._connection = library.connection
        self._feed = feed
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
