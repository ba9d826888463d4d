"""An emulated tenant and the schedule of what happens to it, mirrored in the truth beside it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import DAY, OVERLAP, SETTLED
from tests.proof.running import Crash, Planner, Runner
from tests.proof.truth import (
    FOREVER,
    Fact,
    File,
    Incident,
    Leak,
    Message,
    facts_of,
    may,
    must,
    twice,
)
from tests.support.tenants import CLOCK, EMPTY, FeedName, new_library

FEEDS: tuple[FeedName, FeedName] = ("incident", "dlr")
# no case is older, so a backfill from here holds everything
BEGIN = CLOCK - 100 * DAY
HOUR = 3_600
ADDRESSES = (None, "192.0.2.1", "192.0.2.2", "2001:db8::1")
STATUSES = ("Open", "Waiting", "Closed")
Fault = dict[str, Any]


class World:
    """A tenant, its truth, and the library that runs fill."""

    def __init__(
        self, emulator: Emulator, folder: Path, skew: int = 0, *, dated: bool = True
    ) -> None:
        """The server's clock is `skew` seconds ahead of the runs'; `dated` sends its time."""
        self.emulator = emulator
        self.state = emulator.state
        self.skew = skew
        self.now = CLOCK
        # how far the clock of the runs is ahead of what it should be
        self.ahead = 0
        self.incidents: dict[str, Incident] = {}
        self.leaks: dict[str, Leak] = {}
        self.runner = Runner(emulator, new_library(folder / "library.sqlite"))
        self.outcomes: list[str] = []
        # whether some message came without an update of its case
        self.is_quiet = False
        self._dated = dated
        self._counter = 0
        self.state.load(EMPTY)
        self.state.set_options(date_header="clock" if dated else "none")
        self.state.secret_key = "the first secret"
        self.wait(0)

    @property
    def clock(self) -> int:
        """The time of the runs."""
        return self.now + self.ahead

    @property
    def there(self) -> int:
        """The server's time."""
        return self.now + self.skew

    def wait(self, seconds: int) -> None:
        """Let time pass for both sides."""
        self.now += seconds
        self.state.set_clock(self.there)

    def count(self) -> int:
        """Return a number that was not there before."""
        self._counter += 1
        return self._counter

    # what happens at the API

    def open_case(self, age: int) -> None:
        """Open a case so many seconds ago; its row says when."""
        number, at = self.count(), max(self.there - age, BEGIN)
        detail = {
            "url": f"https://{number}.example/",
            "brand": "Example Brand",
            "caseDescription": "Incident",
            "clientRef": None if number % 3 == 0 else f"REF{number}",
            "statusDescription": "Open",
            "upTime": f"{number} hours",
            "progressStage": "Investigation",
            "description": f"Description {number}",
            "ipAddress": ADDRESSES[number % len(ADDRESSES)],
            "webhost": f"Example Hosting {number % 2}",
        }
        case = Incident(f"caSe{number:05}", at, at, detail)
        self.incidents[case.id] = case
        told = {**detail, "addedDate": str(at), "detectionDate": str(at)}
        self.state.put_case(case.id, told, at)

    def change_case(self, index: int, **fields: Any) -> None:
        """Change fields of a case; its row moves to now."""
        case = self._case(index)
        if case is not None:
            fields["upTime"] = f"{self.count()} hours"
            case.change(self.there, **fields)
            self.state.update_case(case.id, **fields)

    def write(
        self, index: int, subject: str, text: str, age: int = 0, quiet: int | None = None
    ) -> None:
        """Write a message so many seconds ago, but not before the case's newest update.

        Only before the first run: a list that was read stays true of the past. A quiet one is so
        many seconds later than that update, or earlier than the case, and does not update it.
        """
        case = self._case(index)
        if case is None:
            return
        at = max(self.there - age, case.updated) if age else self.there
        if quiet is not None:
            self.is_quiet = True
            at = case.updated + quiet if quiet >= 0 else case.opened + quiet
            at = max(min(at, self.there), BEGIN - DAY)
        message = Message(at, subject, text, f"{text}@example.org")
        case.messages.append(message)
        row = {
            "createdOn": str(at),
            "subject": subject,
            "message": text,
            "postedBy": message.posted_by,
            "brand": "Example Brand",
        }
        self.state.add_message(case.id, row)
        if quiet is None:
            case.updated = at
            self.state.update_case(case.id, at)

    def upload(self, index: int, name: str) -> None:
        """Add a file to a case; its row moves to now."""
        case = self._case(index)
        if case is None:
            return
        at = self.there
        if any((file.name, file.at) == (name, at) for file in case.files):
            return
        file = File(at, name, f"file {self.count()}".encode())
        case.files.append(file)
        entry = {"originalFilename": name, "dateUploaded": str(at), "fileToken": "stored"}
        self.state.add_file(case.id, entry, file.content)
        case.updated = at
        self.state.update_case(case.id)

    def remove(self, index: int, *, listed: bool) -> None:
        """Let a case vanish; with `listed` its row stays."""
        case = self._case(index)
        if case is not None:
            case.gone = True
            self.state.remove_case(case.id, listed=listed)

    def leak(self, age: int) -> None:
        """Open a DLR case so many seconds ago."""
        number, at = self.count(), max(self.there - age, BEGIN)
        case = Leak(f"DLR#leaK{number:04}", at, at, "High")
        self.leaks[case.id] = case
        self._add_row(case)
        self.state.put_dlr(case.id, self._told(case), at)

    def leak_more(self, index: int) -> None:
        """Add a row to a DLR case; its row in the list moves to now."""
        if self.leaks:
            case = list(self.leaks.values())[index % len(self.leaks)]
            self._add_row(case)
            case.updated = self.there
            self.state.put_dlr(case.id, self._told(case))

    def _add_row(self, case: Leak) -> None:
        number = self.count()
        row = {
            "email": f"user{number % 4}@example.org",
            "password": f"secret {number}",
            "websiteOrServer": f"{number % 3}.example",
        }
        case.rows.append(row)

    def _told(self, case: Leak) -> dict[str, Any]:
        return {
            "caseId": case.id,
            "trackingID": case.id[4:],
            "severity": case.severity,
            "addedDate": str(case.opened),
            "dataLossRecoveryPrimaryDetail": case.rows[:1],
            "dataLossRecoveryDetail": case.rows[1:],
        }

    def _case(self, index: int) -> Incident | None:
        there = [case for case in self.incidents.values() if not case.gone]
        return there[index % len(there)] if there else None

    # runs

    def carry_out(
        self,
        feed: FeedName,
        planner: Planner,
        crash: Crash | None = None,
        meanwhile: Callable[[int], None] = lambda _: None,
        without: frozenset[str] = frozenset(),
    ) -> Summary | None:
        """Run a feed; null when it crashed. Whether the tenant is the same, its operator knows."""

        def run(*, same_tenant: bool) -> Summary | None:
            return self.runner.run(
                feed,
                planner,
                self.clock,
                crash=crash,
                committed=meanwhile,
                same_tenant=same_tenant,
                without=without,
            )

        summary = run(same_tenant=False)
        if summary is not None and "--same-tenant" in (summary.error or ""):
            summary = run(same_tenant=True)
        self.outcomes.append(summary.outcome if summary is not None else "crashed")
        return summary

    def calm_end(self) -> None:
        """Sync once in calm, check what is promised of that, then fill what lies before."""
        self.state.clear_faults()
        self.ahead = 0
        # rows in the future of the runs' clock are the next run's (F26)
        self.wait(max(self.skew, 0) + 1)
        with self.runner.keep():
            self._synced_twice()

    def _synced_twice(self) -> None:
        if self.is_quiet:
            # nothing announces these messages: what is there of them is there after a run over all
            self._once(FEEDS[0])
            self._carried(FEEDS[0], lambda _: plan.whole(BEGIN - DAY, self.now))
            self.check(*self.incidents.values())
        for feed in FEEDS:
            self._once(feed)
            self._carried(feed, lambda state: plan.sync(state, self.now))
            self._check_synced(feed)
            self._carried(feed, lambda state: plan.backfill(state, BEGIN - DAY, self.now, self.now))
        before = self.check()
        for feed in FEEDS:
            self._carried(feed, lambda state: plan.sync(state, self.now))
        assert self.runner.export() == before, "a second calm sync changed the library"
        self.runner.check_derived()

    def _once(self, feed: FeedName) -> None:
        """What is abandoned, or waits for a later time, is asked for on demand."""
        with self.runner.state(feed) as state:
            waits = any(one.abandoned or not one.is_due(self.now) for one in state.deferred())
        if waits:
            self._carried(feed, lambda _: plan.retry(self.now, frozenset()))

    def _carried(self, feed: FeedName, planner: Planner) -> None:
        summary = self.carry_out(feed, planner)
        assert summary is not None
        assert summary.outcome == "complete", "\n".join([summary.as_text(), *self.runner.said])
        assert not summary.missing

    def _check_synced(self, feed: FeedName) -> None:
        """After a sync everything since its origin is there, but for refused ranges."""
        with self.runner.state(feed) as state:
            origin, refused = state.coverage.origin(), state.coverage.refused()
        assert origin is not None
        cases: Sequence[Incident | Leak] = list(
            self.incidents.values() if feed == "incident" else self.leaks.values()
        )
        due: set[Fact] = set()
        for case in cases:
            # only what is older than any server keeps can be refused for good (I-07)
            old = case.updated <= self.now - 30 * DAY + OVERLAP
            hole = old and any(one.since <= case.updated <= one.until for one in refused)
            if case.updated >= origin and not hole:
                due |= must(case, origin, 0 if self.is_quiet else FOREVER)
        missing = sorted(due - facts_of(json.loads(self.runner.export())["objects"]))
        assert not missing, self._story(f"missing after the sync: {missing}")

    def check(self, *only: Incident | Leak) -> str:
        """Compare the library with the truth, of these cases or of all; return its export."""
        text = self.runner.export()
        objects: list[dict[str, Any]] = json.loads(text)["objects"]
        facts = facts_of(objects)
        cases: list[Incident | Leak] = [*self.incidents.values(), *self.leaks.values()]
        promised = (must(case, *self._promised(case)) for case in only or cases)
        due: set[Fact] = set().union(*promised)
        allowed: set[Fact] = set().union(*(may(case) for case in cases))
        missing, more = sorted(due - facts), sorted(facts - allowed)
        assert not missing, self._story(f"missing: {missing}")
        assert not more, self._story(f"too much: {more}")
        files = [file for case in self.incidents.values() for file in case.files]
        assert not twice(objects, files), self._story("twice")
        return text

    def _promised(self, case: Incident | Leak) -> tuple[int, int]:
        """Return from when to when the messages of a case are there after a run over all of it.

        Those that no update announced are, once one of them was met around the dates of a case.
        """
        if isinstance(case, Leak) or self.knows_of_quiet_messages():
            return 0, FOREVER
        return case.opened - DAY, case.updated + DAY

    def knows_of_quiet_messages(self) -> bool:
        """Return whether messages are known to come without an update, where they must be."""
        with self.runner.state("incident") as state:
            known = state.coverage.is_unannounced()
        # the list takes a moment
        listed = (self.there - SETTLED if self._dated else self.now - OVERLAP) - 2
        telling = any(
            case.opened - DAY <= message.at < case.opened - HOUR
            or case.updated + HOUR < message.at <= min(case.updated + DAY, listed)
            for case in self.incidents.values()
            for message in case.messages
            if not case.gone
        )
        assert known or not telling, self._story("no message was seen to come without an update")
        return known

    def _story(self, what: str) -> str:
        return "\n".join([what, *self.outcomes, *self.runner.said])


# what a schedule is made of
