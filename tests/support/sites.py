"""A tenant whose emulator and runs share one clock, and whose library outlives its runs."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from izoologic_cdf.emulator import Emulator, Scenario
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.http import Limits
from izoologic_cdf.runtime.plan import Plan
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.state import Deferred, State
from izoologic_cdf.runtime.windows import DAY, Window
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress
from tests.support.tenants import (
    EMPTY,
    FeedName,
    Object,
    Outcome,
    definition,
    form_values,
    new_library,
)

HOUR = 3_600
IN_FLIGHT = 4
Planner = Callable[[State], Plan]


class Site:
    """One feed of one tenant, run again and again into one library."""

    def __init__(
        self,
        emulator: Emulator,
        folder: Path,
        scenario: Scenario = EMPTY,
        feed: FeedName = "incident",
        *,
        load: bool = True,
    ) -> None:
        self.emulator = emulator
        self.state = emulator.state
        if load:
            self.state.load(scenario)
        self.library = folder / "site.sqlite"
        self.feed: FeedName = feed
        # what the runs are configured with
        self.url, self.key, self.secret = emulator.url, emulator.api_key, emulator.secret_key
        self.tenant = ""
        # how far the clock of the runs is ahead of the emulator's, in seconds
        self.ahead = 0

    @property
    def now(self) -> int:
        """The time of the emulator and of the runs."""
        return self.state.clock

    @property
    def values(self) -> dict[str, Any]:
        """The user fields of the feed, filled in."""
        (primary,) = definition(self.feed).primary_feeds
        given = {"api_host": self.url, "api_key": self.key, "api_secret": self.secret}
        return form_values(primary, self.emulator, **given)

    def _opened(self) -> Library:
        if not self.library.exists():
            new_library(self.library)
        return Library.create(self.library)

    @contextlib.contextmanager
    def remembered(self) -> Iterator[State]:
        """Open what the feed remembers."""
        (primary,) = definition(self.feed).primary_feeds
        with self._opened() as library:
            yield State(library, primary, self.values, self.tenant)

    @property
    def finished(self) -> list[Window]:
        """The finished intervals."""
        with self.remembered() as state:
            return state.coverage.finished()

    @property
    def deferred(self) -> list[Deferred]:
        """What waits for its next try."""
        with self.remembered() as state:
            return state.deferred()

    @property
    def text(self) -> str:
        """The export of the library."""
        with self._opened() as library:
            return "".join(export(library))

    def note_values(self) -> list[str]:
        """The values of all notes in the library, sorted."""
        objects: list[Object] = json.loads(self.text)["objects"]
        return [one["value"] for one in objects if one["type"] == "note"]

    def case_values(self) -> set[str]:
        """The ids of all cases in the library."""
        objects: list[Object] = json.loads(self.text)["objects"]
        return {one["value"] for one in objects if one["type"] == "incident"}

    def carry_out(
        self,
        planner: Planner,
        *,
        limits: Limits | None = None,
        committed: Callable[[], None] = lambda: None,
        **of_run: Any,
    ) -> Outcome:
        """Plan and run."""
        (primary,) = definition(self.feed).primary_feeds
        heard = RecordingProgress()
        settings = Settings(
            IN_FLIGHT,
            limits or Limits(),
            FakeClock(self.now + self.ahead, stopped=True),
            committed,
            tenant=self.tenant,
            **of_run,
        )
        with self._opened() as library:
            planned = planner(State(library, primary, self.values, self.tenant))
            run = FeedRun(
                definition(self.feed), primary, self.values, planned, library, heard, settings
            )
            summary = run.run()
            return Outcome(summary, heard.said, "".join(export(library)), self.library)

    def run(self, since: int, until: int | None = None, **how: Any) -> Outcome:
        """Ask for a range."""
        return self.carry_out(lambda _: plan.whole(since, until or self.now + self.ahead), **how)

    def backfill(self, since: int, until: int | None = None, **how: Any) -> Outcome:
        """Ask for what of a range is not finished."""
        now = self.now + self.ahead
        return self.carry_out(lambda s: plan.backfill(s, since, until or now, now), **how)

    def sync(self, since: int | None = None, **how: Any) -> Outcome:
        """Carry out the scheduled run."""
        now = self.now + self.ahead
        return self.carry_out(lambda state: plan.sync(state, now, since), **how)

    def retry(self, *cases: str, **how: Any) -> Outcome:
        """Ask for deferred cases at once."""
        now = self.now + self.ahead
        return self.carry_out(lambda _: plan.retry(now, frozenset(cases)), **how)

    def planned(self, state: State, since: int) -> Plan:
        """Return the plan of a first sync that begins at a time."""
        return plan.sync(state, self.now, since)

    def attribute(self, case_id: str, name: str) -> list[str]:
        """Return the values of an attribute of a case in the library."""
        objects: list[Object] = json.loads(self.text)["objects"]
        (case,) = [o for o in objects if (o["type"], o["value"]) == ("incident", case_id)]
        return [one["value"] for one in case["attributes"] if one["name"] == name]

    def fill(self, *case_ids: str, updated: int | None = None) -> None:
        """Add cases, each with one message a minute before its update and one file."""
        when = updated or self.now
        for case_id in case_ids:
            detail = {
                "url": f"https://{case_id.lower()}.example.com",
                "statusDescription": "Open",
                "addedDate": str(when - DAY),
                "detectionDate": str(when - DAY),
            }
            self.state.put_case(case_id, detail, when)
            self.state.add_message(case_id, {"subject": "Hello", "createdOn": str(when - 60)})
            self.state.add_file(case_id, {"originalFilename": f"{case_id}.txt"}, case_id.encode())

    def asked(self, endpoint: str) -> list[dict[str, Any]]:
        """Return what one endpoint was asked for: query and body, in order."""
        return [
            {**request.query, **(request.body or {})}
            for request in self.emulator.requests
            if request.endpoint == endpoint
        ]

    def lists_asked(self) -> list[int]:
        """Return the begins of the lists that were asked for, in order."""
        return [int(one["lastsyncntime"]) for one in self.asked("CaseSync")]
