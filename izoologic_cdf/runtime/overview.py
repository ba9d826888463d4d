"""How a library stands: what is finished and what is missing of each feed and tenant, and its runs.

Nothing here writes. All that one function returns was so at one moment.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import LEFT_OUT, Level, Message
from izoologic_cdf.runtime.message_kinds import Kind, MessageKinds
from izoologic_cdf.runtime.state import Deferred, read_deferred
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window, stamp, subtract, union

_RUNS = """
SELECT run.id, source, since, until, started_at, finished_at, outcome, run.tenant, host, name
FROM run LEFT JOIN feed_tenant ON feed_tenant.id = run.tenant
"""
_COUNTS = """
SELECT run, name, sum(count) FROM (
  SELECT created_run AS run, 'created' AS name, count(*) AS count FROM object GROUP BY created_run
  UNION ALL SELECT modified_run, 'changed', count(*) FROM object
    WHERE modified_run != created_run GROUP BY modified_run
  UNION ALL SELECT run, level || 's', count(*) FROM run_message GROUP BY run, level)
GROUP BY run, name
"""
_ERRORS = "SELECT run, text FROM run_message WHERE level = 'error' ORDER BY id"
_OBJECTS = "SELECT type, count(*) FROM object GROUP BY type ORDER BY type"
_TENANTS = "SELECT id, feed, host, name, origin FROM feed_tenant ORDER BY feed, id"


@dataclass(frozen=True, slots=True)
class FeedOfTenant:
    """A feed of one tenant; `host` is null where the library does not know it."""

    feed: str
    host: str | None
    name: str = ""

    @property
    def label(self) -> str:
        """Host and name of the tenant."""
        return (self.host or "unknown tenant") + (f" ({self.name})" if self.name else "")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as the library keeps it; times as `YYYY-MM-DD HH:MM:SS` UTC.

    `outcome` and `ended` are null for a run that goes on, or was killed. `counts` are objects that
    it created, objects whose last change is its own, and its messages by level, as far as the
    library still has them.
    """

    number: int
    of: FeedOfTenant
    tenant: int | None
    since: str
    until: str
    started: str
    ended: str | None
    outcome: str | None
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Standing:
    """How far one feed of one tenant is; `error` is what ended its last run, if anything did.

    `finished` was read. `gaps` were requested, or belong to what `sync` keeps, and were not read.
    `too_old` is what the server does not give. `missing` is retried by runs or abandoned,
    `left_out` are the parts of cases that the operator did without. `in_future` tells that a run
    under a wrong clock finished what has not come yet, so that nothing is known of what it skipped.
    """

    of: FeedOfTenant
    last_run: RunRecord | None = None
    error: str | None = None
    finished_until: int | None = None
    finished: list[Window] = field(default_factory=list)
    gaps: list[Window] = field(default_factory=list)
    too_old: list[Window] = field(default_factory=list)
    missing: list[Deferred] = field(default_factory=list)
    left_out: int = 0
    in_future: bool = False

    @property
    def in_order(self) -> bool:
        """Whether nothing is missing but what is abandoned or too old for the server."""
        awaited = self.gaps or any(not one.abandoned for one in self.missing)
        return not (awaited or self.in_future)


@dataclass(frozen=True, slots=True)
class Overview:
    """How a library stands: its bytes on disk, its objects by type, its feeds; `now` in seconds."""

    size: int
    objects: dict[str, int]
    standings: list[Standing]
    now: int

    @property
    def in_order(self) -> bool:
        """Whether every feed of every tenant is in order."""
        return all(one.in_order for one in self.standings)


def read_overview(library: Library, now: int) -> Overview:
    """Return how a library stands; `now` is the time in epoch seconds.

    Raises:
        LibraryError: it cannot be read, or is of a version that did not keep this.
    """
    files = [library.path.with_name(library.path.name + end) for end in ("", "-wal")]
    size = sum(file.stat().st_size for file in files if file.exists())
    with library.reading() as connection:
        _check(connection, library)
        objects = dict(connection.execute(_OBJECTS))
        standings = list(_standings(connection, now))
        last_runs = {one.last_run.number: one for one in standings if one.last_run is not None}
        _count(connection, [one.last_run for one in standings if one.last_run is not None])
        for number, text in connection.execute(_ERRORS):
            if number in last_runs:
                last_runs[number].error = text
        return Overview(size, objects, standings, now)


def read_runs(library: Library, limit: int) -> list[RunRecord]:
    """Return the last runs, newest first. Raises LibraryError as `read_overview` does."""
    with library.reading() as connection:
        _check(connection, library)
        records = list(_runs(connection, "ORDER BY run.id DESC LIMIT ?", limit))
        _count(connection, records)
        return records


def read_run(library: Library, number: int) -> tuple[RunRecord, list[Kind]]:
    """Return one run and its messages by kind, errors and failures first.

    Raises:
        LibraryError: as `read_overview` does, and where there is no such run.
    """
    with library.reading() as connection:
        _check(connection, library)
        records = list(_runs(connection, "WHERE run.id = ?", number))
        if not records:
            (last,) = connection.execute("SELECT max(id) FROM run").fetchone()
            known = f"its last run is {last}" if last else "it has none yet"
            raise LibraryError(f"the library {library.path} has no run {number}: {known}")
        _count(connection, records)
        kinds = MessageKinds()
        order: list[Level] = ["error", "failure", "warning"]
        for level in order:
            rows = connection.execute(
                "SELECT case_id, text FROM run_message WHERE run = ? AND level = ? ORDER BY id",
                (number, level),
            )
            for case, text in rows:
                kinds.add(Message(level, case, text))
        return records[0], list(kinds)


def _check(connection: sqlite3.Connection, library: Library) -> None:
    """Raise LibraryError for format 1, which kept no tenants and no messages."""
    known = "SELECT 1 FROM sqlite_schema WHERE name = 'feed_tenant'"
    if connection.execute(known).fetchone() is None:
        raise LibraryError(
            f"the library {library.path} was written by an earlier version, which kept too little "
            "for this: the next run of a feed brings it up to date"
        )


def _runs(connection: sqlite3.Connection, which: str, *values: int) -> Iterator[RunRecord]:
    for number, source, since, until, started, ended, outcome, tenant, host, name in (
        connection.execute(_RUNS + which, values)
    ):  # fmt: skip
        of = FeedOfTenant(source, host, name or "")
        yield RunRecord(number, of, tenant, since, until, started, ended, outcome)


def _count(connection: sqlite3.Connection, records: Iterable[RunRecord]) -> None:
    wanted = {one.number: one for one in records}
    names = ("created", "changed", "warnings", "failures", "errors")
    for one in wanted.values():
        one.counts.update(dict.fromkeys(names, 0))
    for number, name, count in connection.execute(_COUNTS):
        if number in wanted:
            wanted[number].counts[name] = count


def _standings(connection: sqlite3.Connection, now: int) -> Iterator[Standing]:
    """Yield the tenants by feed, and the runs that ended before they knew theirs."""
    runs: dict[tuple[str, int | None], list[RunRecord]] = {}
    for record in _runs(connection, "ORDER BY run.id"):
        runs.setdefault((record.of.feed, record.tenant), []).append(record)
    finished_of_feed: dict[str, list[Window]] = {}
    for tenant, feed, host, name, origin in connection.execute(_TENANTS).fetchall():
        own = runs.pop((feed, tenant), [])
        finished, refused = (_intervals(connection, tenant, k) for k in ("finished", "refused"))
        finished_of_feed.setdefault(feed, []).extend(finished)
        standing = Standing(FeedOfTenant(feed, host, name), own[-1] if own else None)
        standing.finished = finished
        if finished:
            standing.finished_until = finished[-1].until
            standing.in_future = finished[-1].until > now + OVERLAP
        asked = list(_asked(own, now))
        if origin is not None and finished:
            asked.append(Window(origin, finished[-1].until))
        standing.gaps = subtract(asked, [*finished, *refused])
        standing.too_old = subtract(refused, finished)
        for one in read_deferred(connection, tenant):
            if one.cause == LEFT_OUT:
                standing.left_out += 1
            else:
                standing.missing.append(one)
        if own or finished or standing.missing:
            yield standing
        # a login that failed before this tenant was known says nothing any more
        if own:
            without = runs.get((feed, None), [])
            runs[feed, None] = [one for one in without if one.number > own[-1].number]
    for (feed, _), records in sorted(runs.items(), key=lambda item: item[0][0]):
        gaps = subtract(_asked(records, now), finished_of_feed.get(feed, []))
        if records and (gaps or feed not in finished_of_feed):
            yield Standing(FeedOfTenant(feed, None), records[-1], gaps=gaps)


def _asked(records: Iterable[RunRecord], now: int) -> Iterator[Window]:
    """Yield what runs were to read, except those that may still be under way.

    Nothing of a run's last minutes counts as finished, whatever it was to read.
    """
    for one in records:
        if one.ended is not None or one.started < stamp(now - DAY):
            latest = _epoch(one.started) - OVERLAP - 1
            yield Window(_epoch(one.since), min(_epoch(one.until), latest))


def _intervals(connection: sqlite3.Connection, tenant: int, kind: str) -> list[Window]:
    rows = connection.execute(
        "SELECT since, until FROM feed_interval WHERE tenant = ? AND kind = ?", (tenant, kind)
    )
    return union(Window(since, until) for since, until in rows)


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
