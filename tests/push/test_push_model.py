"""Random schedules of changes, pushes, kills and faults: at the end the platform is the library.

Each schedule is a number; it runs under one reading of what no public source settles.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.library.objects import Reported
from izoologic_cdf.library.store import Library
from izoologic_cdf.platform import Platform
from tests.library.reports import obj, put
from tests.push.conftest import _DEFAULTS
from tests.push.world import CLOCK, DLR, FEED, OTHER, Killed, World, file
from tests.support.tenants import new_library

# every assumption on its own, then several at once
READINGS: list[dict[str, Any]] = [
    {},
    {"login_status": 201},
    {"token_life_seconds": 1},
    {"collections": "plural", "strict_collections": True},
    {"unknown_event_type": "make", "unknown_category": "generic"},
    {"keys": "folded"},
    {"event_key": "title+type+happened_at"},
    {"file_key": "none"},
    {"consume_description": "keep"},
    {"consume_dates": "replace"},
    {"consume_status": "keep"},
    {"consume_attributes": "replace"},
    {"consume_bad_item": "skip"},
    {"consume_bad_item": "report"},
    {"consume_order": "shuffled"},
    {"put_attribute_sources": "replace"},
    {"put_attribute_twin": "refuse"},
    {"default_source": "none"},
    {"source_published": "given"},
    {"error_form": "list"},
    {"page_size": 2, "related_limit": 2},
    {"calls_per_minute": 30},
    {"consume_description": "keep", "consume_attributes": "replace", "consume_order": "shuffled"},
    {"event_key": "title+type+happened_at", "file_key": "none", "consume_dates": "replace"},
    {"put_attribute_twin": "refuse", "put_attribute_sources": "replace", "keys": "folded"},
]
SCHEDULES = 5 * len(READINGS)
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": 3},
    {"kind": "status", "status": 500, "body": "html"},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "revoke"},
]
STATUSES = ["Open", "Progress", "Closed"]


class Schedule:
    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)  # noqa: S311 - schedules, not secrets
        self.day = 10
        # what the other source has reported: kind, object, attribute
        self.theirs: list[tuple[str, int, str]] = []
        # what it has reported before we did: description and status are its own
        self.first: set[tuple[str, int]] = set()

    def run(self) -> None:
        steps = [self.sync, self.sync, self.push, self.kill, self.fault, self.plant, self.plant]
        for _ in range(self.random.randrange(5, 14)):
            self.random.choice(steps)()
        self.world.platform.state.clear_faults()
        for _ in range(3):
            # what a fault has made fail is due again
            if self.world.push().exit_code == 0:
                break
        self.world.check()
        self.check_theirs()
        self.world.platform.state.clear_requests()
        assert self.world.push().sent == 0
        paths = {entry.endpoint for entry in self.world.platform.requests}
        assert paths == {"/token", "/objects"}

    def sync(self) -> None:
        """One case, as a feed reports it, with what belongs to it."""
        draw, number = self.random, self.random.randrange(3)
        self.day += 1
        when = f"2025-08-{draw.randrange(1, 28):02} 10:00:00"
        name = f"CASE{number}"
        rows = [("Status", draw.choice(STATUSES)), ("Brand", draw.choice("AB"))]
        rows += [("URL", f"https://example.com/{draw.randrange(3)}")] * draw.randrange(2)
        kind = {} if number else {"subtype": "Incident", "happened_at": when}
        type_ = "incident" if number else "event"
        case = obj(type_, name, *rows, published_at=when, description=f"d{self.day}", **kind)
        more = [self._part(name, when) for _ in range(draw.randrange(4))]
        relations = [(0, place) for place in range(1, len(more) + 1)]
        put(self.world.library, case, *more, relations=relations, source=FEED)
        if draw.random() < 0.3:
            self._leak()

    def _part(self, name: str, when: str) -> Reported:
        draw = self.random
        match draw.randrange(3):
            case 0:
                value = f"192.0.2.{draw.randrange(2)}"
                rows = [("Hosting", draw.choice("XY"))]
                return obj("indicator", value, *rows, subtype="IP Address", status="Active")
            case 1:
                value = f"note {draw.randrange(3)} - {name}"
                return obj(
                    "note", value, description=f"text {draw.randrange(3)}", published_at=when
                )
        content = draw.choice([None, b"one", b"two"])
        key = f"{name} {draw.randrange(2)}"
        held = None if content is None else file(content)
        return obj("attachment", f"file {draw.randrange(2)}.txt", key=key, content=held)

    def _leak(self) -> None:
        mail = f"user{self.random.randrange(3)}@example.com"
        account = obj("account", mail, ("Password", f"p{self.random.randrange(3)}"))
        address = obj("indicator", f"192.0.2.{self.random.randrange(2)}", subtype="IP Address")
        put(self.world.library, account, address, relations=[(0, 1)], source=DLR)

    def push(self) -> None:
        self.world.push()

    def kill(self) -> None:
        try:
            at = self.random.randrange(1, 40)
            self.world.push(kill_at=at, answered=self.random.random() < 0.5)
        except Killed:
            pass

    def fault(self) -> None:
        fault = self.random.choice(FAULTS)
        path = self.random.choice(
            ["/*/consume", "/*/query", "/attachments*", "/*/*/attributes*", "/*"]
        )
        nth = self.random.randrange(1, 4)
        given = {name: value for name, value in fault.items() if name != "kind"}
        self.world.platform.state.add_fault(fault["kind"], path=path, nth=nth, **given)

    def check_theirs(self) -> None:
        """Whatever the other source has reported is still there, as its own."""
        snapshot = self.world.platform.snapshot()
        for code, number, status in self.theirs:
            (row,) = (one for one in snapshot[code] if one["id"] == number)
            assert OTHER in row["sources"]
            kept = [
                by for name, value, by in row["attributes"] if (name, value) == ("Status", status)
            ]
            assert kept
            assert OTHER in kept[0]
            if (code, number) in self.first:
                assert row["description"] == "theirs"
                assert row.get("status_name") in (None, "Review")

    def plant(self) -> None:
        """Another source reports the same objects, or some that look alike."""
        draw = self.random
        status = draw.choice([*STATUSES, "Seen"])
        told = {"name": "Status", "value": status}
        item = {"sources": [OTHER], "attributes": [told], "description": "theirs"}
        match draw.randrange(3):
            case 0:
                item |= {"value": f"CASE{draw.randrange(1, 3)}"}
                code, number = "incident", self.world.platform.plant("incident", item)
            case 1:
                item |= {"value": f"192.0.2.{draw.randrange(2)}", "type": "IP Address"}
                item |= {"status": "Review"}
                code, number = "indicator", self.world.platform.plant("indicators", item)
            case _:
                when = f"2025-08-{draw.randrange(1, 28):02} 10:00:00"
                item |= {"title": "CASE0", "type": "Incident", "happened_at": when}
                code, number = "event", self.world.platform.plant("events", item)
        if self.world.platform.state.options.consume_attributes == "replace":
            # it replaces its own
            self.theirs = [one for one in self.theirs if one[:2] != (code, number)]
        self.theirs.append((code, number, status))
        (row,) = (one for one in self.world.platform.snapshot()[code] if one["id"] == number)
        if row["sources"] == [OTHER]:
            self.first.add((code, number))


@pytest.fixture(scope="module")
def shared() -> Iterator[Platform]:
    with Platform(install=["account"]) as platform:
        yield platform


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_the_platform_is_the_library_after_any_schedule(
    shared: Platform, tmp_path: Path, seed: int
) -> None:
    reading = READINGS[seed % len(READINGS)]
    shared.state.set_clock(CLOCK)
    shared.state.set_options(**{**_DEFAULTS, **reading})
    shared.state.reset()
    with Library.create(new_library(tmp_path / "library.sqlite")) as library:
        Schedule(World(library, shared), seed).run()
