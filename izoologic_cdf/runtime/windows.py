"""Windows of a run and their arithmetic: whole seconds, both bounds inclusive.

Windows do not overlap, so that no row falls into two.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DAY = 86_400
# what the clocks of two machines may differ by, in seconds: a scheduled run begins this long before
# the last finished point, since a case can also change while it is read (F26, F27)
OVERLAP = 600
# nothing that a feed asks for is older: 2000-01-01T00:00:00Z
EARLIEST = 946_684_800


@dataclass(frozen=True, order=True, slots=True)
class Window:
    """A range of epoch seconds; `since` and `until` both belong to it."""

    since: int
    until: int

    def joined(self, other: "Window") -> "Window":
        """Return the range of both and of what lies between them."""
        return Window(min(self.since, other.since), max(self.until, other.until))


# the window of what is asked for in none
NEVER = Window(0, -1)


def windows(since: int, until: int, days: int) -> Iterator[Window]:
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


def reach(since: int, until: int, days: int) -> int:
    """Return the earliest begin that takes no more windows of `days` days than `since` does."""
    span = days * DAY
    first, end = since - since % DAY, until - until % DAY + DAY
    count = max(1, -(-(end - first) // span))
    return min(since, max(0, end - count * span))


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
    for gap in union(taken):
        left = [rest for part in left for rest in _without(part, gap)]
    return left


def _without(part: Window, gap: Window) -> list[Window]:
    if gap.until < part.since or part.until < gap.since:
        return [part]
    sides = (Window(part.since, gap.since - 1), Window(gap.until + 1, part.until))
    return [side for side in sides if side.since <= side.until]
