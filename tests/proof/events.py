"""What can happen to an emulated tenant and to the runs over it, and schedules of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.windows import DAY
from tests.proof.running import Crash, Planner
from tests.proof.world import ADDRESSES, STATUSES, Fault, World
from tests.support.tenants import FeedName


class Step(Protocol):
    """One thing that happens."""

    def happen(self, world: World) -> None:
        """Let it happen."""


@dataclass(frozen=True)
class Open:
    """A case is opened, so many seconds ago."""

    age: int = 0

    def happen(self, world: World) -> None:
        world.open_case(self.age)


@dataclass(frozen=True)
class Rename:
    """A case points to another URL, has another IP address and another brand."""

    case: int = 0

    def happen(self, world: World) -> None:
        number = world.count()
        address = ADDRESSES[1 + number % 3]
        world.change_case(
            self.case,
            url=f"https://{number}.example/",
            ipAddress=address,
            brand=f"Brand {number % 3}",
        )


@dataclass(frozen=True)
class Move:
    """A case gets another status, or is closed."""

    case: int = 0
    status: int = 2

    def happen(self, world: World) -> None:
        world.change_case(self.case, statusDescription=STATUSES[self.status])


@dataclass(frozen=True)
class Write:
    """A message is written, which updates its case, unless it is a quiet one."""

    case: int = 0
    text: str = "b"
    age: int = 0
    quiet: int | None = None

    def happen(self, world: World) -> None:
        world.write(self.case, "Update", self.text, self.age, self.quiet)


@dataclass(frozen=True)
class Upload:
    """A file is added, which updates its case."""

    case: int = 0
    name: str = "evidence.txt"

    def happen(self, world: World) -> None:
        world.upload(self.case, self.name)


@dataclass(frozen=True)
class Remove:
    """A case vanishes, or its detail alone."""

    case: int = 0
    listed: bool = False

    def happen(self, world: World) -> None:
        world.remove(self.case, listed=self.listed)


@dataclass(frozen=True)
class LeakOne:
    """A DLR case is opened, so many seconds ago."""

    age: int = 0

    def happen(self, world: World) -> None:
        world.leak(self.age)


@dataclass(frozen=True)
class LeakMore:
    """A DLR case gets one more row."""

    case: int = 0

    def happen(self, world: World) -> None:
        world.leak_more(self.case)


@dataclass(frozen=True)
class Wait:
    """Time passes, in seconds."""

    seconds: int

    def happen(self, world: World) -> None:
        world.wait(self.seconds)


@dataclass(frozen=True)
class Break:
    """A fault is set: what, where, from the nth call on, how often."""

    fault: str
    endpoint: str | None = None
    case: int | None = None
    nth: int = 1
    count: int | None = 1

    def happen(self, world: World) -> None:
        kind, parameters = FAULTS[self.fault]
        if self.endpoint in (None, "DownloadCaseFile") and kind in ("raw", "truncate"):
            # a file may be a page or short: nothing tells that it is not the one that was due
            return
        names = [*world.incidents, *world.leaks]
        case = names[self.case % len(names)] if names and self.case is not None else None
        world.state.add_fault(
            kind, endpoint=self.endpoint, case=case, nth=self.nth, count=self.count, **parameters
        )


@dataclass(frozen=True)
class Mend:
    """All faults end."""

    def happen(self, world: World) -> None:
        world.state.clear_faults()


@dataclass(frozen=True)
class Rotate:
    """The tenant gets another secret."""

    def happen(self, world: World) -> None:
        world.state.secret_key = f"secret {world.count()}"


@dataclass(frozen=True)
class Jump:
    """The clock of the runs goes wrong by so many seconds, or right again."""

    seconds: int = 0

    def happen(self, world: World) -> None:
        world.ahead = self.seconds


# every one of these makes a call fail; none of them gives wrong data
FAULTS: dict[str, tuple[str, Fault]] = {
    "unavailable": ("status", {"status": 503}),
    "slow down": ("status", {"status": 429, "retry_after": 1}),
    "request timeout": ("status", {"status": 408}),
    "forbidden": ("status", {"status": 403, "body": "html"}),
    "not found": ("status", {"status": 404, "body": "html"}),
    "bad request": ("status", {"status": 400, "body": "problem"}),
    "unknown code": (
        "envelope",
        {"json": {"result": None, "success": False, "message": "broken", "errorCode": "iZOO5000"}},
    ),
    "page": ("raw", {"text": "<html></html>", "content_type": "text/html"}),
    "cut": ("truncate", {"keep": 0.3}),
    "reset": ("reset", {}),
    "revoke": ("revoke", {}),
}

Kind = Literal["run", "sync", "backfill", "retry"]


@dataclass(frozen=True)
class Run:
    """A feed runs; it may crash, and something may happen after one of its commits."""

    kind: Kind = "sync"
    feed: FeedName = "incident"
    days: int = 30
    crash: Crash | None = None
    after: int = 1
    meanwhile: Step | None = None
    without: frozenset[str] = frozenset()

    def happen(self, world: World) -> None:
        now, since = world.clock, world.clock - self.days * DAY
        planners: dict[Kind, Planner] = {
            "run": lambda _: plan.whole(since, now),
            "sync": lambda state: plan.sync(state, now, since),
            "backfill": lambda state: plan.backfill(state, since, now, now),
            "retry": lambda _: plan.retry(now, frozenset()),
        }

        def committed(number: int) -> None:
            if number == self.after and self.meanwhile is not None:
                self.meanwhile.happen(world)

        world.carry_out(self.feed, planners[self.kind], self.crash, committed, self.without)


def replay(
    emulator: Emulator,
    folder: Path,
    schedule: Sequence[Step],
    skew: int = 0,
    *,
    dated: bool = True,
) -> World:
    """Let a schedule happen, end it in calm, and check the library."""
    world = World(emulator, folder, skew, dated=dated)
    for step in schedule:
        step.happen(world)
    world.calm_end()
    return world
