"""Which intervals of a feed are finished, which are too old for the server, where it all began.

A list shows a case at its newest update alone, however far back its ranged parts, such as messages,
were read. So each finished interval remembers since when these were requested.
"""

from collections.abc import Iterable
from datetime import datetime

from izoologic_cdf.library.limits import storable
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, NEVER, OVERLAP, Window, stamp, subtract, union

_FINISHED, _REFUSED = "finished", "refused"


class Coverage:
    """The intervals of one feed of one tenant; none for a tenant that the library does not know.

    Nothing but `Tenant.prove` may write before it.
    """

    def __init__(self, library: Library, feed: str, tenant: Tenant) -> None:
        self._library = library
        self._connection = library.connection
        self._feed = feed
        self._tenant = tenant
        # the interval that grows while its cases are committed: its row, and since when it was read
        self._growing = (0, NEVER, 0)

    # --- intervals ---------------------------------------------------------------------------

    def finished(self, since: int | None = None) -> list[Window]:
        """Return the intervals of which every case is in the library or deferred.

        With `since`, only those of whose cases the ranged parts since then were requested too.
        """
        rows = self._rows(_FINISHED)
        return union(window for window, read in rows if since is None or read <= since)

    def refused(self) -> list[Window]:
        """Return the intervals that are too old for the server."""
        return union(window for window, _ in self._rows(_REFUSED))

    def begin(self, window: Window, read_since: int = 0) -> None:
        """Begin an interval that grows by `grow`; `read_since` is that of its ranged parts."""
        with self._library.transaction():
            row = self._insert(_FINISHED, Window(window.since, window.since - 1), read_since)
            self._growing = (row, window, read_since)

    def grow(self, until: int) -> None:
        """Let the interval that was begun end here; call it in the transaction of the case."""
        row, window, read_since = self._growing
        grown = self._connection.execute(
            "UPDATE feed_interval SET until = max(until, ?) "
            "WHERE id = ? AND since = ? AND tenant = ? AND kind = ?",
            (until, row, window.since, self._tenant.id, _FINISHED),
        )
        # another run of this feed may have joined the intervals meanwhile, and removed the row
        if not grown.rowcount:
            row = self._insert(_FINISHED, Window(window.since, until), read_since)
            self._growing = (row, window, read_since)

    def finish(self, until: int) -> None:
        """End the interval that was begun, and join it with its neighbours."""
        with self._library.transaction():
            self.grow(until)
            rows = self._rows(_FINISHED)
            # what was read further back needs no mention of less
            self._replace(
                (window, since)
                for since in sorted({read for _, read in rows})
                for window in subtract(
                    (one for one, read in rows if read == since),
                    (one for one, read in rows if read < since),
                )
            )

    def refuse(self, window: Window) -> None:
        """Remember that an interval is too old for the server."""
        with self._library.transaction():
            self._insert(_REFUSED, window)

    def _rows(self, kind: str) -> list[tuple[Window, int]]:
        rows = self._connection.execute(
            "SELECT since, until, messages_since FROM feed_interval WHERE tenant = ? AND kind = ?",
            (self._tenant.id, kind),
        )
        return [(Window(since, until), read) for since, until, read in rows]

    def _replace(self, intervals: Iterable[tuple[Window, int]]) -> None:
        self._connection.execute(
            "DELETE FROM feed_interval WHERE tenant = ? AND kind = ?", (self._tenant.id, _FINISHED)
        )
        for window, read_since in intervals:
            self._insert(_FINISHED, window, read_since)

    def _insert(self, kind: str, window: Window, read_since: int = 0) -> int:
        made = self._connection.execute(
            "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
            "VALUES (?, ?, ?, ?, ?)",
            (self._tenant.id, kind, window.since, window.until, read_since),
        )
        return int(made.lastrowid or 0)

    # --- where it began, and how far it reaches ----------------------------------------------

    def origin(self) -> int | None:
        """Return from when on scheduled runs keep everything; null before the first of them."""
        return self._of_tenant("origin")

    def begin_at(self, origin: int) -> None:
        """Remember from when on scheduled runs keep everything, unless another run has."""
        self._connection.execute(
            "UPDATE feed_tenant SET origin = coalesce(origin, ?) WHERE id = ?",
            (origin, self._tenant.id),
        )

    def reach(self) -> int:
        """Return the greatest age, in seconds, that the server has given a list for."""
        return self._of_tenant("reach") or 0

    def extend_reach(self, age: int) -> None:
        """Remember that the server has given a list of that age."""
        self._connection.execute(
            "UPDATE feed_tenant SET reach = max(reach, ?) WHERE id = ?", (age, self._tenant.id)
        )

    def _of_tenant(self, column: str) -> int | None:
        row = self._connection.execute(
            f"SELECT {column} FROM feed_tenant WHERE id = ?",  # noqa: S608 - a name of ours
            (self._tenant.id,),
        ).fetchone()
        return None if row is None else row[0]

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
            (self._tenant.id, _FINISHED),
        ).fetchone()[0]
        if latest <= now + OVERLAP:
            return None
        (started,) = self._connection.execute(
            "SELECT max(started_at) FROM run WHERE (tenant = ? OR tenant IS NULL AND source = ?) "
            "AND started_at <= ?",
            (self._tenant.id, storable(self._feed), stamp(now)),
        ).fetchone()
        last = datetime.fromisoformat(f"{started}+00:00").timestamp() if started else 0
        return max(0, min(int(last), now - 30 * DAY))

    def believe_until(self, until: int, now: int) -> None:
        """Forget what is later, so that it is requested again."""
        with self._library.transaction():
            self._replace(
                (Window(window.since, min(window.until, until)), read)
                for window, read in self._rows(_FINISHED)
                if window.since <= min(window.until, until)
            )
            self._connection.execute(
                "UPDATE feed_case SET until = ?2 WHERE tenant = ?1 AND until > ?2",
                (self._tenant.id, until),
            )
            self._connection.execute(
                "UPDATE feed_tenant SET origin = ? WHERE id = ? AND origin > ?",
                (until, self._tenant.id, now),
            )
