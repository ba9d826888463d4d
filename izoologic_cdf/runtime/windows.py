"""Time as a run sees it: its clock, and windows of whole seconds, both bounds inclusive.

Windows do not overlap, so that no row falls into two.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

from izoologic_cdf.library import views

DAY = 86_400
OVERLAP = views.OVERLAP
# seconds after which, by the server's own clock, a list shows each update of a second
SETTLED = 60
# nothing that a feed requests is older: 2000-01-01T00:00:00Z
EARLIEST = 946_684_800


class Clock(Protocol):
    """What a run needs of time; tests bring their own."""

    def now(self) -> int:
        """Return the time in epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return int(time.time())

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


# several cases are committed in a second
@lru_cache(maxsize=8)
def stamp(epoch: int) -> str:
    """Return epoch seconds as `YYYY-MM-DD HH:MM:SS`, UTC."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Window(NamedTuple):
    """A range of epoch seconds; `since` and `until` both belong to it."""

    since: int
    until: int

    def __str__(self) -> str:
        return f"{stamp(self.since)} to {stamp(self.until)}"

    def joined(self, *others: "Window") -> "Window":
        """Return the range of all and of what lies between them."""
        all_ = (self, *others)
        return Window(min(one.since for one in all_), max(one.until for one in all_))

    def shared(self, other: "Window") -> "Window":
        """Return the range that both have in common; it is empty where it ends before it begins."""
        return Window(max(self.since, other.since), min(self.until, other.until))

    def holds(self, other: "Window") -> bool:
        """Return whether all of another one lies in this one."""
        return self.since <= other.since and other.until <= self.until


# the window of what is requested in none
NEVER = Window(0, -1)


def split_range(since: int, until: int, days: int) -> Iterator[Window]:
    """Cut a range into windows of at most `days` days, oldest first.

    Every window but the last ends on the last second of a UTC day, and counts from the midnight
    before its begin: a request that snaps its begin to midnight still spans at most `days` days
    (I-08, I-13).
    """
    begin = since
    while begin <= until:
        end = min(begin - begin % DAY + days * DAY - 1, until)
        yield Window(begin, end)
        begin = end + 1


def spread(needed: Window, allowed: Window, days: int) -> Window:
    """Return a range with a margin on both sides that takes no more windows of `days` days.

    What of the margin does not fit into `allowed`, which holds `needed`, goes to the other side.
    """
    first, end = _midnight(needed.since), _midnight(needed.until) + DAY
    margin = (first - end) % (days * DAY)
    before = min(margin // 2 // DAY * DAY, first - _midnight(allowed.since))
    after = min(margin - before, _midnight(allowed.until) + DAY - end)
    before = min(margin - after, first - _midnight(allowed.since))
    return Window(max(allowed.since, first - before), min(allowed.until, end + after - 1))


def _midnight(at: int) -> int:
    return at - at % DAY


def union(parts: Iterable[Window]) -> list[Window]:
    """Return the same seconds as disjoint windows that do not touch, oldest first."""
    merged: list[Window] = []
    for part in sorted(part for part in parts if part.since <= part.until):
        if merged and part.since <= merged[-1].until + 1:
            merged[-1] = merged[-1].joined(part)
        else:
            merged.append(part)
    return merged


def subtract(parts: Iterable[Window], taken: Iterable[Window]) -> list[Window]:
    """Return what of `parts` is in none of `taken`, disjoint, oldest first."""
    left = union(parts)
    for hole in union(taken):
        left = [
            Window(since, until)
            for part in left
            for since, until in (
                (part.since, min(part.until, hole.since - 1)),
                (max(part.since, hole.until + 1), part.until),
            )
            if since <= until
        ]
    return left
