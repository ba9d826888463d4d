"""Carries out runs over an emulator that may crash or be disturbed on the way."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.library import search
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.state import State
from izoologic_cdf.runtime.summary import Summary
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress
from tests.support.tenants import FeedName, definition, form_values

_HAVING = """
SELECT id FROM object WHERE instr(lower(value) || char(10) || lower(coalesce(description, '')),
  lower(?)) ORDER BY id
"""
# changes of what is replaced that do not begin where the last one ended, or do not end at what is
_UNLINKED = """
SELECT * FROM (
  SELECT object, name, source, old, new, lag(new) OVER values_of AS before,
    lead(old) OVER values_of AS after,
    (SELECT value FROM attribute JOIN term ON term.id = attribute.source AND text = run.source
      WHERE attribute.object = history.object AND attribute.name = history.name) AS now
  FROM history JOIN run ON run.id = run JOIN term ON term.id = name
  WHERE kind = 'attribute' AND text IN ('Status', 'URL', 'Up Time', 'Progress Stage')
  WINDOW values_of AS (PARTITION BY object, name, source ORDER BY history.id))
WHERE old IS NOT before AND before IS NOT NULL OR new IS NOT coalesce(after, now)
"""
Planner = Callable[[State], Plan]


class CrashError(BaseException):
    """The process ends here; nothing may catch it."""


@dataclass(frozen=True)
class Crash:
    """Where a run crashes: before or after its nth commit, from 1."""

    nth: int
    before: bool


class CrashingLibrary(Library):
    """A library whose process dies just before its nth transaction is committed."""

    commits = 0
    crash: Crash | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        outer = not self.connection.in_transaction
        with super().transaction():
            yield
            if outer and self.crash is not None and self.crash.before:
                self.commits += 1
                if self.commits == self.crash.nth:
                    raise CrashError


class Runner:
    """Runs feeds of one tenant into one library file."""

    def __init__(self, emulator: Emulator, path: Path) -> None:
        self.emulator = emulator
        self.path = path
        self.said: list[str] = []
        self._kept: Library | None = None

    def values(self, feed: FeedName) -> dict[str, Any]:
        """Return the user fields of a feed, filled in."""
        (primary,) = definition(feed).primary_feeds
        return form_values(primary, self.emulator)

    def run(
        self,
        feed: FeedName,
        planner: Planner,
        now: int,
        *,
        crash: Crash | None = None,
        committed: Callable[[int], None] = lambda _: None,
        in_flight: int = 2,
        same_tenant: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> Summary | None:
        """Plan and run; null when it crashed. `committed` is told the number of the commit."""
        loaded = definition(feed)
        (primary,) = loaded.primary_feeds
        counter = itertools.count(1)
        values = self.values(feed)

        def after_commit() -> None:
            number = next(counter)
            if crash is not None and not crash.before and number == crash.nth:
                raise CrashError
            committed(number)

        settings = Settings(
            in_flight=in_flight,
            clock=FakeClock(now, stopped=True),
            committed=after_commit,
            same_tenant=same_tenant,
            without=without,
        )
        heard = RecordingProgress()
        with CrashingLibrary.create(self.path) as library:
            state = State(library, primary, values)
            planned = planner(state)
            library.crash = crash
            try:
                run = FeedRun(loaded, primary, values, planned, library, heard, settings)
                return run.run()
            except CrashError:
                return None
            finally:
                self.said += heard.said

    @contextlib.contextmanager
    def keep(self) -> Iterator[None]:
        """Keep the library open for what is read in the block; each run opens it anew."""
        with Library.create(self.path) as library:
            self._kept = library
            try:
                yield
            finally:
                self._kept = None

    @contextlib.contextmanager
    def library(self) -> Iterator[Library]:
        """Open the library to look into it, where it is not kept open."""
        if self._kept is not None:
            yield self._kept
            return
        with Library.create(self.path) as library:
            yield library

    @contextlib.contextmanager
    def state(self, feed: FeedName) -> Iterator[State]:
        """Open what the feed remembers."""
        (primary,) = definition(feed).primary_feeds
        with self.library() as library:
            yield State(library, primary, self.values(feed))

    def check_derived(self) -> None:
        """The index finds what the tables hold, and the kept changes lead to what they hold."""
        with self.library() as library:
            execute = library.connection.execute
            for _ in range(2):
                for word in ("example.org", "UPDATE", "a"):
                    condition, values = search.matching(library.connection, word)
                    query = f"SELECT id FROM object WHERE {condition} ORDER BY id"  # noqa: S608 - ours
                    assert execute(query, values).fetchall() == execute(_HAVING, (word,)).fetchall()
                assert Library.bring_up_to_date(self.path) is None
                assert not search.is_behind(library.connection)
            execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
            assert execute(_UNLINKED).fetchall() == []

    def export(self) -> str:
        """Return the export as text."""
        with self.library() as library:
            return "".join(export(library))
