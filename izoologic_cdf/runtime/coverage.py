"""Which intervals of a feed are finished, which are too old for the server, where it all began.

A list shows a case at its newest update alone, and parts of it can be older. So each finished
interval remembers since when the ranged parts of its cases were requested.
"""

from collections.abc import Iterable
from datetime import datetime

from izoologic_cdf.library.limits import storable
from izoologic_cdf.runtime.tenants import Tenant
from izoologic_cdf.runtime.windows import DAY, NEVER, OVERLAP, Window, stamp, subtract, union

_FINISHED, _REFUSED = "finished", "refused"
# the latest second that the state speaks of
_LATEST = """
SELECT max(at) FROM (
  SELECT until AS at FROM feed_interval WHERE tenant = :tenant AND kind = :kind AND until >= since
  UNION ALL SELECT until FROM feed_case WHERE tenant = :tenant
  UNION ALL SELECT origin FROM feed_tenant WHERE id = :tenant)
"""


class Coverage:
    """The intervals of one feed of one tenant; none for a tenant that the library does not know.

    Nothing but `Tenant.prove` may write before it.
    """

    def __init__(self, tenant: Tenant) -> None:
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
        with self._tenant.library.transaction():
            row = self._insert(_FINISHED, Window(window.since, window.since - 1), read_since)
            self._growing = (row, window, read_since)

    def grow(self, until: int) -> None:
        """Let the interval that was begun end here; call it in the transaction of the case."""
        row, window, read_since = self._growing
        grown = self._tenant.execute(
            "UPDATE feed_interval SET until = max(until, :until) "
            "WHERE id = :row AND since = :since AND tenant = :tenant AND kind = :kind",
            row=row, since=window.since, until=until, kind=_FINISHED,
        )  # fmt: skip
        # another run of this feed may have joined the intervals meanwhile, and removed the row
        if not grown.rowcount:
            row = self._insert(_FINISHED, Window(window.since, until), read_since)
            self._growing = (row, window, read_since)

    def finish(self, until: int) -> None:
        """End the interval that was begun, and join it with its neighbours."""
        with self._tenant.library.transaction():
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
        with self._tenant.library.transaction():
            self._insert(_REFUSED, window)

    def _rows(self, kind: str) -> list[tuple[Window, int]]:
        rows = self._tenant.execute(
            "SELECT since, until, messages_since FROM feed_interval "
            "WHERE tenant = :tenant AND kind = :kind",
            kind=kind,
        )
        return [(Window(since, until), read) for since, until, read in rows]

    def _replace(self, intervals: Iterable[tuple[Window, int]]) -> None:
        delete = "DELETE FROM feed_interval WHERE tenant = :tenant AND kind = :kind"
        self._tenant.execute(delete, kind=_FINISHED)
        for window, read_since in intervals:
            self._insert(_FINISHED, window, read_since)

    def _insert(self, kind: str, window: Window, read_since: int = 0) -> int:
        made = self._tenant.execute(
            "INSERT INTO feed_interval (tenant, kind, since, until, messages_since) "
            "VALUES (:tenant, :kind, :since, :until, :read_since)",
            kind=kind, since=window.since, until=window.until, read_since=read_since,
        )  # fmt: skip
        return int(made.lastrowid or 0)

    # --- where it began, and how far it reaches ----------------------------------------------

    def origin(self) -> int | None:
        """Return from when on scheduled runs keep everything; null before the first of them."""
        row = self._tenant.execute("SELECT origin FROM feed_tenant WHERE id = :tenant").fetchone()
        return None if row is None else row[0]

    def begin_at(self, origin: int) -> None:
        """Remember from when on scheduled runs keep everything, unless another run has."""
        update = "UPDATE feed_tenant SET origin = coalesce(origin, :origin) WHERE id = :tenant"
        self._tenant.execute(update, origin=origin)

    def reach(self) -> int:
        """Return the greatest age, in seconds, that the server has given a list for."""
        row = self._tenant.execute("SELECT reach FROM feed_tenant WHERE id = :tenant").fetchone()
        return 0 if row is None else row[0]

    def extend_reach(self, age: int) -> None:
        """Remember that the server has given a list of that age."""
        update = "UPDATE feed_tenant SET reach = max(reach, :age) WHERE id = :tenant"
        self._tenant.execute(update, age=age)

    def is_unannounced(self) -> bool:
        """Return whether messages of this tenant are known to come without an update (`guard`)."""
        row = self._tenant.execute("SELECT unannounced FROM feed_tenant WHERE id = :tenant")
        return bool(row.fetchone() == (1,))

    def set_unannounced(self) -> bool:
        """Remember it, in the transaction of what shows it; return whether that is new."""
        update = "UPDATE feed_tenant SET unannounced = 1 WHERE id = :tenant AND NOT unannounced"
        return self._tenant.execute(update).rowcount > 0

    # --- a clock that was ahead --------------------------------------------------------------

    def believed_until(self, now: int) -> int | None:
        """Return up to when the state can be believed; null where none of it lies in the future.

        A run under a clock that is ahead counts time as finished that has not come yet. When that
        clock went wrong is not known: what is believed ends with the last run before now, and a
        month ago at the latest.
        """
        (latest,) = self._tenant.execute(_LATEST, kind=_FINISHED).fetchone()
        if (latest or 0) <= now + OVERLAP:
            return None
        (started,) = self._tenant.execute(
            "SELECT max(started_at) FROM run WHERE started_at <= :now "
            "AND (tenant = :tenant OR tenant IS NULL AND source = :feed)",
            feed=storable(self._tenant.feed), now=stamp(now),
        ).fetchone()  # fmt: skip
        last = datetime.fromisoformat(f"{started}+00:00").timestamp() if started else 0
        return min(int(last), now - 30 * DAY)

    def believe_until(self, until: int, now: int) -> None:
        """Forget what is later, so that it is requested again."""
        with self._tenant.library.transaction():
            self._replace(
                (Window(window.since, min(window.until, until)), read)
                for window, read in self._rows(_FINISHED)
                if window.since <= min(window.until, until)
            )
            for statement in (
                # within its second as well, another update may have been taken for read
                "UPDATE feed_case SET updated = NULL WHERE tenant = :tenant AND until > :until",
                "UPDATE feed_case SET until = :until WHERE tenant = :tenant AND until > :until",
                "UPDATE feed_tenant SET origin = :until WHERE id = :tenant AND origin > :now",
            ):
                self._tenant.execute(statement, until=until, now=now)
